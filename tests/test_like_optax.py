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

import optzoo_jax as oz
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


def growing(count):
    return 0.1 * jnp.asarray(count, float)


AXES = [getattr(optax.contrib, "MuonDimensionNumbers", tuple)()]
# For every argument of every optimizer of contrib that is ours, a value that is no default of it.
STEP = {"b1": 0.7, "b2": 0.95, "eps": 1e-2, "eps_root": 1e-4}
DECAYED = {"learning_rate": cosine, "weight_decay": 0.1, "mask": MASK}
FREE = {"learning_rate": 0.05, "b1": 0.7, "weight_decay": 0.1}
DISTANCES = {"betas": (0.8, 0.95), "eps": 1e-2, "estim_lr0": 1e-2, "learning_rate": cosine}
ADEMAMIX = STEP | {"b3": 0.9, "alpha": growing}
ADOPT = {"b1": 0.7, "b2": 0.95, "eps": 0.3, "nesterov": True, "use_clipping": False}
MUON = {"ns_coeffs": (3.0, -4.0, 2.0), "ns_steps": 4, "beta": 0.7, "eps": 0.1, "nesterov": False}
MOVED_IN_CONTRIB = {
    "scale_by_ademamix": ADEMAMIX,
    "ademamix": ADEMAMIX | DECAYED,
    "scale_by_simplified_ademamix": STEP | {"b2": 0.8, "alpha": growing},
    "simplified_ademamix": STEP | DECAYED | {"b2": 0.8, "alpha": growing},
    "scale_by_adopt": ADOPT,
    "adopt": ADOPT | {"learning_rate": cosine},
    "scale_by_muon": MUON,
    "muon": MUON
    | {"learning_rate": cosine, "weight_decay": 0.1, "weight_decay_mask": MASK, "consistent_rms": 0.3}
    | {"adam_b1": 0.5, "adam_b2": 0.7, "adam_eps_root": 0.1, "adam_weight_decay": 0.1, "adam_learning_rate": 0.3},
    "dog": DECAYED | {"init_step": ("heuristic", 0.01), "eps": 0.1},
    "schedule_free_sgd": FREE,
    "schedule_free_adamw": FREE | {"b2": 0.95, "eps": 1e-2},
    "prodigy": DISTANCES | {"estim_lr_coef": 0.7, "weight_decay": 0.1},
    "dadapt_adamw": DISTANCES,
}
# Of the optax that is installed, an older one of which lacks some.
IN_CONTRIB = {
    name: {k: v for k, v in moves.items() if k in inspect.signature(getattr(optax.contrib, name)).parameters}
    for name, moves in MOVED_IN_CONTRIB.items()
    if hasattr(optax.contrib, name)
}
# Arguments, off their defaults, with which it is optax's.
HANDED_OVER = {
    "mu_dtype": "float32",
    "clip_value_fn": jnp.sqrt,
    "adaptive": True,
    "preconditioning": "aol",
    "weight_dimension_numbers": lambda _: AXES[0],
    "muon_weight_dimension_numbers": lambda _: {"w": AXES[0], "b": None},
    "warmup_steps": 3,
    "weight_lr_power": 1.0,
    "state_dtype": "float32",
    "beta3": 0.9,
    "safeguard_warmup": True,
}
ALSO_HANDED_OVER = [
    ("scale_by_muon", {"ns_coeffs": jnp.asarray((3.0, -4.0, 2.0))}),
    ("dog", {"init_step": ("distance", 0.1)}),
    ("dog", {"init_step": ("learning_rate", 0.1)}),
    ("schedule_free_sgd", {"learning_rate": cosine}),
    ("schedule_free_adamw", {"learning_rate": cosine}),
    ("dadapt_adamw", {"weight_decay": 0.1}),
]
NO_OPTIMIZERS = {"schedule_free_eval_params", "split_real_and_imaginary"}


def in_contrib(name, call):
    """Ours and optax's, with this, and with a learning rate and a decay where these are needed."""
    known = inspect.signature(getattr(optax.contrib, name)).parameters
    needed = {"learning_rate": 0.05} if name in ("ademamix", "simplified_ademamix", "adopt", "muon") else {}
    beside = {"weight_decay": 0.2} if {"mask", "weight_decay_mask"} & set(call) else {}
    assert set(call) <= set(known)
    return [getattr(m, name)(**(needed | beside | call)) for m in (like.contrib, optax.contrib)]


def problem_of(name):
    """Parameters and gradients, of matrices alone where nothing else is taken."""
    return (PARAMS["w"], lambda _, t: GRADIENTS["w"][t]) if name == "scale_by_muon" else (PARAMS, gradient)


def is_ours(name, tx):
    """Whether no state of optax's is in it."""

    def is_optaxs(x):
        return type(x).__module__.startswith("optax.") and not isinstance(x, optax.MaskedNode)

    return not any(map(is_optaxs, jax.tree.leaves(tx.init(problem_of(name)[0]), is_leaf=is_optaxs)))


def test_every_argument_in_contrib_is_ours_or_handed_over():
    assert set(MOVED_IN_CONTRIB) | NO_OPTIMIZERS >= set(like.contrib.ours()) >= set(IN_CONTRIB)
    for name, moves in IN_CONTRIB.items():
        assert is_ours(name, in_contrib(name, {})[0])
        also = [call for n, call in ALSO_HANDED_OVER if n == name]
        rest = set(inspect.signature(getattr(optax.contrib, name)).parameters) - set(moves)
        assert rest <= {*HANDED_OVER, *(x for call in also for x in call)}
        for call in [*also, *({x: HANDED_OVER[x]} for x in rest & set(HANDED_OVER))]:
            assert not is_ours(name, in_contrib(name, call)[0]), call


@pytest.mark.parametrize("name", [name for name in IN_CONTRIB if not name.startswith("scale_by")])
def test_numbers_are_those_of_contrib(name):
    for call in ({}, IN_CONTRIB[name]):
        with as_jax_comes():
            found = [run(tx, gradient, PARAMS, 3, eager=True) for tx in in_contrib(name, call)]
        np.testing.assert_allclose(*found, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rows", [((3.0, -4.0, 2.0),), ((3.0, -4.0, 2.0), (2.0, -1.5, 0.5)), "dion"])
def test_rows_of_coefficients_are_run_through_once(rows):
    if isinstance(rows, str) and not hasattr(optax.contrib._muon, "_NS_COEFFS_PRESET_DICT"):
        pytest.skip("an older optax knows no names")
    with as_jax_comes():
        made = in_contrib("muon", {"ns_coeffs": rows})
        assert is_ours("muon", made[0])
        np.testing.assert_allclose(*(run(tx, gradient, PARAMS, 2) for tx in made), rtol=1e-12, atol=1e-12)


def test_more_rows_than_steps_raise_as_in_optax():
    for tx in in_contrib("muon", {"ns_coeffs": ((3.0, -4.0, 2.0),) * 2, "ns_steps": 1}):
        with pytest.raises(ValueError, match="Not enough coeffs"):
            tx.init(PARAMS)


@pytest.mark.tier2
@pytest.mark.parametrize("name", IN_CONTRIB)
def test_every_argument_gives_the_numbers_of_contrib(name):
    moves, first = IN_CONTRIB[name], {"estim_lr0": 0.1} if name in ("prodigy", "dadapt_adamw") else {}
    params, grads = problem_of(name)
    plain = None
    for call in [first, moves, *(first | {k: v} for k, v in moves.items())]:
        made = in_contrib(name, call)
        assert is_ours(name, made[0])
        with as_jax_comes():
            ours, theirs = (run(tx, grads, params, STEPS) for tx in made)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=str(call))
        if plain is None:
            plain = theirs
        else:
            assert np.max(np.abs(theirs - plain)) > 1e-9, f"{call} changes nothing"


KEPT = {
    "adafactor": lambda m: m.adafactor(0.05),
    "dowg": lambda m: m.dowg(),
    "madgrad": lambda m: m.madgrad(0.05),
    "galore": lambda m: m.galore(0.05, rank=2, scale=1.0),
}


def test_what_is_kept_is_optaxs_own_and_a_method_here():
    for mine, theirs in [(like, optax), (like.contrib, optax.contrib)]:
        assert not set(mine.kept()) & set(mine.ours())
        for name in mine.kept():
            assert getattr(mine, name) is getattr(theirs, name)
    methods = {*oz.list_optimizers(), "sharpness_aware", "schedule_free", "hutchinson", "lookahead"}
    here = {"sam": "sharpness_aware", "hutchinson_estimator_diag_hessian": "hutchinson", "scale_by_galore": "galore"}
    here |= {"scale_by_factored_rms": "adafactor"}
    assert {here.get(name, name) for name in [*like.kept(), *like.contrib.kept()]} <= methods
    contribs = {name for name in methods if hasattr(optax.contrib, name)}
    assert contribs <= {*like.contrib.ours(), *like.contrib.kept()}


@pytest.mark.tier2
@pytest.mark.parametrize("name", KEPT)
def test_the_numbers_of_what_is_kept_differ(name):
    with as_jax_comes():
        makers = oz, optax if hasattr(optax, name) else optax.contrib
        ours, theirs = (run(KEPT[name](m), gradient, PARAMS, STEPS) for m in makers)
    assert np.max(np.abs(ours - theirs)) > 1e-9


def test_parts_of_complex_parameters_as_in_contrib():
    params = {"z": jnp.asarray([1.0 + 2.0j, -0.5 + 0.1j]), "w": PARAMS["w"]}
    grads = {"z": jnp.asarray([0.3 - 2.0j, 0.7 + 0.4j]), "w": GRADIENTS["w"][0]}
    made = [m.split_real_and_imaginary(optax.adam(0.1)) for m in (like.contrib, optax.contrib)]
    assert not hasattr(made[0].init(params), "inner_state")
    with as_jax_comes():
        ours, theirs = (tx.update(grads, tx.init(params), params)[0] for tx in made)
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_parameters_to_evaluate_of_either_schedule_free():
    for m in (like.contrib, optax.contrib):
        tx = m.schedule_free_sgd(0.1, b1=0.7)
        state = tx.init(PARAMS)
        for t in range(3):
            _, state = tx.update(gradient(PARAMS, t), state, PARAMS)
        found = like.contrib.schedule_free_eval_params(state, PARAMS)
        jax.tree.map(np.testing.assert_array_equal, found, oz.eval_params(state, PARAMS))
    with pytest.raises(AttributeError):
        like.contrib.schedule_free_eval_params(optax.EmptyState(), PARAMS)


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


def test_a_function_that_takes_any_argument_is_given_all_of_them():
    def scale(step_size, **others):
        return "ours", step_size, others

    assert twin_of(a_library())(scale)(2.0, new=True) == ("ours", 2.0, {"new": True, "kind": "a"})


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


def test_what_takes_any_other_argument_takes_it_off_its_default_too():
    made = like.contrib.ademamix(1e-3, b1=0.8)
    assert "debiased_ema(decay=0.8" in repr(oz.composition_of(made)), "optax's own, though ours takes b1"
