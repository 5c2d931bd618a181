"""What an argument may be, and what the error says when it is not."""

import inspect
import math
import re
from typing import Annotated, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tiers import FIRST_ORDER

import optzoo_jax as oz
from optzoo_jax.arguments import ranges_of
from optzoo_jax.like import torch as like_torch
from optzoo_jax.other_names import INSTEAD, OURS
from optzoo_jax.testing import check_transformation

INNER = ("optzoo_jax.pieces", "optzoo_jax.wrappers")
NAMES = oz.list_optimizers(kind="*optimizer")


def test_an_error_names_argument_value_and_range():
    with pytest.raises(ValueError, match=r"^adam: b1=1\.2 is outside \[0, 1\)\. b1 is a decay"):
        oz.adam(1e-3, b1=1.2)


def test_of_several_errors_the_first_in_the_signature_is_named():
    wrong = {}
    for name in ("b3", "eps_root", "eps", "b2", "b1"):
        wrong[name] = -1
        with pytest.raises(ValueError, match=f"^adamod: {name}=-1 "):
            oz.adamod(1e-3, **wrong)


def test_a_number_of_numpy_is_the_number():
    """Not an array, of which float32 would keep of 1 − 0.999 five digits."""
    g = jnp.asarray(0.5, jnp.float32)
    made = [oz.second_moment(np.float64(0.999)), oz.second_moment(0.999)]
    assert len({float(tx.update(g, tx.init(g))[0]) for tx in made}) == 1


AROUND = {"rank": 2, "direction": oz.identity(), "rate": oz.inverse_rms(), "average": oz.moment_ema(0.9)}
REQUIRED = AROUND | {"learning_rate": 0.1, "key": 0, "patience": 3, "k": 2, "weight_decay": 0.1, "step": oz.identity()}
FACTORIES = {
    **{name: oz.card(name).factory for name in oz.list_optimizers()},
    **{name: x for name, x in vars(oz).items() if callable(x) and getattr(x, "__module__", "").startswith(INNER)},
}


def just_outside(allowed):
    """The nearest numbers that the range leaves out."""
    if allowed.whole:
        return [int(allowed.low) - 1] if allowed.low > -1e300 else []
    above = [] if allowed.high == math.inf else [math.nextafter(allowed.high, math.inf)]
    return [math.nextafter(allowed.low, -math.inf), *above, math.nan]


def built(name, **arguments):
    parameters = inspect.signature(FACTORIES[name]).parameters
    needed = {k: REQUIRED[k] for k, p in parameters.items() if p.default is p.empty and k in REQUIRED}
    wrapped = "inner" in parameters
    return FACTORIES[name](*([oz.sgd(0.1)] if wrapped else []), **{**needed, **arguments})


@pytest.mark.parametrize("name", FACTORIES)
def test_a_number_outside_its_range_is_named(name):
    for argument, (allowed, _) in ranges_of(FACTORIES[name]).items():
        for value in just_outside(allowed) if allowed else ():
            with pytest.raises(ValueError, match=re.escape(f": {argument}={value} is outside")):
                built(name, **{argument: value})


@pytest.mark.parametrize("name", FACTORIES)
def test_what_is_no_number_is_named(name):
    for argument, (allowed, others) in ranges_of(FACTORIES[name]).items():
        for value in ("1e-3", True, 1e-3j, *(() if None in others else (None,))) if allowed else ():
            with pytest.raises((TypeError, ValueError), match=re.escape(f": {argument}={value!r} is ")):
                built(name, **{argument: value})


def test_every_number_of_a_method_has_a_range():
    """A hyperparameter whose range nobody declared is accepted whatever it is."""
    for name in oz.list_optimizers():
        defaults = oz.card(name).arguments
        numbers = {argument for argument, default in defaults.items() if type(default) in (int, float)}
        assert numbers <= set(ranges_of(FACTORIES[name])), name


@pytest.mark.parametrize("array", [np.array, jnp.asarray])
def test_a_number_in_an_array_is_checked_too(array):
    with pytest.raises(ValueError, match=r"learning_rate=-1\.0 is outside"):
        oz.adam(array(-1.0))


def test_a_range_belongs_to_its_argument():
    """RAdam's threshold is at least 4; a threshold of somebody else's may be anything."""

    @oz.piece("x → x")
    def shrink(x, threshold=1.0):
        return jnp.sign(x) * jnp.maximum(jnp.abs(x) - threshold, 0)

    @oz.piece("x → x")
    def mix(x, grad, share: Annotated[float, oz.Range("[0, 1]", "the share of the gradient")] = 0.5):
        return x + share * (grad - x)

    x = jnp.asarray([3.0, -0.5])
    tx = shrink(0.5)
    np.testing.assert_array_equal(tx.update(x, tx.init(x))[0], [2.5, 0])
    with pytest.raises(ValueError, match=r"mix: share=1\.5 is outside \[0, 1\]. share is the share of the gradient"):
        mix(1.5)


def test_pieces_check_too():
    with pytest.raises(ValueError, match=r"^second_moment: decay=1\.5 is outside \[0, 1\)"):
        oz.second_moment(1.5)
    with pytest.raises(ValueError, match=r"^second_moment: initial=-1\.0 is outside \[0, ∞\)"):
        oz.second_moment(0.9, initial=-1.0)
    with pytest.raises(ValueError, match=r"^dfc_friction: scale=0\.0 is outside \(0, ∞\)"):
        oz.dfc_friction(scale=0.0)


def test_the_ends_of_a_range_are_inside_or_not_as_printed():
    oz.adam(0.0, b1=0.0, b2=0.0, eps=0.0)
    oz.lookahead(oz.sgd(0.1), sync_period=1, slow_step_size=1.0)
    with pytest.raises(ValueError, match="b2=nan"):
        oz.adam(1e-3, b2=float("nan"))


def test_a_traced_value_is_not_checked():
    def first_update(b1):
        tx = oz.adam(1e-3, b1=b1)
        return tx.update(jnp.ones(2), tx.init(jnp.ones(2)))[0]

    assert jnp.all(jnp.isfinite(jax.jit(first_update)(0.5)))


@pytest.mark.parametrize("name", [name for name in NAMES if oz.card(name).variants])
def test_unknown_variant_names_the_nearest(name):
    variant = next(iter(oz.card(name).variants))
    with pytest.raises(ValueError, match=f"^{name}: variant='{variant}s' is unknown; .* Did you mean '{variant}'"):
        oz.get(name, learning_rate=0.1, variant=variant + "s")


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_unknown_decay_mode_names_the_nearest(name):
    with pytest.raises(ValueError, match=r"weight_decay_mode='decopled' is unknown; .* Did you mean 'decoupled'"):
        oz.get(name, learning_rate=0.1, weight_decay=0.1, weight_decay_mode="decopled")


@pytest.mark.parametrize("name", [name for name in FIRST_ORDER if name != "hyperball_adam"])
def test_independent_decay_of_a_schedule_needs_its_base(name):
    arguments = {"learning_rate": lambda t: 0.1 * t, "weight_decay": 0.1, "weight_decay_mode": "independent"}
    with pytest.raises(ValueError, match="needs base_learning_rate"):
        oz.get(name, **arguments)
    oz.get(name, **arguments, base_learning_rate=0.1)


@pytest.mark.parametrize("name", ["adabound", "amsbound"])
def test_bounds_that_follow_a_schedule_need_its_base(name):
    with pytest.raises(ValueError, match="needs base_learning_rate"):
        oz.get(name, learning_rate=lambda t: 0.1 * t)
    oz.get(name, learning_rate=lambda t: 0.1 * t, variant="survey")


@pytest.mark.parametrize("name", ["initial", "inner_state", "solver"])
def test_other_choices(name):
    make = {
        "initial": lambda word: oz.rmsprop(0.1, initial=word),
        "inner_state": lambda word: oz.lookahead(oz.sgd(0.1), inner_state=word),
        "solver": lambda word: oz.newton(solver=word),
    }[name]
    with pytest.raises(ValueError, match=f"{name}='nonsense' is unknown; it is one of"):
        make("nonsense")


# What a hand that is used to another library types, and the words that help.
OTHER_HANDS = {
    "lr": (lambda: oz.adam(lr=1e-3), "lr is learning_rate here"),
    "betas": (lambda: oz.adam(1e-3, betas=(0.9, 0.99)), "b1=0.9, b2=0.99"),
    "betas of a step": (lambda: oz.scale_by_adam(betas=(0.9, 0.99)), "b1=0.9, b2=0.99"),
    "betas by position": (lambda: oz.adam(1e-3, (0.9, 0.99)), "give each its name, b1=0.9, b2=0.99"),
    "amsgrad": (lambda: oz.adam(1e-3, amsgrad=True), r"amsgrad\(learning_rate"),
    "parameters": (lambda: oz.adam(params={}, lr=1e-3), r"init\(params\).*lr is learning_rate here"),
    "alpha of a piece": (lambda: oz.second_moment(alpha=0.9), "alpha is decay here"),
    "Keras": (lambda: oz.adam(1e-3, beta_1=0.9, epsilon=1e-7), "beta_1 is b1 here. epsilon is eps here"),
    "clipnorm": (lambda: oz.adam(1e-3, clipnorm=1.0), "optax.clip_by_global_norm"),
    "fused": (lambda: oz.adam(1e-3, fused=True), "leave it out, since jit"),
    "k of a wrapper": (lambda: oz.lookahead(oz.adam(1e-3), k=5), "k is sync_period here"),
    "misspelt": (lambda: oz.adamw(1e-3, weight_deacy=0.1), "Did you mean weight_decay"),
    "the method's own words": (lambda: oz.adam(1e-3, nesterov=True), r"nadam\(variant='optax'\)"),
    "too many": (lambda: oz.adamw(1e-3, 0.9, 0.99, 1e-8, 0.0, None), "it takes learning_rate, b1, b2, eps, eps_root"),
    "a mask that is a word": (lambda: oz.adam(1e-3, weight_decay=0.1, mask="kernel"), "mask='kernel', which is no"),
    "a mask with a word": (lambda: oz.adam(1e-3, weight_decay=0.1, mask={"w": "yes"}), r"mask has 'yes' at \['w'\]"),
    "a mask of numbers": (
        lambda: oz.adam(1e-3, weight_decay=0.1, mask=lambda params: params).init(jnp.ones((2, 2))),
        "static_args|no boolean",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHER_HANDS)
def test_other_libraries_names_are_answered(what):
    make, words = OTHER_HANDS[what]
    with pytest.raises(TypeError, match=words):
        make()


def test_other_names_lead_to_arguments_that_exist():
    known = {name for f in oz.__all__ for name in inspect.signature(getattr(oz, f)).parameters}
    assert {name for names in OURS.values() for name in names.split()} <= known


def test_what_is_said_to_do_instead_exists():
    """Functions of this library, of its like.torch, or of optax, by their whole name."""
    said = set(re.findall(r"([\w.]+)\(", " ".join(INSTEAD.values()))) - {"init", "update"}  # of a transformation
    known = {*oz.__all__, *like_torch.__all__, *(f"optax.{name}" for name in dir(optax))}
    assert said - known == set()


def test_a_mask_function_under_inject_hyperparams_says_what_to_do():
    """optax takes it for a schedule, and gives it the count."""
    make = {"learning_rate": 1e-3, "weight_decay": 0.1, "mask": lambda p: jax.tree.map(lambda x: x.ndim > 1, p)}
    with pytest.raises(TypeError, match=r"static_args=\('mask',\)"):
        optax.inject_hyperparams(oz.adamw)(**make).init({"w": jnp.ones((2, 2))})
    optax.inject_hyperparams(oz.adamw, static_args=("mask",))(**make).init({"w": jnp.ones((2, 2))})


def test_misspelt_argument_names_the_factory():
    with pytest.raises(TypeError, match=r"^adam: got an unexpected keyword argument 'beta1'"):
        oz.adam(1e-3, beta1=0.9)


@pytest.mark.parametrize(("name", "needed"), [("newton", "value_fn"), ("lookahead", "params"), ("adamw", "params")])
def test_what_an_update_needs(name, needed):
    tx = oz.card(name).example()
    g = jnp.ones(2)
    with pytest.raises((TypeError, ValueError), match=needed):
        tx.update(g, tx.init(g))


def test_a_tree_of_another_shape_is_named():
    tx = oz.adam(1e-3)
    state = tx.init({"a": jnp.ones(2)})
    with pytest.raises(ValueError, match="different pytrees"):
        tx.update({"a": jnp.ones(2), "b": jnp.ones(2)}, state)


def test_integers_are_not_optimized():
    with pytest.raises(TypeError, match=r"parameter at \['steps'\] has dtype int32.*optax\.masked"):
        oz.adam(1e-3).init({"steps": jnp.zeros(3, jnp.int32)})


RANGED = """
from __future__ import annotations
import optzoo_jax as oz
def make():
    from typing import Annotated
    @oz.piece("x → x")
    def f(x, k: Annotated[float, oz.Range("[0, 1]", "a share")] = 0.5): return x * k
"""


def test_a_range_that_cannot_be_read_is_an_error():
    names = {}
    exec(RANGED, names)
    with pytest.raises(TypeError, match=r"the range of k.*cannot be read.*at the top of the module"):
        names["make"]()


GIVEN = {"chain": oz.chain, "descent": lambda x: oz.descent(x, 0.1), "check_transformation": check_transformation}


@pytest.mark.parametrize("name", GIVEN)
def test_a_function_that_is_not_called_is_named(name):
    with pytest.raises(TypeError, match=rf"^{name}: scale_by_adam is no transformation: call it, scale_by_adam\(…\)"):
        GIVEN[name](oz.scale_by_adam)


def test_a_mask_that_is_another_tree_than_the_parameters_says_what_to_do():
    tx = oz.adamw(0.1, weight_decay=0.1, mask={"w": True, "b": False})
    with pytest.raises(ValueError, match=r"^the mask is no tree like the parameters: give a function"):
        tx.init((jnp.ones((2, 2)), jnp.ones(2)))


def test_what_is_no_schedule_is_refused():
    with pytest.raises(TypeError, match=r"slow_step_size=.* is not a number or an array in \[0, 1\]"):
        oz.lookahead(oz.sgd(0.1), slow_step_size=lambda count: 0.5)


def test_a_word_that_may_be_left_out_is_checked_too():
    @oz.named
    def one_of_two(which: Literal["this", "that"] | None = None):
        return oz.identity()

    assert oz.describe(one_of_two()) == oz.describe(one_of_two(None))
    with pytest.raises(ValueError, match="one of 'this', 'that'"):
        one_of_two("than")


@pytest.mark.parametrize("rule", ["[0, 1)", "(0, 1]", "(0, 1)", "[0, 1]"])
def test_an_end_of_a_range_is_in_it_where_its_bracket_says_so(rule):
    allowed = oz.Range(rule, "a share")
    for end, inside in ((0.0, rule[0] == "["), (1.0, rule[-1] == "]")):
        if inside:
            allowed.check("here", "x", end)
        else:
            with pytest.raises(ValueError, match="outside"):
                allowed.check("here", "x", end)
        allowed.check("here", "x", abs(end - 1e-12))
