"""Every law, for every method; and every law is broken by something, and says so."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from test_composition import DIRECTIONS, MOMENTS, ON_RATE
from tiers import in_both_tiers

import optzoo_jax as oz
from optzoo_jax.testing import INVARIANCES, LAWS, NOT_CLAIMED, check_transformation, examine, factories
from optzoo_jax.testing.methods import check_method
from optzoo_jax.testing.pairs import NOT_KEPT, WRAPPERS, wrapped
from optzoo_jax.testing.subject import Subject

METHODS = [name for name in oz.list_optimizers() if oz.card(name).kind != "stopping rule"]
OTHERS = [(name, variant) for name in METHODS for variant in list(oz.card(name).variants)[1:]]


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", METHODS)
def test_every_law_holds(name):
    report = check_method(name)
    assert not report.broken, report
    assert set(report) == {*LAWS, *INVARIANCES, *factories.LAWS}
    assert {law for law, result in report.items() if result == NOT_CLAIMED} == set(oz.card(name).not_claimed)


SHORT = ("fixed point", "dtype of the gradient", "no NaN", "no average stops", "descends", "finite derivative")


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize(("name", "variant"), OTHERS)
def test_other_variants_keep_the_laws_of_arithmetic(name, variant):
    tx = oz.get(name, learning_rate=oz.card(name).learning_rate, variant=variant)
    report = examine({law: LAWS[law] for law in SHORT}, Subject.of(tx, {}))
    assert not report.broken, report


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", WRAPPERS)
def test_wrappers_keep_the_laws_but_those_that_are_named(name):
    """And a reason is no excuse for a law that would hold."""
    report = examine(LAWS, Subject.of(wrapped(name, oz.adam(1e-2)), {}))
    report |= examine(INVARIANCES, Subject.of(wrapped(name, oz.adam(1e-2, eps=0.0)), {}))
    assert set(report.broken) == set(NOT_KEPT[name]), report


def in_a_rate(*parts):
    return oz.precondition(oz.raw_ema(0.9), oz.chain(oz.inverse_rms(0.99), *parts))


PIECES = {
    **{name: make() for name, make in DIRECTIONS.items()},
    **{
        name: oz.precondition(oz.raw_ema(0.9), oz.chain(make(1.0), oz.inverse_root(1e-8)))
        for name, make in MOMENTS.items()
    },
    **{name: in_a_rate(make(1.0)) for name, make in ON_RATE.items()},
    "running_max": oz.precondition(
        oz.raw_ema(0.9), oz.chain(oz.second_moment(0.99), oz.running_max(), oz.inverse_root())
    ),
    "adadb_friction": in_a_rate(oz.adadb_friction()),
    "anneal": in_a_rate(oz.anneal()),
    "update_rms": in_a_rate(oz.update_rms()),
    "inverse_raw_rms": oz.precondition(oz.raw_ema(0.9), oz.inverse_raw_rms(0.99)),
    "hold_until_rectified": oz.chain(oz.raw_ema(0.9), oz.hold_until_rectified(0.99)),
    "with_state_dtype": oz.with_state_dtype(oz.scale_by_adam(), jnp.float32),
}


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", PIECES)
def test_pieces_keep_the_laws_of_arithmetic(name):
    tx = oz.descent(PIECES[name], 1e-3, rate_inside=name == "bound_lr")
    report = examine({law: LAWS[law] for law in SHORT}, Subject.of(tx, {}))
    assert not report.broken, report


@pytest.mark.tier2
@pytest.mark.parametrize(
    "name", in_both_tiers(name for name in oz.list_optimizers(kind="optimizer") if oz.card(name).not_claimed)
)
def test_what_is_not_claimed_does_not_hold(name):
    """A reason on a card is no excuse for a law that would hold."""
    card = oz.card(name)
    # Adadelta's law would hold at ε = 0, of updates that are all 0.
    tx = card.example() if name == "adadelta" else card.without_constants()
    for law in card.not_claimed:
        report = examine(INVARIANCES, Subject.of(tx, {}, card.degree), [law])
        assert report.broken == [law], report


def stateless(update):
    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)


def minus(updates, state, params=None, **extra):
    return jax.tree.map(lambda g: -0.1 * g, updates), state


def with_state(init, update):
    return optax.GradientTransformationExtraArgs(init, update)


def grows():
    """float16 states that come back in float32."""
    return with_state(
        lambda params: jax.tree.map(jnp.zeros_like, params),
        lambda g, s, p=None, **extra: (g, jax.tree.map(lambda x: x.astype(jnp.promote_types(x.dtype, jnp.float32)), s)),
    )


def slow_adam():
    """A second moment in the dtype of the parameters, and no bias correction: stops half-way in bfloat16."""

    def update(updates, state, params=None, **extra):
        nu = jax.tree.map(lambda v, g: (v + 0.001 * (g * g - v)).astype(v.dtype), state, updates)
        return jax.tree.map(lambda g, v: (-0.1 * g / (jnp.sqrt(v) + 1e-8)).astype(g.dtype), updates, nu), nu

    return with_state(lambda params: jax.tree.map(jnp.zeros_like, params), update)


def root_of_zero(updates, state, params=None, **extra):
    return jax.tree.map(lambda g: -g * jnp.sqrt(g * g), updates), state


def counting_on_the_host():
    calls = []

    def update(updates, state, params=None, **extra):
        calls.append(1)
        return jax.tree.map(lambda g: -0.1 * len(calls) * g, updates), state

    return stateless(update)


def remembering_on_the_host():
    """Its count is a Python number in the state, so that every step is another program."""
    return with_state(
        lambda params: {"count": optax.EmptyState(), "n": ()},
        lambda g, s, p=None, **extra: (minus(g, None)[0], {"count": s["count"], "n": (*s["n"], jnp.zeros(()))}),
    )


BROKEN = {
    "fixed point": grows,
    "dtype of the gradient": lambda: stateless(
        lambda g, s, p=None, **e: (jax.tree.map(lambda x: x * np.float64(1), g), s)
    ),
    "wide gradients": grows,
    "init of shapes": lambda: with_state(lambda p: jax.tree.map(lambda x: x + 1, p), minus),
    "jit equals eager": counting_on_the_host,
    "one compilation": remembering_on_the_host,
    "ignores extra arguments": lambda: stateless(
        lambda g, s, p=None, **extra: (jax.tree.map(lambda x: -x * (1 + len(extra)), g), s)
    ),
    "empty tree": lambda: stateless(lambda g, s, p=None, **extra: minus(g, [jax.tree.leaves(g)[0]] and s)),
    "no NaN": lambda: stateless(lambda g, s, p=None, **e: (jax.tree.map(lambda x: -x / jnp.abs(x), g), s)),
    "no average stops": slow_adam,
    "overflow is seen": lambda: stateless(
        lambda g, s, p=None, **extra: (jax.tree.map(lambda x: jnp.clip(x, -1, 1), g), s)
    ),
    "descends": lambda: stateless(lambda g, s, p=None, **extra: (jax.tree.map(lambda x: 0.1 * x, g), s)),
    "finite derivative": lambda: stateless(root_of_zero),
    "apply_if_finite": counting_on_the_host,
}


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("law", BROKEN)
def test_a_law_can_be_broken(law):
    with pytest.raises(AssertionError, match=rf"^1 laws are broken: {law}"):
        check_transformation(BROKEN[law](), laws=[law])


SUM = stateless(lambda g, s, p=None, **extra: (jax.tree.map(lambda x: -(x + jnp.sum(x)), g), s))
NOT_INVARIANT = {
    "scale": oz.sgd(0.1),
    "odd": stateless(lambda g, s, p=None, **extra: (jax.tree.map(jnp.abs, g), s)),
    "permutation": stateless(lambda g, s, p=None, **e: (jax.tree.map(lambda x: x * jnp.arange(1.0, x.size + 1), g), s)),
    "splitting": SUM,
    "translation": oz.sgd(0.1, weight_decay=0.1),
    "phase": stateless(lambda g, s, p=None, **extra: (jax.tree.map(lambda x: x.real + 0j, g), s)),
}


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("law", INVARIANCES)
def test_an_invariance_can_be_broken_and_the_case_is_small(law):
    with pytest.raises(AssertionError, match=f"1 laws are broken: {law}") as found:
        check_transformation(NOT_INVARIANT[law], claims=[law], laws=[law])
    case = str(found.value).split("for the gradients ")[1].split(" the updates")[0]
    assert case.count("0.0") + case.count("0j") >= 20, "hypothesis shrinks the other gradients to 0"


def test_one_line_in_a_users_suite():
    report = check_transformation(optax.sgd(0.1), claims=["odd", "scale"], degree=1, laws=["descends", "odd", "scale"])
    assert report == {"descends": "holds", "scale": "holds", "odd": "holds"}
    assert "descends  holds" in str(report)


def test_unknown_claims_are_named():
    with pytest.raises(ValueError, match=r"no invariance 'od'.*Did you mean 'odd'"):
        check_transformation(optax.sgd(0.1), claims=["od"])
    with pytest.raises(ValueError, match="no law 'fixed pint'"):
        check_transformation(optax.sgd(0.1), laws=["fixed pint"])


def test_what_is_not_claimed_is_a_law():
    for name in oz.list_optimizers():
        assert set(oz.card(name).not_claimed) <= set(INVARIANCES), name
