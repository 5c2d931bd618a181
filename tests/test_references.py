"""Every method and variant against its equations in plain NumPy, on drawn gradient streams."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references
from compilation import AS_IT_COMES
from hypothesis import given, settings
from hypothesis import strategies as st
from tiers import CLASSICAL
from trajectories import run, stream

import optzoo_jax
from optzoo_jax import card, get, list_optimizers

STEPS, COORDINATES = 30, 4
NAMES = [name for name in list_optimizers(kind="optimizer") if name in CLASSICAL]  # later ones have files of their own

# Beside every method's variants, each at its defaults: the arguments that change a formula.
EXTRA = {
    "sgd": [{"momentum": 0.8}, {"momentum": 0.8, "nesterov": True}],
    "momentum": [{"lr_inside": True}],
    "nag": [{"lr_inside": True}],
    "sgdw": [{"lr_inside": True}],
    "ema_momentum": [{"bias_correction": False}],
    "adagrad": [{"initial_accumulator_value": 0.1, "eps": 1e-7, "eps_root": 0.0}, {"eps_root": 0.0}],
    "rmsprop": [
        {"eps": 1e-8, "eps_root": 0.0},
        {"bias_correction": True, "eps_root": 0.0},
        {"initial": "first_gradient"},
        {"centered": True, "eps": 1e-3},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
    ],
    "adam": [{"bias_correction": False}, {"eps": 0.0}, {"eps": 0.0, "eps_root": 1e-4}],
    "adamw": [{"bias_correction": False}],
    "amsgrad": [{"bias_correction": False, "b2": 0.9}, {"variant": "torch", "bias_correction": False, "b2": 0.9}],
    "nadam": [{"bias_correction": False}, {"momentum_decay": 0.0}, {"variant": "optax", "bias_correction": False}],
    "radam": [{"b2": 0.6}, {"b2": 0.99, "threshold": 5.0}, {"bias_correction": False}],
    "diffgrad": [{"bias_correction": False}],
    "adadb": [{"bias_correction": False}],
    "adabound": [{"gamma": 0.3, "final_learning_rate": 0.02}],
    "amsbound": [{"gamma": 0.3, "final_learning_rate": 0.02, "b2": 0.9}],
    "adamod": [{"b3": 0.5}, {"b3": 0.0}, {"bias_correction": False}],
}
CASES = [
    (name, kwargs)
    for name in NAMES
    for kwargs in [*({"variant": v} for v in card(name).variants or []), *EXTRA.get(name, []), {}]
    if kwargs or not card(name).variants
]


def as_float(t):
    """The step as a float: the equations count in Python integers, the library in int32 arrays."""
    return jnp.asarray(t, float)


SCHEDULES = {
    "constant": {"learning_rate": 0.02, "weight_decay": 0.3},
    # A warm-up from 0: nothing may divide by the first rate.
    "scheduled": {
        "learning_rate": lambda t: 0.005 * as_float(t),
        "weight_decay": lambda t: 0.3 / (1 + as_float(t)),
        "base_learning_rate": 0.02,
    },
}

magnitudes = st.sampled_from([0.0, 1e-30, 1e-8, 1e-3, 1.0, 1e3, 1e30])
shapes = st.sampled_from(["constant", "flips", "noise"])
coordinate = st.tuples(shapes, magnitudes, st.integers(1, STEPS), shapes, magnitudes, st.integers(0, 2**31))
# Two pieces of stream a coordinate, so that gradients jump by any ratio of magnitudes, from and to 0.


def gradients(coordinates):
    columns = []
    for first, size, switch, then, later_size, seed in coordinates:
        rng = np.random.default_rng(seed)
        pieces = {
            "constant": np.full(STEPS, rng.uniform(0.5, 2)),
            "flips": rng.uniform(0.5, 2) * (-1.0) ** np.arange(STEPS),
            "noise": rng.normal(size=STEPS),
        }
        columns.append(np.where(np.arange(STEPS) < switch, size * pieces[first], later_size * pieces[then]))
    return np.stack(columns, axis=1)


@functools.cache
def compiled(name, kwargs):
    """One compiled program a case, whatever the stream."""
    tx = get(name, learning_rate=0.02, **dict(kwargs))
    start = jnp.zeros(COORDINATES)
    return jax.jit(lambda g: run(tx, stream(g), start, STEPS, traced=True), compiler_options=AS_IT_COMES)


def assert_close(found, expected, rtol=1e-10):
    """Equal to rtol of the largest value that the coordinate had so far (a sum may come back to near 0)."""
    scale = np.maximum.accumulate(np.abs(expected), axis=0)
    worst = np.max(np.abs(found - expected) - rtol * scale)
    assert np.all(np.isfinite(found))
    assert worst <= 1e-300, f"off by {worst} more than allowed"


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=lambda x: x if isinstance(x, str) else str(x))
@settings(max_examples=25, deadline=None, derandomize=True)
@given(coordinates=st.lists(coordinate, min_size=COORDINATES, max_size=COORDINATES))
def test_equations(name, kwargs, coordinates):
    g = gradients(coordinates)
    found = np.asarray(compiled(name, tuple(kwargs.items()))(g))
    # From 0, so that the parameters are sums of steps, however small.
    expected = getattr(references, name)(np.zeros(COORDINATES), lambda p, t0: g[t0], STEPS, 0.02, **kwargs)
    assert_close(found, expected)


@pytest.mark.parametrize("setting", SCHEDULES)
@pytest.mark.parametrize("mode", ["l2", "decoupled", "independent"])
@pytest.mark.parametrize("name", NAMES)
def test_weight_decay_and_schedules(name, mode, setting):
    rng = np.random.default_rng(0)
    g, start = rng.normal(size=(8, COORDINATES)), rng.normal(size=COORDINATES)
    settings = {**SCHEDULES[setting], "weight_decay_mode": mode}
    found = run(get(name, **settings), stream(g), jnp.asarray(start), 8)
    expected = getattr(references, name)(start, lambda p, t0: g[t0], 8, **settings)
    assert_close(found, expected)


@pytest.mark.parametrize("inner_state", ["keep", "reset", "pullback"])
@pytest.mark.parametrize("inner", ["momentum", "adam"])
def test_lookahead(inner, inner_state):
    rng = np.random.default_rng(1)
    g, start = rng.normal(size=(STEPS, COORDINATES)), rng.normal(size=COORDINATES)
    settings = {"sync_period": 4, "slow_step_size": 0.3, "inner_state": inner_state}
    tx = optzoo_jax.lookahead(get(inner, learning_rate=0.02), **settings)
    expected = references.lookahead(start, lambda p, t0: g[t0], STEPS, 0.02, inner=inner, **settings)
    assert_close(run(tx, stream(g), jnp.asarray(start), STEPS), expected)


@pytest.mark.parametrize("name", ["adabound", "amsbound"])
@pytest.mark.parametrize("variant", ["authors", "survey"])
def test_bounds_given_as_functions(name, variant):
    rng = np.random.default_rng(2)
    g = rng.normal(size=(STEPS, COORDINATES))
    lower, upper = (lambda t: 0.02 - 0.01 / as_float(t)), (lambda t: 0.02 + 0.1 / as_float(t))
    bounds = {"variant": variant, "lower": lower, "upper": upper}
    tx = get(name, learning_rate=0.02, **bounds)
    expected = getattr(references, name)(np.zeros(COORDINATES), lambda p, t0: g[t0], STEPS, 0.02, **bounds)
    assert_close(run(tx, stream(g), jnp.zeros(COORDINATES), STEPS), expected)


@pytest.mark.parametrize("name", NAMES)
def test_signature_agrees_with_the_reference(name):
    """Names and defaults, as the equations' own file has them."""
    ours = inspect.signature(getattr(optzoo_jax, name)).parameters
    theirs = inspect.signature(getattr(references, name)).parameters
    for argument, parameter in theirs.items():
        if argument in ("p", "grad_fn", "steps", "learning_rate"):
            continue
        assert ours[argument].default == parameter.default, argument
    assert set(ours) - set(theirs) == {"mask"}
