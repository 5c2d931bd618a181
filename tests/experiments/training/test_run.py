"""A compiled run does what a plain loop does, and says where it diverged."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.optimize
from tiny_problems import blobs, examples, line

import optzoo_jax as oz
from optzoo_jax.experiments.problems import logistic
from optzoo_jax.experiments.training.run import checkpoints, program


def by_rate(make):
    return lambda rate, knob: make(rate)


def plain_loop(problem, tx, seed, steps, batch_size):
    """(parameters to evaluate, loss before each step) of the same training without scan, loop or checkpoints."""
    x, y = problem.data.train
    params = jax.jit(problem.init)(jax.random.key(seed))
    state = tx.init(params)
    grad, update = jax.jit(jax.value_and_grad(problem.objective)), jax.jit(tx.update)
    per_epoch = len(y) // batch_size
    losses = []
    for t in range(steps):
        epoch, i = divmod(t, per_epoch)
        rows = np.random.default_rng([seed, epoch]).permutation(len(y))[i * batch_size : (i + 1) * batch_size]
        loss, grads = grad(params, x[rows], y[rows])
        losses.append(float(loss))
        updates, state = update(grads, state, params)
        params = optax.apply_updates(params, updates)
    return oz.eval_params(state, params), losses


@pytest.mark.tier2
def test_a_run_equals_a_plain_loop():
    """Over an epoch's end; Lookahead is measured at its slow weights; the last block of test examples is short."""
    problem = blobs()
    run = program(problem, lambda rate, knob: oz.lookahead(oz.adam(rate, b1=knob), sync_period=7),
                  steps=30, batch_size=50, schedule="cosine")  # fmt: skip
    found = run(1e-2, 0.8, 3)

    def schedule(t):
        return 1e-2 * (1 + jnp.cos(jnp.pi * jnp.asarray(t, jnp.float32) / 30)) / 2

    params, losses = plain_loop(problem, oz.lookahead(oz.adam(schedule, b1=0.8), sync_period=7), 3, 30, 50)
    begins = [0, *run.checkpoints[:-1]]
    means = [np.mean(losses[i:j]) for i, j in zip(begins, run.checkpoints, strict=True)]
    np.testing.assert_allclose(found.train, means, rtol=1e-4)
    outputs = problem.outputs(params, problem.data.validation.x)
    assert found.validation_end == pytest.approx(float(problem.loss(outputs, problem.data.validation.y)), rel=1e-4)
    assert found.validation[-1] == pytest.approx(found.validation_end, rel=1e-5)
    x, y = problem.data.test
    blocks = [float(problem.objective(params, x[i : i + 6], y[i : i + 6])) for i in range(0, 120, 6)]
    np.testing.assert_allclose(found.test_blocks, blocks, rtol=1e-4)
    assert found.test_accuracy == pytest.approx(float(problem.accuracy(problem.outputs(params, x), y)))
    assert found.diverged_at == -1


def test_checkpoints_are_dense_early_and_twenty_at_most():
    assert checkpoints(300)[:6] == [1, 2, 4, 8, 16, 35]
    for steps in (1, 2, 5, 16, 17, 20, 150, 600):
        found = checkpoints(steps)
        assert found == sorted(set(found))
        assert found[0] == 1
        assert found[-1] == steps
        assert len(found) <= 20


def test_all_is_float32():
    seen = []

    def make(rate, knob):
        seen.extend([rate.dtype, knob.dtype])
        return optax.stateless(lambda g, p: jax.tree.map(lambda u: seen.append(u.dtype) or -u, g))

    found = program(blobs(), make, steps=1, batch_size=8, schedule="constant")(0.1, 0.5, 0)
    assert {*seen, *(x.dtype for x in found[:6])} == {jnp.dtype("float32")}


def test_seeds_are_paired_and_differ():
    """With a rate of 0 nothing moves: what is left is where a seed starts and the order of its batches."""
    ours, theirs = (program(blobs(), by_rate(make), steps=3, batch_size=8) for make in (oz.sgd, oz.adam))
    for seed in (0, 3):
        np.testing.assert_array_equal(ours(0.0, 0, seed).train, theirs(0.0, 0, seed).train)
    assert (ours(0.0, 0, 0).train != ours(0.0, 0, 3).train).all()


def test_an_epoch_shows_every_example_once():
    """Shown once, each has made the same step."""
    found = program(examples(), by_rate(oz.sgd), steps=10, batch_size=4, schedule="constant")(4.0, 0, 5)
    assert found.validation_end == pytest.approx(np.log1p(np.exp(-2 * 4.0 * 0.5 / 4)), rel=1e-6)


def test_a_run_stops_where_it_diverges():
    """The rate rises by steps of ten: the loss overflows after some updates, and nothing is measured from there."""

    def rises(rate, knob):
        return oz.sgd(lambda t: 10.0 ** jnp.asarray(t, jnp.float32))

    run = program(line(), rises, steps=30, batch_size="full")
    found, w, t = run(1.0, 0, 0), np.float32(0), 0
    with np.errstate(over="ignore"):
        x, y = line().data.train
        while np.isfinite(np.float32(np.mean((w * x - y) ** 2))):
            w -= np.float32(10.0**t * 2 * np.mean((w * x - y) * x))
            t += 1
    assert found.diverged_at == t
    lost = np.array(run.checkpoints) >= t
    assert lost.any()
    for curve in (found.train, found.validation):
        assert (np.isnan(curve) == lost).all()
    assert np.isnan([found.validation_end, *found.test_blocks, found.test_accuracy]).all()


def test_a_loss_that_recovers_has_diverged_still():
    def make(rate, knob):
        def update(grads, t, params=None):
            jump = jnp.where(t == 4, 1e30, jnp.where(t == 5, -1e30, 0.0)).astype(jnp.float32)
            return jax.tree.map(lambda g: jnp.full_like(g, jump), grads), t + 1

        return optax.GradientTransformation(lambda params: jnp.zeros((), jnp.int32), update)

    found = program(line(), make, steps=10, batch_size="full")(0.1, 0, 0)
    assert found.diverged_at == 5
    assert np.isnan(found.validation_end)


def test_what_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match=r"batch_size=5000 is outside \[1, 120\]"):
        program(blobs(), by_rate(oz.sgd), steps=1, batch_size=5000)
    with pytest.raises(ValueError, match="Did you mean 'cosine'"):
        program(blobs(), by_rate(oz.sgd), steps=1, batch_size=5, schedule="cosin")


def test_newton_reaches_the_minimum_of_logistic_regression():
    problem = logistic.make(components=6)
    found = program(
        problem,
        by_rate(oz.newton),
        steps=10,
        batch_size="full",
        schedule="constant",
        at_the_end=lambda params: problem.objective(params, *problem.data.train),
    )(1.0, 0, 0)
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
    assert found.more == pytest.approx(least, rel=2e-6)


@pytest.mark.tier2
def test_the_text_differs_where_the_numbers_may_and_only_there():
    def text(problem, make, **more):
        return program(problem, make, **{"steps": 12, "batch_size": 20, **more}).text()

    def scaled(by):
        table = np.full(1000, by, np.float32)
        table[500] = 1.0
        return lambda rate, knob: optax.chain(optax.scale(jnp.asarray(table)[499]), optax.sgd(rate))

    one = text(blobs(), by_rate(oz.sgd))
    assert text(blobs(), lambda rate, other_name: oz.sgd(rate)) == one, "a name and a line are none of the numbers"
    others = [
        text(blobs(hidden=5), by_rate(oz.sgd)),
        text(blobs(), by_rate(oz.adam)),
        text(blobs(), by_rate(oz.sgd), batch_size=21),
        text(blobs(), by_rate(oz.sgd), schedule="cosine"),
        text(blobs(), scaled(1.0)),
        text(blobs(), scaled(2.0)),
    ]
    assert len({one, *others}) == 7


def test_the_clock_measures_nothing_and_takes_as_many_steps_as_are_asked_for(monkeypatch):
    run = program(blobs(), by_rate(oz.sgd), steps=12, batch_size=20)
    kept, calls = run.compiled, []
    object.__setattr__(run, "compiled", lambda *arguments: calls.append(kept(*arguments)) or calls[-1])
    run.steps(0.1, 0.0, 7)()
    _, train, validation, *_ = calls[0]
    assert np.isnan(validation).all()
    one = program(blobs(), by_rate(oz.sgd), steps=12, batch_size=20)(0.1, 0.0, 0)
    assert train[0] != one.train[0], "the mean of seven losses"
