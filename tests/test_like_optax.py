"""like.optax has every name of the installed optax, its arguments and, over each of them, its numbers."""

import contextlib
import inspect
import pickle
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from trajectories import run

from optzoo_jax.like import optax as like
from optzoo_jax.like.twin import twin_of

STEPS = 20
RNG = np.random.default_rng(11)
SCALE = {"w": 3.0 ** RNG.normal(size=(3, 4)), "b": 3.0 ** RNG.normal(size=4)}
PARAMS = {"w": jnp.asarray(RNG.normal(size=(3, 4))), "b": jnp.asarray(RNG.normal(size=4))}
GRADIENTS = {name: jnp.asarray(RNG.normal(size=(STEPS, *x.shape)) * x) for name, x in SCALE.items()}
MASK = {"w": True, "b": False}


def cosine(count):
    return 0.05 * (1 + jnp.cos(jnp.pi * jnp.asarray(count, float) / STEPS))


# For every argument of every function that is ours, a value that is no default of it.
MOVED = {
    "learning_rate": cosine,
    "b1": 0.7,
    "b2": 0.95,
    "b3": 0.9,
    "rho": 0.7,
    "decay": 0.7,
    "beta": 0.7,
    "momentum": 0.7,
    "eps": 1e-2,
    "eps_root": 1e-4,
    "threshold": 4.5,
    "initial_accumulator_value": 0.3,
    "initial_scale": 0.3,
    "trust_coefficient": 0.02,
    "min_norm": 20.0,
    "weight_decay": 0.1,
    "smooth_beta": 0.7,
    "mode": "smooth",
    "mask": MASK,
    "weight_decay_mask": MASK,
    "trust_ratio_mask": MASK,
    "mu_dtype": "float32",
    "accumulator_dtype": "float32",
}
# Beside the one that is moved, so that it matters.
BESIDE = {
    "nesterov": {"momentum": 0.6},
    "mask": {"weight_decay": 0.2},
    "weight_decay_mask": {"weight_decay": 0.2},
    "accumulator_dtype": {"momentum": 0.6},
    "smooth_beta": {"mode": "smooth"},
    "flip_sign": {"learning_rate": 0.05},
    "bias_correction": {"eps": 0.02},  # v̂ − m̂² of one gradient is what rounding leaves of 0
}
REQUIRED = {"learning_rate": 0.05, "decay": 0.8, "weight_decay": 0.2}
TAKES_NO_SCHEDULE = ("sm3",)


def arguments(name):
    return inspect.signature(getattr(optax, name)).parameters


def moved(name, parameter):
    if parameter.name == "learning_rate" and name in TAKES_NO_SCHEDULE:
        return 0.02
    return MOVED[parameter.name] if parameter.name in MOVED else not {False: False, True: True}[parameter.default]


def calls(name):
    """The call at the defaults, with each argument moved, and with all numbers moved at once."""
    given = arguments(name)
    required = {p.name: REQUIRED[p.name] for p in given.values() if p.default is p.empty}
    yield "", required
    for p in given.values():
        beside = {k: v for k, v in BESIDE.get(p.name, {}).items() if k in given}
        yield p.name, required | beside | {p.name: moved(name, p)}
    switches = ("dtype", "mode", "smooth_beta", "min_norm")
    numbers = {p.name: moved(name, p) for p in given.values() if not p.name.endswith(switches)}
    yield "all", required | numbers


@contextlib.contextmanager
def as_jax_comes():
    """optax's own functions promote."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def ways(name, call):
    with as_jax_comes():
        return [run(getattr(m, name)(**call), gradient, PARAMS, STEPS) for m in (like, optax)]


def gradient(_, t):
    return {name: g[t] for name, g in GRADIENTS.items()}


def test_every_name_of_optax_is_there_ours_or_its_own():
    for mine, theirs in [(like, optax), (like.contrib, optax.contrib)]:
        names = [name for name in dir(theirs) if not name.startswith("_") and name != "contrib"]
        assert set(mine.ours()) <= set(names)
        for name in names:
            assert name in dir(mine)
            assert (getattr(mine, name) is getattr(theirs, name)) == (name not in mine.ours())


@pytest.mark.parametrize("name", like.ours())
def test_arguments_and_defaults_are_those_of_optax(name):
    assert inspect.signature(getattr(like, name)) == inspect.signature(getattr(optax, name))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("adam", {"learning_rate": cosine, "nesterov": True, "eps_root": 1e-4}),
        ("rmsprop", {"learning_rate": 0.05, "eps_in_sqrt": False, "centered": True, "momentum": 0.7}),
        ("adadelta", {"learning_rate": 0.5, "weight_decay": 0.1, "weight_decay_mask": MASK}),
        ("lars", {"learning_rate": cosine, "weight_decay": 0.1, "trust_ratio_mask": MASK, "nesterov": True}),
    ],
)
def test_numbers_are_those_of_optax(name, call):
    ours, theirs = ways(name, call)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.tier2
@pytest.mark.parametrize("name", like.ours())
def test_every_argument_gives_the_numbers_of_optax(name):
    found = {}
    for what, call in calls(name):
        ours, theirs = ways(name, call)
        found[what] = np.max(np.abs(ours - theirs) / (1 + np.abs(theirs)))
        if what == "":
            plain = theirs
        elif what not in ("all", "mu_dtype", "accumulator_dtype"):
            assert np.max(np.abs(theirs - plain)) > 1e-9, f"{what} changes nothing"
    assert max(found.values()) < 1e-12, found


@pytest.mark.parametrize("name", like.contrib.ours())
def test_arguments_and_defaults_are_those_of_contrib(name):
    assert inspect.signature(getattr(like.contrib, name)) == inspect.signature(getattr(optax.contrib, name))


DISTANCES = {"betas": (0.8, 0.95), "eps": 1e-2, "estim_lr0": 1e-2, "weight_decay": 0.1, "learning_rate": cosine}
IN_CONTRIB = {
    "prodigy": DISTANCES | {"beta3": 0.9, "estim_lr_coef": 0.7, "safeguard_warmup": True},
    "dadapt_adamw": DISTANCES,
}


@pytest.mark.tier2
@pytest.mark.parametrize("name", like.contrib.ours())
def test_every_argument_gives_the_numbers_of_contrib(name):
    moves = IN_CONTRIB[name]
    assert set(moves) == set(inspect.signature(getattr(optax.contrib, name)).parameters)
    numbers = {k: v for k, v in moves.items() if k not in ("beta3", "weight_decay", "safeguard_warmup")}
    for call in [{}, numbers, *({"estim_lr0": 0.1, k: v} for k, v in moves.items())]:
        made = [getattr(m, name)(**call) for m in (like.contrib, optax.contrib)]
        with as_jax_comes():
            ours, theirs = (run(tx, gradient, PARAMS, STEPS) for tx in made)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=str(call))


def a_library():
    class Library:
        __name__ = "library"

        @staticmethod
        def scale(step_size, *, new=False, kind="a"):
            return ("theirs", step_size, new, kind)

    return Library


@pytest.mark.parametrize(
    ("call", "whose"),
    [
        ({}, "ours"),
        ({"kind": "b"}, "ours"),
        ({"new": False}, "ours"),
        ({"new": True}, "theirs"),
        ({"kind": "c"}, "theirs"),
    ],
)
def test_what_ours_does_not_take_is_never_ignored(call, whose):
    """`new` is an argument of a later version; ours declines the kind "c"."""

    def scale(step_size, kind):
        return NotImplemented if kind == "c" else ("ours", step_size, kind)

    made = twin_of(a_library())(scale)(2.0, **call)
    assert made[:2] == (whose, 2.0)


def test_hyperparameters_are_injected_and_functions_pickled():
    """By the names of optax's arguments."""
    tx = like.inject_hyperparams(like.adamw)(learning_rate=0.1, weight_decay=0.2)
    state = tx.init(PARAMS)
    assert {"learning_rate", "weight_decay", "b1"} <= set(state.hyperparams)
    assert np.all(np.isfinite(tx.update(PARAMS, state, PARAMS)[0]["w"]))
    assert pickle.loads(pickle.dumps(like.adamw)) is like.adamw


def test_a_wrong_argument_raises_what_it_raises_in_optax():
    with pytest.raises(TypeError, match="unexpected keyword argument 'lr'"):
        like.adam(lr=0.1)


def test_the_library_does_not_import_it():
    code = "import optzoo_jax, sys; sys.exit('optzoo_jax.like' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_eps_root_of_yogi_is_optaxs():
    """Ours has none: a call with one is handed over."""
    ours, theirs = (like.scale_by_yogi(eps_root=eps).init(jnp.ones(2)) for eps in (0.0, 1e-3))
    assert type(ours) is not type(theirs)
    assert isinstance(theirs, optax.ScaleByAdamState)
