"""Signs, and Adam's later relatives, against their equations in plain NumPy, where every number may be a schedule."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_of_adams_relatives as references
from compilation import AS_IT_COMES
from trajectories import run

import optzoo_jax as oz

STEPS, SHAPE = 25, (3, 4)
NAMES = """lion signum mars_lion mars_adamw nadamw ademamix simplified_ademamix adopt laprop adan adam_atan2
    cautious_adamw cautious_lion cautious_decay_adamw grams grokfast_adamw qhm qhadam padam adamax madgrad
    hyperball_adam adamp""".split()

# A range for every number of every method, in which it matters.
RANGES = {
    "b1": (0.3, 0.95), "b2": (0.5, 0.99), "b3": (0.6, 0.999), "momentum": (0.2, 0.95), "alpha": (0.3, 0.95),
    "eps": (1e-4, 0.1), "gamma": (0.1, 1.0), "lam": (0.5, 2.0), "nu": (0.1, 0.9), "nu1": (0.1, 0.9), "nu2": (0.1, 0.9),
    "a": (0.5, 2.0), "b": (0.5, 2.0), "partial": (0.1, 0.45), "delta": (0.3, 1.5), "wd_ratio": (0.1, 0.9),
}  # fmt: skip
FLAGS = {
    "ademamix": [{}, {"warmup": 12}],
    "adopt": [{}, {"clip": False}],
    "cautious_adamw": [{"variant": "mean"}, {"variant": "plus_one"}],
    "cautious_lion": [{"variant": "plus_one"}, {"variant": "mean"}],
    "adamp": [{"output_axis": 0}, {"output_axis": -1}],
}
CASES = [(name, flags) for name in NAMES for flags in FLAGS.get(name, [{}])]


def gradients(rng):
    """Of noise, with a number that never moves, a step of zeros, and steps that are huge and tiny."""
    g = rng.normal(size=(STEPS, *SHAPE))
    g[:, 0, 0] = 0
    g[9] = 0
    g[4] *= 1e3
    g[14:17] *= 1e-3
    return g


def numbers(rng, name, scheduled):
    """A number for every argument that has a range, as such or as a schedule that moves around it."""
    found = {}
    for argument in inspect.signature(getattr(references, name)).parameters:
        if argument in RANGES:
            low, high = RANGES[argument]
            x, y = rng.uniform(low, high, 2)
            found[argument] = functools.partial(moved, x, y) if scheduled else float(x)
    found["learning_rate"] = functools.partial(warmup, 0.03) if scheduled else 0.03
    return found


def moved(x, y, count):
    """From x to y, and no number of the program."""
    share = jnp.asarray(count, float) / STEPS
    return x + (y - x) * share


def warmup(rate, count):
    """From 0, so that nothing may divide by it."""
    return rate * jnp.minimum(jnp.asarray(count, float) / 5, 1)


def both(name, settings, seed=0, start=None):
    """The parameters after every step, and those that the equations give."""
    rng = np.random.default_rng(seed)
    g, start = gradients(rng), rng.normal(size=SHAPE) if start is None else start
    learning_rate = settings.pop("learning_rate")
    found = run(getattr(oz, name)(learning_rate, **settings), lambda p, t0: jnp.asarray(g)[t0] + 0.3 * p,
                jnp.asarray(start), STEPS, options=AS_IT_COMES)  # fmt: skip
    expected = getattr(references, name)(start, lambda p, t0: g[t0] + 0.3 * p, STEPS, learning_rate, **settings)
    return found, expected.reshape(STEPS, -1)


def decay_of(name, scheduled):
    if name == "hyperball_adam":
        return {}
    return {"weight_decay": functools.partial(moved, 0.1, 0.4) if scheduled else 0.3}


@pytest.mark.parametrize(("name", "flags"), CASES, ids=lambda x: x if isinstance(x, str) else str(x))
def test_equations(name, flags):
    """With every number a schedule, and weight decay."""
    settings = {**numbers(np.random.default_rng(1), name, scheduled=True), **flags, **decay_of(name, scheduled=True)}
    found, expected = both(name, settings)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


MODES = ["l2", "decoupled", "independent", "proximal", "cautious"]


@pytest.mark.tier2
@pytest.mark.parametrize(("mode", "scheduled"), [(None, False), ("decoupled", False), *((m, True) for m in MODES)])
@pytest.mark.parametrize(("name", "flags"), CASES, ids=lambda x: x if isinstance(x, str) else str(x))
def test_drawn_numbers_and_every_decay(name, flags, mode, scheduled):
    if mode and name == "hyperball_adam":
        pytest.skip("its parameters stay on a sphere: it has no decay")
    if mode in ("proximal", "cautious") and name in ("adopt", "madgrad", "adamp"):
        pytest.skip("its equations are written out with the decay that it has in print")
    decay = {**decay_of(name, scheduled), "weight_decay_mode": mode} if mode else {}
    base = {"base_learning_rate": 0.05} if mode == "independent" else {}
    drawn = numbers(np.random.default_rng(3), name, scheduled)
    found, expected = both(name, {**drawn, **flags, **decay, **base}, seed=3)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("mode", ["proximal", "cautious"])
@pytest.mark.parametrize("scheduled", [False, True], ids=["numbers", "schedules"])
def test_ways_to_decay(mode, scheduled):
    """Of Adam, in whose place any other may stand, with a mask."""
    decay = {**decay_of("adan", scheduled), "weight_decay_mode": mode}
    found, expected = both("cautious_decay_adamw", {**numbers(np.random.default_rng(2), "lion", scheduled), **decay})
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.tier2
@pytest.mark.parametrize("name", NAMES)
def test_signature_agrees_with_the_reference(name):
    ours = inspect.signature(getattr(oz, name)).parameters
    theirs = inspect.signature(getattr(references, name)).parameters
    for argument, parameter in theirs.items():
        if argument not in ("p", "grad_fn", "steps", "learning_rate"):
            assert ours[argument].default == parameter.default, argument
    assert set(ours) - set(theirs) <= {"mask", "weight_decay", "weight_decay_mode", "base_learning_rate"}


@pytest.mark.parametrize("name", NAMES)
def test_no_gradient_no_nan(name):
    """Zeros from the first step, a learning rate that starts at 0, and ε = 0, in float32."""
    zero_eps = {"eps": 0.0} if "eps" in inspect.signature(getattr(oz, name)).parameters else {}
    tx = getattr(oz, name)(functools.partial(warmup, 0.1), **zero_eps)
    params = {"w": jnp.zeros(SHAPE, jnp.float32), "b": jnp.asarray([1.0, 0.0], jnp.float32)}
    state = tx.init(params)
    for scale in (0.0, 0.0, 1e-30, 1.0):
        g = jax.tree.map(lambda p, c=scale: jnp.full_like(p, c), params)
        updates, state = jax.jit(tx.update)(g, state, params)
        assert all(np.isfinite(x).all() for x in jax.tree.leaves((updates, state)))


@pytest.mark.parametrize(("p", "g"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_adamp_of_zeros_without_an_epsilon_is_finite(p, g):
    p, g = jnp.full((2, 3), p), jnp.full((2, 3), g)
    tx = oz.adamp(0.1, eps=0.0, weight_decay=0.1)
    assert np.isfinite(tx.update(g, tx.init(p), p)[0]).all()


def test_cautious_decay_of_complex_numbers_knows_no_real_axis(standard_promotion):
    """The step and the parameter agree where the one, divided by the other, has a positive real part."""
    p, g = jnp.asarray([1j, 1j, -1j, 1.0]), jnp.asarray([1j, -1j, 1j, 1.0])
    tx = oz.sgd(1.0, weight_decay=0.5, weight_decay_mode="cautious")
    np.testing.assert_allclose(tx.update(g, tx.init(p), p)[0], [-1.5j, 1j, -1j, -1.5], rtol=1e-12)
