"""One compiled program for many runs does what a plain loop does for each."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.optimize

import optzoo_jax as oz
from optzoo_jax.experiments.data.split import Data, Split
from optzoo_jax.experiments.problems import digits_mlp, logistic
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.training.trainer import checkpoints, trainer


@pytest.fixture(scope="module")
def small():
    return digits_mlp.make(hidden=8)


def plain_loop(problem, tx, seed, steps, batch_size):
    """The same training without vmap, scan or chunks."""
    x, y = problem.data.train
    params = jax.jit(problem.init)(jax.random.key(seed))
    state = tx.init(params)
    grad, update = jax.jit(jax.grad(problem.objective)), jax.jit(tx.update)
    per_epoch = len(y) // batch_size
    for t in range(steps):
        epoch, i = divmod(t, per_epoch)
        rows = np.random.default_rng([seed, epoch]).permutation(len(y))[i * batch_size : (i + 1) * batch_size]
        updates, state = update(grad(params, x[rows], y[rows]), state, params)
        params = optax.apply_updates(params, updates)
    return oz.eval_params(state, params)


def test_many_runs_at_once_equal_a_plain_loop(small):
    """Over an epoch's end, in chunks of which the last is shorter; Lookahead is measured at its slow weights."""

    def make(rate):
        return oz.lookahead(oz.adam(rate), sync_period=7)

    runs = trainer(small, make, steps=30, batch_size=96)([1e-3, 1e-2], [0, 3])
    found = next(run for run in runs if (run["learning_rate"], run["seed"]) == (1e-2, 3))
    params = plain_loop(small, make(1e-2), seed=3, steps=30, batch_size=96)
    expected = {"train_loss": small.objective(params, *small.data.train)}
    for name in ("validation", "test"):
        split = getattr(small.data, name)
        expected |= {f"{name}_{score}": value for score, value in small.measure(params, *split).items()}
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-4), name
    assert found["validation_accuracy_curve"][-1] == found["validation_accuracy"]
    assert len(found["validation_accuracy_curve"]) == len(checkpoints(small, 30)) == 2


def test_all_is_float32(small):
    seen = []

    def make(rate):
        seen.append(rate.dtype)
        return optax.stateless(lambda g, p: jax.tree.map(lambda u: seen.append(u.dtype) or -u, g))

    trainer(small, make, steps=1, batch_size=8)([0.1, 1.0], [0, 3])
    assert set(seen) == {jnp.dtype("float32")}
    assert {leaf.dtype for leaf in jax.tree.leaves(jax.eval_shape(small.init, jax.random.key(0)))} == {
        jnp.dtype("float32")
    }


def test_seeds_are_paired_and_differ(small):
    """With a rate of 0 nothing moves: what is left is where a seed starts."""
    runs = trainer(small, oz.sgd, steps=1, batch_size=8)([0.0, 0.0], [0, 3])
    again = trainer(small, oz.momentum, steps=1, batch_size=8)([0.0, 0.0], [3, 0])
    assert [run["seed"] for run in runs] == [0, 3, 0, 3]
    losses, swapped = ([run["train_loss"] for run in found] for found in (runs, again))
    assert losses == losses[:2] * 2
    assert swapped == losses[1::-1] * 2
    assert losses[0] != losses[1]


def own():
    """Each of 12 examples has a parameter of its own for each of two classes."""
    split = Split(np.eye(12, dtype=np.float32), np.arange(12, dtype=np.int32) % 2)
    return Problem(
        "own",
        "",
        Data(split, split, split),
        init=lambda key: jnp.zeros((12, 2), jnp.float32),
        outputs=lambda params, x: x @ params,
    )


def test_an_epoch_shows_every_example_once():
    """Shown once, each has made the same step."""
    problem = own()
    (run,) = trainer(problem, oz.sgd, steps=4, batch_size=3)([3.0], [5])
    assert run["train_loss"] == pytest.approx(np.log1p(np.exp(-2 * 3.0 * 0.5 / 3)), rel=1e-6)


def test_a_diverged_run_is_marked_and_its_numbers_are_none(small):
    fine, _, diverged, _ = trainer(small, oz.sgd, steps=30, batch_size=64)([0.1, 1e30], [0, 3])
    assert not fine["diverged"]
    assert np.isfinite(fine["train_loss"])
    assert diverged["diverged"]
    for name in ("train_loss", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy"):
        assert diverged[name] is None
    assert diverged["validation_accuracy_curve"] == [None, None]


def test_a_loss_that_recovers_has_diverged_still(small):
    """The second step leads where no loss is finite, the third leads back."""

    def make(rate):
        def update(grads, t, params=None):
            jump = jnp.where(t == 1, 1e30, jnp.where(t == 2, -1e30, 0.0)).astype(jnp.float32)
            return jax.tree.map(lambda g: jnp.full_like(g, jump), grads), t + 1

        return optax.GradientTransformation(lambda params: jnp.zeros((), jnp.int32), update)

    for run in trainer(small, make, steps=5, batch_size=8)([0.1, 1.0], [0, 3]):
        assert run["diverged"]
        assert run["test_loss"] is None


def test_groups_of_rates_share_one_program(small):
    """A group that is not full is filled up: nothing is compiled again, and nothing is left over."""
    built = []

    def make(rate):
        built.append(rate)
        return oz.sgd(rate)

    train = trainer(small, make, steps=2, batch_size=8, rates_at_once=2)
    found = train([0.1, 0.2, 0.3], [0, 3])
    before = len(built)
    assert train([0.2], [0, 3]) == found[2:4]
    assert len(built) == before > 0
    assert [(run["learning_rate"], run["seed"]) for run in found] == [(r, s) for r in (0.1, 0.2, 0.3) for s in (0, 3)]


def test_a_batch_larger_than_the_data_is_an_error(small):
    with pytest.raises(ValueError, match=r"batch_size=5000 is outside \[1, 1169\]"):
        trainer(small, oz.sgd, steps=1, batch_size=5000)


def test_newton_reaches_the_minimum_of_logistic_regression():
    problem = logistic.make(components=6)
    (run,) = trainer(problem, oz.newton, steps=10, batch_size="full")([1.0], [0])
    x, y = (np.asarray(a) for a in problem.data.train)

    def objective(theta):
        w, b = theta[:60].reshape(6, 10), theta[60:]
        z = x.astype(np.float64) @ w + b
        z -= z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        d = (np.exp(log_p) - np.eye(10)[y]) / len(y)
        loss = -log_p[np.arange(len(y)), y].mean() + problem.penalty / 2 * (theta**2).sum()
        return loss, np.concatenate([(x.T @ d).ravel(), d.sum(axis=0)]) + problem.penalty * theta

    least = scipy.optimize.minimize(objective, np.zeros(70), jac=True, method="L-BFGS-B", options={"gtol": 1e-9}).fun
    assert run["train_loss"] == pytest.approx(least, rel=2e-6)
    assert len(run["validation_loss_curve"]) == 10


def test_one_after_the_other_is_the_same_training(small):
    apart = dataclasses.replace(small, together=False)
    done = []
    found = trainer(apart, oz.momentum, steps=50, batch_size=8, on_progress=done.append)([1e-3, 1e-2], [0, 3])
    together = trainer(small, oz.momentum, steps=50, batch_size=8)([1e-3, 1e-2], [0, 3])
    for run, expected in zip(found, together, strict=True):
        assert run.keys() == expected.keys()
        assert all(run[name] == pytest.approx(value, rel=1e-3) for name, value in expected.items())
    assert done == [0.25, 0.5, 0.75, 1]


def test_gradient_noise_is_that_of_the_library_with_a_key_of_the_seed():
    problem = own()
    (run,) = trainer(problem, oz.sgd, steps=4, batch_size=3, gradient_noise=0.01)([0.1], [3])
    (quiet,) = trainer(problem, oz.sgd, steps=4, batch_size=3)([0.1], [3])
    noise = oz.add_gradient_noise(0.01, key=jax.random.fold_in(jax.random.key(3), 0))
    params = plain_loop(problem, oz.chain(noise, oz.sgd(0.1)), seed=3, steps=4, batch_size=3)
    assert run["train_loss"] == pytest.approx(float(problem.objective(params, *problem.data.train)), rel=1e-5)
    assert run["train_loss"] != pytest.approx(quiet["train_loss"], rel=1e-3)


def test_a_stopped_run_keeps_its_numbers_and_others_go_on(small):
    """At a negative rate the loss rises, and is worse at the second measurement than at the first."""
    done = []
    train = trainer(small, oz.sgd, steps=100, batch_size=64, patience=1, on_progress=done.append)
    rises, falls = train([-0.01, 0.1], [0])
    short, _ = trainer(small, oz.sgd, steps=50, batch_size=64)([-0.01, 0.1], [0])
    assert (rises["steps"], falls["steps"]) == (50, 100)
    for name in ("train_loss", "validation_loss", "test_accuracy"):
        assert rises[name] == short[name]
    assert rises["validation_loss_curve"] == short["validation_loss_curve"] + short["validation_loss_curve"][-1:] * 2
    assert done == [0.25, 0.5, 0.75, 1]
    assert [run["steps"] for run in train([-0.01, 0.0], [0])] == [50, 50]
    assert done[4:] == [0.25, 0.5], "training ends when all have stopped"
