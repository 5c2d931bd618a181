"""Units: what is declared is true, and every pair of pieces is right by its units or refused."""

import operator
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz
from optzoo_jax.pieces import bases, signs
from optzoo_jax.units import Flow, Unit

# Built for gradients c times as large and parameters k times as large: every constant goes along with its unit.
PIECES = {
    "identity": lambda c, k: oz.identity(),
    "raw_ema": lambda c, k: oz.raw_ema(0.9),
    "scale_by_momentum": lambda c, k: oz.scale_by_momentum(0.5),
    "nesterov": lambda c, k: oz.nesterov(0.5),
    "nesterov_ema": lambda c, k: oz.nesterov_ema(0.9),
    "scheduled_nesterov_ema": lambda c, k: oz.scheduled_nesterov_ema(0.9),
    "debias": lambda c, k: oz.debias(0.9),
    "anneal": lambda c, k: oz.anneal(),
    "gradient": lambda c, k: oz.gradient(),
    "residual": lambda c, k: oz.residual(),
    "square": lambda c, k: oz.square(),
    "second_moment": lambda c, k: oz.second_moment(0.99),
    "sum_of_squares": lambda c, k: oz.sum_of_squares(),
    "yogi_moment": lambda c, k: oz.yogi_moment(0.99),
    "belief_moment": lambda c, k: oz.belief_moment(0.99, eps_root=0.0),
    "running_max": lambda c, k: oz.running_max(),
    "inverse_root": lambda c, k: oz.inverse_root(),
    "inverse_rms": lambda c, k: oz.inverse_rms(0.99, 0.0),
    "inverse_raw_rms": lambda c, k: oz.inverse_raw_rms(0.99, 0.0),
    "update_rms": lambda c, k: oz.update_rms(0.9, 1e-2 * k**2),
    "dfc_friction": lambda c, k: oz.dfc_friction(scale=c),
    "adadb_friction": lambda c, k: oz.adadb_friction(scale=c),
    "clip_rate": lambda c, k: oz.bound_lr(1.0, 0.5 / c, 1e-2),
    "momental_bound": lambda c, k: oz.momental_bound(0.9),
    "rectify": lambda c, k: oz.rectify(0.5),
    "hold_until_rectified": lambda c, k: oz.hold_until_rectified(0.99),
    "times_learning_rate": lambda c, k: oz.times_learning_rate(0.1),
    "scale_by_learning_rate": lambda c, k: oz.scale_by_learning_rate(0.1),
    "negate": lambda c, k: oz.negate(),
    "ema_read_ahead": lambda c, k: oz.ema_read_ahead(0.9, 0.99),
    "accumulate": lambda c, k: oz.accumulate(),
    "mix": lambda c, k: oz.chain(oz.raw_ema(0.9), oz.mix(0.7)),
    "scale": lambda c, k: oz.scale(-2.0),
    "difference": lambda c, k: oz.difference(),
    "last_change": lambda c, k: oz.chain(oz.difference(), oz.last_change()),
    "sign": lambda c, k: oz.sign(),
    "inverse": lambda c, k: oz.inverse(),
    "slow_ema": lambda c, k: oz.slow_ema(0.99, 2.0, start=0.5, warmup=3),
    "mars_gradient": lambda c, k: oz.mars_gradient(0.9, 0.1),
    "moment_ema": lambda c, k: oz.moment_ema(0.9),
    "lagged_ema": lambda c, k: oz.lagged_ema(0.9),
    "largest_gradient": lambda c, k: oz.largest_gradient(0.9, 0.0),
    "inverse_max_root": lambda c, k: oz.inverse_max_root(),
    "inverse_atan2": lambda c, k: oz.inverse_atan2(),
    "power": lambda c, k: oz.chain(oz.square(), oz.power(0.25)),
    "sign_of_gradient": lambda c, k: oz.sign_of_gradient(),
    "caution": lambda c, k: signs.caution(),
    "clip_growing": lambda c, k: oz.chain(oz.sign(), oz.clip_growing()),
    "clip_norm": lambda c, k: oz.chain(oz.sign(), oz.clip_norm(0.1)),
    "times_growing_rate": lambda c, k: oz.times_growing_rate(0.1),
    "annealed_ema": lambda c, k: oz.annealed_ema(0.8),
    "smallest_cover": lambda c, k: oz.smallest_cover(),
    "mean_over": lambda c, k: oz.mean_over(),
    "sum_over": lambda c, k: oz.sum_over(),
    "clip_rms": lambda c, k: oz.chain(oz.sign(), oz.clip_rms(0.5)),
    "at_most": lambda c, k: oz.at_most(1e-9),
}
GRAM = oz.chain(oz.gram("left"), oz.accumulate())
# Of matrices, and what reads a basis that another publishes.
OF_MATRICES = {
    "orthogonalize": lambda c: oz.orthogonalize(eps=1e-2 * c),
    "scale_by_shape": lambda c: oz.scale_by_shape("columns"),
    "over_rms": lambda c: oz.over_rms(axis=-2, eps=1e-2 * c),
    "gram": lambda c: oz.gram("right"),
    "gram_of_all": lambda c: oz.gram_of_all(),
    "matrix_power": lambda c: oz.chain(GRAM, oz.matrix_power(eps=1e-2 * c**2)),
    "matrix_power from one side": lambda c: oz.chain(GRAM, oz.matrix_power(eps=1e-2 * c**2, sides=1)),
    "eigenbasis": lambda c: bases.eigenbasis(),
    "to_basis": lambda c: oz.chain(bases.eigenbasis(), bases.to_basis()),
    "from_basis": lambda c: oz.chain(bases.eigenbasis(), bases.from_basis()),
    "project": lambda c: bases.project(1, 2),
    "lift": lambda c: oz.chain(bases.project(1, 2), bases.lift()),
}
# What a piece gives may be in two units, or its constant is the parameters themselves.
NOT_SCALED = {"rectify": "its first rates are 1, without a unit"}
# Of the others' units something must be known that is not here: parameters that matter, or an odd power of g.
UNTRIED = {
    "decay_weights", "newton_step", "decay_weights_by_share", "project_out", "pull_to_anchor", "stay_on_sphere",
    "adaptive_grad_clip", "orthogonal_gradient", "scale_by_parameter_rms", "rms_guard", "times_factor",
    "estimate_distance", "inverse_root_at_distance", "dadapt_step", "distance_over_gradients",
    "distance_over_weighted_gradients", "given_curvature",
}  # fmt: skip
LATER = list(PIECES)[list(PIECES).index("ema_read_ahead") :]  # whose pairs are in tier 2
C, K = 1e3, 1e2
G = np.random.default_rng(0).uniform(0.5, 2, size=(6, 3)) * np.array([1, -1, 1])


def public_pieces():
    return {name for name, x in vars(oz).items() if hasattr(x, "definition")}


def test_every_piece_is_tried():
    assert public_pieces() - set(PIECES) - set(OF_MATRICES) == UNTRIED


def outputs(make, c, k):
    """What comes out of six steps on gradients c times as large, in the rate of a precondition if it must be there."""
    tx, found = make(c, k), []
    state = tx.init(jnp.full(3, k))
    for g in G:
        y, state = tx.update(jnp.asarray(c * g), state, jnp.full(3, k))
        found.append(y)
    return np.stack(found)


@oz.piece("gradient [g] → moment [g²]")
def some_moment(g):
    return g * g


@oz.piece("gradient [g] → rate [1/g]")
def some_rate(g):
    return 1 / jnp.abs(g)


BEFORE = {"moment": some_moment, "rate": some_rate, "": oz.identity}


def in_its_place(*makes):
    """Pieces in a row, as the rate of a direction [g]; what a moment or a rate stands before has one made for it."""

    def make(c, k):
        row = oz.chain(*(f(c, k) for f in makes))
        flow = oz.composition_of(row).flow
        made = oz.chain(BEFORE[flow.needs_word](), row) if flow.needs_word else row
        return oz.precondition(oz.raw_ema(0.5), made)

    return make


def scaling(make):
    """The powers of c and of k that what comes out is multiplied by."""
    one = outputs(make, 1.0, 1.0)
    there = one[-1] != 0  # what is 0, such as the difference of two signs, has every unit
    by_c, by_k = (np.abs(outputs(make, *scale)[-1][there] / one[-1][there]) for scale in ((C, 1.0), (1.0, K)))
    return np.log(by_c) / np.log(C), np.log(by_k) / np.log(K)


@pytest.mark.parametrize("name", [name for name in PIECES if name not in NOT_SCALED])
def test_the_declared_unit_is_true(name):
    make = in_its_place(PIECES[name])
    unit = oz.composition_of(make(1.0, 1.0)).flow.at()
    by_c, by_k = scaling(make)
    np.testing.assert_allclose(by_c, float(unit["g"]), atol=1e-7)
    np.testing.assert_allclose(by_k, float(unit["θ"]), atol=1e-7)


def of_the_gradients_shape(tx):
    return oz.join(operator.mul, oz.identity(), oz.chain(tx, oz.sum_over()), units="product", over="array")


@pytest.mark.parametrize("name", OF_MATRICES)
def test_the_declared_unit_is_true_of_matrices(name):
    def last(c):
        tx, params = of_the_gradients_shape(OF_MATRICES[name](c)), jnp.zeros((3, 2))
        state = tx.init(params)
        for g in np.random.default_rng(1).normal(size=(6, 3, 2)):
            y, state = tx.update(jnp.asarray(c * g), state, params)
        return np.asarray(y)

    unit = oz.composition_of(of_the_gradients_shape(OF_MATRICES[name](1.0))).flow.at()
    assert unit["θ"] == 0
    np.testing.assert_allclose(last(C), C ** float(unit["g"]) * last(1.0), rtol=1e-9, atol=1e-9 * C ** float(unit["g"]))


def names_units(error):
    assert "[" in str(error)
    return True


def are_of_two_shapes(first, second):
    """Whether the gradient would be set beside one number for all of it."""
    known = {name for leaf in oz.composition_of(PIECES[second](1.0, 1.0)).leaves for name in leaf.definition.reads}
    return first in ("mean_over", "sum_over") and bool(known & {"grad", "direction"})


# Of each kind of stream one: pairs with what begins otherwise are in tier 2.
KINDS = """identity raw_ema gradient residual square yogi_moment running_max inverse_root update_rms rectify
    scale_by_learning_rate""".split()
FIRST = [name if name in KINDS else pytest.param(name, marks=pytest.mark.tier2) for name in PIECES]


@pytest.mark.parametrize("first", FIRST)
def test_every_pair_is_right_by_its_units_or_refused(first):
    tried = refused = 0
    others = [name for name in PIECES if name not in LATER]
    pairs = [(first, second) for second in (PIECES if first in LATER else others)]
    pairs += [(other, first) for other in others if first in LATER]
    pairs = [pair for pair in pairs if not are_of_two_shapes(*pair)]
    for first, second in pairs:
        make = in_its_place(PIECES[first], PIECES[second])
        tried += 1
        try:
            tx = make(1.0, 1.0)
            tx.init(jnp.ones(3))
        except TypeError as error:
            refused += names_units(error)
            continue
        if {first, second} & NOT_SCALED.keys():
            continue
        flow = oz.composition_of(tx).flow
        if flow.needs not in (None, Unit.parse("g")):
            continue  # what is fed a step [1], say, and here would be fed a gradient
        unit = flow.at()
        by_c, by_k = scaling(make)
        np.testing.assert_allclose(by_c, float(unit["g"]), atol=1e-6, err_msg=f"{first}, {second}")
        np.testing.assert_allclose(by_k, float(unit["θ"]), atol=1e-6, err_msg=f"{first}, {second}")
    assert tried == len(pairs)
    if first in ("raw_ema", "identity"):  # what takes a moment or a rate does not take an average of gradients
        assert refused >= 6


@pytest.mark.tier2
@pytest.mark.parametrize("first", PIECES)
def test_descent_takes_steps_alone(first):
    """Every pair as the step of descent: what it takes is between [1] and [g], and has the learning rate once."""
    for second in PIECES:
        try:
            step = oz.chain(PIECES[first](1.0, 1.0), PIECES[second](1.0, 1.0))
            tx = oz.descent(step, 0.1)
        except TypeError as error:
            names_units(error)
            continue
        unit = oz.composition_of(step).flow.at()
        assert 0 <= unit["g"] + unit["θ"] <= 1
        assert unit["α"] == 0
        assert oz.composition_of(tx).flow.at()["α"] == 1


α = 1e-3
WRONG = {
    "the rate is a moment": lambda: oz.descent(oz.precondition(oz.raw_ema(0.9), oz.second_moment(0.999)), α),
    "a rate as a step": lambda: oz.descent(oz.inverse_rms(0.999), α),
    "a moment as a step": lambda: oz.descent(oz.second_moment(0.999), α),
    "the root of a gradient": lambda: oz.chain(oz.raw_ema(0.9), oz.inverse_root(1e-8)),
    "the root of a gradient in precondition": lambda: oz.precondition(oz.raw_ema(0.9), oz.inverse_root(1e-8)),
    "the root twice": lambda: oz.chain(oz.inverse_rms(0.999), oz.inverse_root()),
    "no square": lambda: oz.precondition(oz.raw_ema(0.9), oz.chain(oz.raw_ema(0.999), oz.inverse_root())),
    "descent of an optimizer": lambda: oz.descent(oz.adam(α), α),
    "descent of descent": lambda: oz.descent(oz.descent(oz.raw_ema(0.9), α), α),
    "two learning rates": lambda: oz.chain(oz.adam(α), oz.scale_by_learning_rate(α)),
    "an optimizer behind another": lambda: oz.chain(oz.adam(α), oz.sgd(α)),
    "an optimizer that normalizes behind another": lambda: oz.chain(oz.sgd(α), oz.adam(α)),
    "an update turned round": lambda: oz.chain(oz.adam(α), oz.negate()),
    "the root of a step": lambda: oz.chain(oz.scale_by_adam(), oz.inverse_root()),
    "a momental bound of a step": lambda: oz.chain(oz.scale_by_adam(), oz.momental_bound()),
    "an optimizer that takes a step": lambda: oz.chain(
        oz.join(lambda a, b: a + b, oz.scale_by_adam(), oz.raw_ema(0.9)), oz.scale_by_learning_rate(0.1)
    ).init(jnp.ones(2)),
    "a bound outside a rate": lambda: oz.chain(oz.raw_ema(0.9), oz.bound_lr(α)),
    "a rate on the direction's side": lambda: oz.precondition(oz.dfc_friction(), oz.inverse_rms(0.999)),
    "rate_inside without a rate": lambda: oz.descent(oz.raw_ema(0.9), α, rate_inside=True),
    "a rate inside, not said": lambda: oz.descent(oz.chain(oz.times_learning_rate(α), oz.raw_ema(0.9)), α),
    "the expected gradient outside a rate": lambda: oz.descent(oz.residual(), α),
    "a sum of unlike units": lambda: (
        oz.join(lambda a, b: a + b, oz.inverse_rms(0.9), oz.identity()).init(1.0)
        and oz.descent(oz.join(lambda a, b: a + b, oz.inverse_rms(0.9), oz.identity()), α)
    ),
    "lookahead of a step": lambda: oz.lookahead(oz.scale_by_adam()),
    "lookahead of a rate": lambda: oz.lookahead(oz.inverse_rms(0.9)),
    "master_params of a step": lambda: oz.master_params(oz.scale_by_adam()),
    "round_stochastically of a step": lambda: oz.round_stochastically(oz.raw_ema(0.9)),
    "pack of a rate's piece": lambda: oz.pack(oz.rectify(0.999)),
    "descent of a packed optimizer": lambda: oz.descent(oz.pack(oz.adam(α)), α),
    "a wrapped optimizer behind another": lambda: oz.chain(oz.adam(α), oz.lookahead(oz.adam(α))),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_piece_in_the_wrong_place_is_an_error(case):
    with pytest.raises(TypeError, match=r"\[|takes a rate"):
        WRONG[case]()


RIGHT = {
    "adam": lambda: oz.descent(oz.precondition(oz.debiased_ema(0.9), oz.inverse_rms(0.999)), α),
    "sgd": lambda: oz.descent(oz.scale_by_momentum(0.9), α),
    "an optax link resets the check": lambda: oz.chain(optax.clip(1.0), oz.raw_ema(0.9), optax.scale(2.0)),
    "an optax link in a rate": lambda: oz.precondition(
        oz.raw_ema(0.9), oz.chain(oz.second_moment(0.9), optax.clip(1e3), oz.inverse_root())
    ),
    "an average of steps": lambda: oz.descent(
        oz.chain(oz.precondition(oz.identity(), oz.inverse_rms(0.999)), oz.debiased_ema(0.9)), α
    ),
    "Adam of averages": lambda: oz.descent(oz.chain(oz.raw_ema(0.5), oz.scale_by_adam()), α),
    "a sum of averages": lambda: oz.descent(oz.join(lambda m, n: m + 5 * n, oz.raw_ema(0.9), oz.raw_ema(0.99)), α),
    "a packed step": lambda: oz.descent(oz.pack(oz.scale_by_adam()), α),
    "clipped before": lambda: oz.chain(optax.clip_by_global_norm(1.0), oz.lookahead(oz.adam(α))),
    "a product said so": lambda: oz.descent(
        oz.join(lambda a, b: a * b, oz.raw_ema(0.9), oz.inverse_rms(0.999), units="product"), α
    ),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_is_not_refused(case):
    tx = RIGHT[case]()
    updates, _ = tx.update(jnp.ones(2), tx.init(jnp.ones(2)), jnp.ones(2))
    assert np.all(np.isfinite(updates))


def test_the_errors_name_both_pieces_and_both_units():
    with pytest.raises(
        TypeError, match=r"update_rms\(…\) takes a rate \[1/g\], and second_moment\(…\) gives a moment \[x²\]"
    ):
        oz.chain(oz.second_moment(0.9), oz.update_rms())


@pytest.mark.parametrize(
    ("text", "powers"),
    [("[g²]", "g2"), ("[1/g]", "g-1"), ("[θ/g]", "g-1 θ1"), ("[1]", ""), ("x·[α]", "x1 α1"), ("1/x", "x-1"),
     ("[g^-1/2]", "g-1/2"), ("[g⁻¹]", "g-1"), ("[1/g or 1]", "g-1"), ("x^{1/3}", "x1/3"), ("[g½]", "g1/2")],
)  # fmt: skip
def test_units_are_read_as_written(text, powers):
    unit = Unit.parse(text)
    assert {letter: unit[letter] for letter in "gxαθ" if unit[letter]} == {
        p[0]: Fraction(p[1:]) for p in powers.split()
    }


@pytest.mark.parametrize(
    "text", ["x -> x", "x", "gradient → step", "[g] → x", "[m] → [s]", "", "[g] → ", "[g] → [1] → [θ]"]
)
def test_a_stream_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="is not of the form"):
        oz.piece(text)


def test_of_branches_one_that_takes_a_moment_is_named():
    tx = oz.join(jnp.multiply, oz.raw_ema(0.9), oz.inverse_root(), units="product")
    with pytest.raises(TypeError, match=r"inverse_root\(…\) takes a moment"):
        tx.init(jnp.ones(2))


def test_fractions_flow():
    """padam's step is g^{1−2p}: between [1] and [g]."""

    @oz.piece("moment x² → rate x^-1/2")
    def quarter_root(v):
        return v**-0.25

    step = oz.precondition(oz.raw_ema(0.9), oz.chain(oz.second_moment(0.999), quarter_root()))
    assert oz.composition_of(step).flow.at() == Unit.parse("[g½]")
    assert oz.composition_of(oz.descent(step, α)).flow.at() == Unit.parse("[g½]") * Unit.parse("α")


def test_flow_is_solved_backwards():
    """An average of whatever comes in may stand before what takes a step."""
    flow = Flow.parse("x² → x", "root(…)").then(Flow.parse("step [1] → step [θ]", "trust(…)"))
    assert flow.needs == Unit.parse("[1]")
    assert flow.gives == Unit.parse("θ")


def test_the_learning_rate_is_counted_where_it_comes_in():
    streams = ("x → x", "x → x·[α]", "[g] → [α]", "[α] → [α]", "[α] → [1]")
    assert [s for s in streams if Flow.parse(s).multiplies_by_the_rate] == ["x → x·[α]", "[g] → [α]"]


def test_flow_is_solved_with_powers_and_constants():
    assert Flow.parse("x² → x").then(Flow.parse("[g] → [1]")).needs == Unit.parse("g²")
    assert Flow.parse("x → x·[θ]").then(Flow.parse("[θ²] → [1]")).needs == Unit.parse("θ")
    per_theta = Flow(None, Unit.parse("g")).then(Flow.parse("x·[θ] → x"))
    assert per_theta.gives == Unit.parse("g/θ")


def made_of(stream):
    """A piece that takes and gives these units."""

    @oz.piece(stream)
    def some(x):
        return x

    return some()


MISFITS = {
    "the learning rate twice": (
        lambda: oz.chain(oz.times_learning_rate(α), oz.scale_by_learning_rate(α)),
        "multiplies by one again",
    ),
    "what stands first reads the direction": (
        lambda: oz.chain(oz.residual(), oz.raw_ema(0.9)).init(1.0),
        "reads the dir",
    ),
    "a direction reads the direction": (
        lambda: oz.precondition(oz.residual(), oz.inverse_rms(0.9)).init(1.0),
        "reads the direction",
    ),
    "a sum of a step and an update": (
        lambda: oz.join(lambda a, b: a + b, oz.identity(), oz.times_learning_rate(α)),
        "what is added has one unit",
    ),
    "branches that take two units": (
        lambda: oz.join(lambda a, b: a * b, made_of("[g] → [1]"), made_of("[θ] → [1]"), units="product"),
        "are fed the same stream",
    ),
    "an update as a step": (lambda: oz.descent(oz.adam(α), α), "descent: adam.* has the learning rate in it already"),
    "too many units for a step": (lambda: oz.descent(made_of("[g] → [g·θ]"), α), "a step is between"),
    "a power without a word, by itself": (lambda: made_of("[g²] → [1]").init(1.0), "is fed a gradient"),
    "a product of powers, by itself": (lambda: made_of("[g²·θ] → [1]").init(1.0), "is fed a gradient"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_the_error_says_what_does_not_fit(case):
    make, words = MISFITS[case]
    with pytest.raises(TypeError, match=words):
        make()


@pytest.mark.parametrize("parted", [oz.by_axes, oz.for_matrices])
@pytest.mark.parametrize("branches", [(oz.inverse_root(), oz.identity()), (oz.identity(), oz.inverse_root())])
def test_what_one_of_two_branches_takes_is_asked_of_both(parted, branches):
    with pytest.raises(TypeError, match=r"inverse_root.* takes a moment"):
        parted(*branches).init({"w": jnp.ones((2, 3)), "b": jnp.ones(3)})
