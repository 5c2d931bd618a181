"""What one method must be in the limit where its difference to another vanishes."""

import zlib

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from trajectories import run, stream

import optzoo_jax as oz

RNG = np.random.default_rng(5)
STEPS = 60
G = RNG.normal(size=(STEPS, 6))
START = jnp.asarray(RNG.normal(size=6))
RATE = 0.02


def path(tx, g=G, steps=STEPS):
    return run(tx, stream(g), START, steps)


def same(a, b, rtol=1e-12):
    chex.assert_trees_all_close(path(a), path(b), rtol=rtol, atol=1e-14)


def test_no_friction_is_adam():
    """diffGrad on gradients so small that ξ = ½ everywhere is Adam at half the rate."""
    small = G * 1e-14
    half_adam = oz.adam(RATE / 2, eps=0.0)
    np.testing.assert_allclose(path(oz.diffgrad(RATE, eps=0.0), small), path(half_adam, small), rtol=1e-12)
    no_friction = oz.precondition(oz.debiased_ema(0.9), oz.inverse_rms(0.999))
    same(oz.descent(no_friction, RATE), oz.adam(RATE))


def test_adadb_without_speed_up_or_friction_is_adam():
    """With λ = 0 and a constant gradient ξ = 1 from the first step that has a past: Adam."""
    constant = np.tile(G[:1], (STEPS, 1))
    ours, adam = path(oz.adadb(RATE, lam=0.0), constant), path(oz.adam(RATE), constant)
    np.testing.assert_allclose(ours, adam, rtol=1e-12)


@pytest.mark.parametrize(("bounded", "maximum"), [(oz.adabound, ()), (oz.amsbound, (oz.running_max(),))])
def test_no_bounds_are_no_bounds(bounded, maximum):
    """(0, ∞): `authors` is Adam with the correction after the root; `survey` is that over √t."""
    free = {"lower": lambda t: 0.0, "upper": lambda t: jnp.inf}
    authors = oz.chain(
        oz.second_moment(0.999), *maximum, oz.inverse_root(1e-8), oz.debias(0.999, power=-0.5), oz.debias(0.9)
    )
    same(bounded(RATE, **free), oz.descent(oz.precondition(oz.raw_ema(0.9), authors), RATE))
    survey = oz.chain(oz.second_moment(0.999), *maximum, oz.inverse_root())
    annealed = oz.chain(oz.precondition(oz.raw_ema(0.9), survey), oz.anneal())
    same(bounded(RATE, variant="survey", **free), oz.descent(annealed, RATE))


def test_closed_bounds_are_momentum():
    """Where both bounds are α* the rate is α* everywhere: averaged momentum."""
    closed = oz.adabound(RATE, lower=lambda t: 0.05, upper=lambda t: 0.05)
    same(closed, oz.ema_momentum(0.05, bias_correction=False))


def test_radam_becomes_adam():
    """r_t → 1: at b2 = 0.9 the rectification is gone after 200 steps."""
    g = RNG.normal(size=(400, 6))
    step_of = lambda tx: np.diff(path(tx, g, 400), axis=0)[300:]  # noqa: E731
    np.testing.assert_allclose(step_of(oz.radam(RATE, b2=0.9)), step_of(oz.adam(RATE, b2=0.9)), rtol=1e-9)
    early = np.diff(path(oz.radam(RATE, b2=0.9), g, 400), axis=0)[:20]
    assert not np.allclose(early, np.diff(path(oz.adam(RATE, b2=0.9), g, 400), axis=0)[:20], rtol=1e-2)


def test_radam_with_short_memory_is_never_adaptive():
    same(oz.radam(RATE, b2=0.6), oz.ema_momentum(RATE))


def test_amsgrad_is_adam_while_the_moment_grows():
    growing = G * np.exp(0.3 * np.arange(STEPS))[:, None]
    v_hat = np.cumsum(growing**2, axis=0)
    assert np.all(np.diff(v_hat, axis=0) > 0)
    growing = np.sign(G[:1]) * np.exp(0.3 * np.arange(STEPS))[:, None]
    np.testing.assert_allclose(path(oz.amsgrad(RATE), growing), path(oz.adam(RATE), growing), rtol=1e-12)
    assert not np.allclose(path(oz.amsgrad(RATE, b2=0.9)), path(oz.adam(RATE, b2=0.9)))


def test_lookahead_every_step_all_the_way_is_its_inner():
    same(oz.lookahead(oz.adam(RATE), 1, 1.0), oz.adam(RATE))


def test_ranger_is_lookahead_around_radam():
    inner = oz.radam(RATE, 0.95, 0.999, 1e-5, variant="torch", threshold=5.0)
    same(oz.ranger(RATE), oz.lookahead(inner, 6, 0.5), rtol=0)


def test_adamod_without_average_is_adam():
    same(oz.adamod(RATE, b3=0.0), oz.adam(RATE))


def test_adabelief_without_momentum_believes_everything():
    """b1 = 0: m = g, the residual is 0, and s holds the gathered ε alone: ε(1 − b2ᵗ)/(1 − b2)."""
    tx = oz.adabelief(RATE, b1=0.0, b2=0.9, eps_root=1e-10)
    state = tx.init(START)
    for t, g in enumerate(G[:5], start=1):
        _, state = tx.update(jnp.asarray(g), state, START)
        expected = 1e-10 * (1 - 0.9**t) / (1 - 0.9)
        np.testing.assert_allclose(optax.tree.get(state, "nu"), expected, rtol=1e-10)


def test_adamw_without_decay_is_adam():
    same(oz.adamw(RATE, weight_decay=0.0), oz.adam(RATE))
    same(oz.adamw(RATE, weight_decay=None), oz.adam(RATE), rtol=0)


@pytest.mark.parametrize("method", [oz.momentum, oz.nag, oz.ema_momentum])
def test_no_momentum_is_sgd(method):
    same(method(RATE, momentum=0.0), oz.sgd(RATE))


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_with_momentum_is_the_method(nesterov):
    same(oz.sgd(RATE, 0.9, nesterov), (oz.nag if nesterov else oz.momentum)(RATE, 0.9), rtol=0)


@pytest.mark.parametrize("method", [oz.momentum, oz.nag, oz.sgdw])
def test_rate_inside_is_equal_at_a_constant_rate_only(method, standard_promotion):
    same(method(RATE, lr_inside=True), method(RATE))
    falling = optax.cosine_decay_schedule(RATE, STEPS)
    base = {"base_learning_rate": RATE} if method is oz.sgdw else {}
    assert not np.allclose(path(method(falling, lr_inside=True, **base)), path(method(falling, **base)), rtol=1e-3)


def quadratic(p):
    h = jnp.diag(jnp.array([1.0, 3.0, 10.0, 30.0, 0.1, 0.5])) + 0.1
    return 0.5 * p @ h @ p - jnp.sum(p)


@pytest.mark.parametrize("lr_inside", [False, True])
def test_nesterovs_two_forms_are_one(lr_inside):
    """The two-point form, m ← βm + ∇f(φ − αβm), φ ← φ − αm, is `nag` seen through `base_point`."""
    alpha, beta = 0.01, 0.9
    tx = oz.nag(alpha, beta, lr_inside=lr_inside)
    settings = {"learning_rate": 1.0 if lr_inside else alpha, "momentum": beta}
    phi, m = START, jnp.zeros(6)
    theta, state = START, tx.init(START)
    for _ in range(40):
        if lr_inside:
            m = beta * m + alpha * jax.grad(quadratic)(phi - beta * m)
            phi = phi - m
        else:
            m = beta * m + jax.grad(quadratic)(phi - alpha * beta * m)
            phi = phi - alpha * m
        updates, state = tx.update(jax.grad(quadratic)(theta), state, theta)
        theta = optax.apply_updates(theta, updates)
        np.testing.assert_allclose(oz.base_point(theta, state, **settings), phi, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(oz.lookahead_point(phi, state, **settings), theta, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("solver", ["dense", "cg"])
def test_newton_solves_a_quadratic_in_one_step(solver):
    tx = oz.newton(solver=solver)
    updates, _ = tx.update(jax.grad(quadratic)(START), tx.init(START), START, value_fn=quadratic)
    minimum = optax.apply_updates(START, updates)
    np.testing.assert_allclose(jax.grad(quadratic)(minimum), 0, atol=1e-4 if solver == "cg" else 1e-12)


def test_damping_shortens_newtons_step_towards_gradient_descent():
    """(H + μI)⁻¹g → g/μ as μ grows."""
    tx = oz.newton(damping=1e9)
    g = jax.grad(quadratic)(START)
    updates, _ = tx.update(g, tx.init(START), START, value_fn=quadratic)
    np.testing.assert_allclose(updates, -g / 1e9, rtol=1e-6)


def test_moving_average_of_the_worked_example():
    """β = 0.9, first value 40: the average is 4, corrected it is 40."""
    for tx, expected in [(oz.raw_ema(0.9), 4.0), (oz.chain(oz.raw_ema(0.9), oz.debias(0.9)), 40.0)]:
        average, _ = tx.update(jnp.array(40.0), tx.init(jnp.array(0.0)))
        np.testing.assert_allclose(average, expected, rtol=1e-14)


def test_first_gradient_moment_with_correction_shrinks_the_first_step():
    """v₁ = g₁² and then v₁/(1 − b2): the first step is √(1 − b2) = 0.0316 of Adam's."""
    rate = oz.chain(oz.second_moment(0.999, initial="first_gradient"), oz.debias(0.999), oz.inverse_root(1e-8))
    tx = oz.precondition(oz.debiased_ema(0.9), rate)
    step, _ = tx.update(jnp.array(2.0), tx.init(jnp.array(0.0)))
    np.testing.assert_allclose(step, np.sqrt(1 - 0.999), rtol=1e-7)


def test_gradient_noise():
    """Its variance is η/(1+t)^γ; leaves, steps and partition groups differ; one key, one noise."""
    tx = oz.add_gradient_noise(eta=0.5, gamma=0.55, key=7)
    zeros = {"a": jnp.zeros(20_000), "b": jnp.zeros(20_000)}
    state = tx.init(zeros)
    seen = []
    for t in range(3):
        noise, state = tx.update(zeros, state)
        np.testing.assert_allclose(np.var(noise["a"]), 0.5 / (1 + t) ** 0.55, rtol=0.05)
        seen += [noise["a"], noise["b"]]
    correlations = np.corrcoef(np.stack(seen)) - np.eye(6)
    assert np.max(np.abs(correlations)) < 0.05
    again, _ = tx.update(zeros, tx.init(zeros))
    chex.assert_trees_all_equal(again["a"], seen[0])
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(7), 0), zlib.crc32(b"['a']"))
    np.testing.assert_allclose(seen[0], np.sqrt(0.5) * jax.random.normal(key, (20_000,)), rtol=1e-12)


def test_partition_groups_with_one_key_do_not_share_noise():
    zeros = {"a": jnp.zeros(1000), "b": jnp.zeros(1000)}
    groups = {"x": oz.add_gradient_noise(key=0), "y": oz.add_gradient_noise(key=0)}
    tx = optax.partition(groups, {"a": "x", "b": "y"})
    noise, _ = tx.update(zeros, tx.init(zeros))
    assert abs(np.corrcoef(noise["a"], noise["b"])[0, 1]) < 0.2


def test_early_stopping():
    """Stops after `patience` checks without improvement; NaN and too small gains are none; under scan."""
    stopper = oz.early_stopping(patience=2, min_delta=0.1)
    values = jnp.array([1.0, 0.5, 0.45, jnp.nan, 0.3, 0.2])

    def check(state, value):
        state = stopper.update(state, value)
        return state, (state.stop, state.best)

    _, (stops, best) = jax.jit(lambda v: jax.lax.scan(check, stopper.init(), v))(values)
    assert stops.tolist() == [False, False, False, True, True, True]
    np.testing.assert_allclose(best, [1.0, 0.5, 0.5, 0.5, 0.3, 0.3])
