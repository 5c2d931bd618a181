"""What a step costs, as far as no clock is needed: temporaries, bytes moved, traced equations, state bytes."""

import chex
import jax
import jax.numpy as jnp
import optax
import pytest
from compilation import AS_IT_COMES

import optzoo_jax as oz
from optzoo_jax.experiments.bench.program import FINDS_THE_ORDER, compiled, structure
from optzoo_jax.experiments.bench.steps import state_bytes
from optzoo_jax.experiments.bench.subjects import Subject, pairs
from optzoo_jax.experiments.bench.trees import many_leaves
from optzoo_jax.experiments.bench.twins import STORED

SIZE = 2**20
SHAPE = jax.ShapeDtypeStruct((SIZE,), jnp.float32)
PAIRS = {pair.name: pair for pair in pairs()}

# Arrays of the parameters' size that XLA:CPU sets aside in a step. All others have none.
TEMPORARIES = {
    # Its rate, a quotient, is needed by the parameters and by its average: stored, not computed twice.
    "adamod": 1,
    # The oldest past gradient is read by the parameters' kernel and overwritten by its own. XLA:CPU knows of no order
    # between the two, and copies it first.
    "diffgrad": 1,
    "adadb": 1,
}
# Operations on an array of the parameters' size, as traced: that many times as much to lower.
EQUATIONS = {
    "sgd": 2,
    "momentum": 4,
    "nag": 6,
    "adagrad": 14,
    "adadelta": 35,
    "rmsprop": 14,
    "adam": 19,
    "ema_momentum": 6,
    "nadam": 21,
    "adamw": 21,
    "sgdw": 6,
    "amsgrad": 20,
    "yogi": 21,
    "adabound": 22,
    "adamod": 24,
    "amsbound": 23,
    "diffgrad": 26,
    "radam": 22,
    "ranger": 29,
    "adabelief": 21,
    "adadb": 44,
    "lookahead(adam)": 26,
}


@pytest.fixture(scope="module")
def cost():
    """Method → the structure of its compiled step and of optax's."""

    def of(subject):
        return structure(compiled(subject, SHAPE, **AS_IT_COMES), SHAPE)

    found = {}

    def find(name):
        if name not in found:
            pair = PAIRS[name]
            found[name] = of(pair.ours), pair.twin and of(pair.twin)
        return found[name]

    return find


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", PAIRS)
def test_a_step_has_no_more_temporaries_than_are_explained(name, cost):
    ours, theirs = cost(name)
    assert ours["temporaries"] == pytest.approx(TEMPORARIES.get(name, 0), abs=0.01)
    if theirs:
        assert ours["temporaries"] <= theirs["temporaries"] + 0.01


def test_an_option_of_xla_finds_the_order_of_kernels():
    """As docs/performance_notes.md says."""
    program = compiled(PAIRS["diffgrad"].ours, SHAPE, **AS_IT_COMES, **FINDS_THE_ORDER)
    assert structure(program, SHAPE)["temporaries"] < 0.01


@pytest.mark.parametrize("name", [name for name, why in STORED.items() if why == "order"])
def test_with_the_option_every_number_is_the_same(name):
    """Nothing is overwritten before it is read."""
    subject, shape = pairs([name])[0].ours, jax.ShapeDtypeStruct((4099,), jnp.float32)

    def after_three_steps(**options):
        program = compiled(subject, shape, **AS_IT_COMES, **options)
        params = jnp.linspace(-1, 1, *shape.shape, dtype=shape.dtype)
        state = subject.make().init(params)
        for i in range(3):
            params, state = program(params, state, jnp.sin(37 * params + i))
        return params, state

    chex.assert_trees_all_equal(after_three_steps(), after_three_steps(**FINDS_THE_ORDER))


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", [name for name, pair in PAIRS.items() if pair.twin])
def test_a_step_moves_no_more_bytes_than_optax(name, cost):
    ours, theirs = cost(name)
    assert ours["bytes_accessed"] <= theirs["bytes_accessed"] * 1.001


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", PAIRS)
def test_parameters_and_every_slot_are_written_where_they_were_read(name, cost):
    slots = len(oz.card(name.partition("(")[0]).slots)
    assert cost(name)[0]["donated"] >= 1 + slots


def with_a_copy(inner):
    """The optimizer on a float32 copy of the parameters, which its state has."""

    def init(params):
        wide = params.astype(jnp.float32)
        return wide, inner.init(wide)

    def update(updates, state, params=None):
        step, inner_state = inner.update(updates.astype(jnp.float32), state[1], state[0])
        return state[0] + step - params.astype(jnp.float32), (state[0] + step, inner_state)

    return optax.GradientTransformation(init, update)


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize(
    ("tx", "temporaries", "moved"),
    [(oz.adam(1e-3), 0, 32), (oz.master_params(oz.adam(1e-3)), 8, 68), (with_a_copy(oz.adam(1e-3)), 0, 44)],
    ids=["adam", "master_params", "copy"],
)
def test_what_bfloat16_parameters_cost_a_cpu(tx, temporaries, moved):
    """Bytes a parameter, as docs/performance.md says."""
    params = jax.ShapeDtypeStruct((SIZE,), jnp.bfloat16)
    found = structure(compiled(Subject(lambda: tx), params, **AS_IT_COMES), params)
    assert found["temporaries"] * params.dtype.itemsize == pytest.approx(temporaries, abs=0.01)
    assert found["bytes_accessed"] == pytest.approx(moved, abs=0.01)


def test_a_needless_copy_is_noticed():
    def update(updates, state, params=None):
        return jax.tree.map(lambda g, old: -jnp.sin(old), updates, state), updates

    tx = optax.GradientTransformation(lambda params: jax.tree.map(jnp.zeros_like, params), update)
    assert structure(compiled(Subject(lambda: tx), SHAPE, **AS_IT_COMES), SHAPE)["temporaries"] >= 0.99


@pytest.mark.parametrize("name", PAIRS)
def test_the_state_is_as_large_as_the_card_says(name):
    per_parameter = state_bytes(PAIRS[name].ours, SHAPE) / SIZE
    assert per_parameter == pytest.approx(oz.card(name.partition("(")[0]).bytes_per_parameter, abs=1e-3)


@pytest.mark.parametrize("name", PAIRS)
def test_the_maths_of_many_leaves_is_traced_once_a_shape(name):
    """many_leaves has ten shapes; a chain that falls into two walks over the tree has twice as many programs."""
    params = many_leaves(100)
    tx = PAIRS[name].ours.make()
    state = jax.eval_shape(tx.init, params)
    equations = jax.make_jaxpr(tx.update)(params, state, params).eqns
    programs = [e.params["jaxpr"] for e in equations if e.params.get("name") == "_one_array"]
    assert len(programs) == 100
    assert len({id(program) for program in programs}) == 10
    assert not [e for e in equations if e.primitive.name != "jit" and e.outvars[0].aval.ndim == 2], "outside"
    assert not [e for program in programs for e in program.eqns if e.primitive.name == "jit"], "jnp's own, called"


@pytest.mark.parametrize("name", PAIRS)
def test_the_maths_of_an_array_alone_in_its_shape_is_written_out(name):
    """A program that nothing else calls takes longer to trace and to lower than its operations."""
    params = many_leaves(10)
    tx = PAIRS[name].ours.make()
    equations = jax.make_jaxpr(tx.update)(params, jax.eval_shape(tx.init, params), params).eqns
    assert not [e for e in equations if e.params.get("name") == "_one_array"]
    of_arrays = [e for e in equations if e.outvars[0].aval.ndim == 2]
    assert len(of_arrays) <= 10 * EQUATIONS[name]


def test_outside_jit_a_derivative_finds_the_maths_compiled():
    traced = []

    @oz.piece("x → x")
    def double(x):
        traced.append(x)
        return 2 * x

    state = double().init(jnp.ones(3))
    for x in (jnp.ones(3), jnp.zeros(3)):
        assert jax.grad(lambda g: double().update(g, state)[0].sum())(x).tolist() == [2, 2, 2]
    assert len(traced) == 3  # twice to see that it is elementwise, for arrays of two shapes


@pytest.mark.usefixtures("standard_promotion")
def test_a_gradient_is_cut_once_a_kernel():
    """It is cut before both branches, and again before it is squared: XLA drops the second cut."""
    assert compiled(PAIRS["adam"].ours, SHAPE, **AS_IT_COMES).as_text().count(" clamp(") == 2


@oz.piece("x → x", over="array")
def positive(x):
    return jax.lax.cond(x.sum() > 0, lambda: x, lambda: -x)


@oz.piece("x → x", over="array")
def halved(x):
    return jax.lax.while_loop(lambda y: y.min() < -1, lambda y: y / 2, x)


@oz.piece("x → x")
def iterated(x):
    return jax.lax.fori_loop(0, 1000, lambda i, y: y * 0.999, x)


def test_the_maths_of_a_piece_may_branch_and_loop():
    x = jnp.array([-1.0, -2.0])
    for tx, expected in ((positive(), [1.0, 2.0]), (halved(), [-0.5, -1.0])):
        assert jax.jit(tx.update)(x, tx.init(x), x)[0].tolist() == expected


@pytest.mark.parametrize("leaves", [1, 3])
def test_a_loop_stays_a_loop(leaves):
    """Traced without jnp's own jits, an elementwise loop of 1,000 steps would be 1,000 products."""
    tx, x = oz.descent(oz.chain(iterated(), oz.scale_by_adam()), 1e-3), [jnp.ones(4)] * leaves
    text = jax.jit(tx.update).lower(x, tx.init(x), x).as_text()
    assert "stablehlo.while" in text
    assert text.count("stablehlo.multiply") < 40


def test_a_new_learning_rate_is_no_new_program():
    """Outside jit, where the rate is often set by hand in a loop: a program is made for a composition, not a number."""
    params, traced = {"w": jnp.ones((2, 2))}, []

    @oz.piece("x → x")
    def seen(x, factor=1.0):
        traced.append(x)
        return factor * x

    for i in range(1, 5):
        tx = oz.descent(oz.chain(seen(0.1 * i), oz.scale_by_adam()), 1e-3 * i)
        updates, _ = tx.update(params, tx.init(params), params)
        assert float(updates["w"][0, 0]) == pytest.approx(-1e-3 * i, rel=1e-6)
    assert len(traced) == 3  # twice to see that it is elementwise, for arrays of two shapes


def test_in_jit_a_number_is_a_constant_of_the_program():
    """XLA leaves out what a constant makes needless. Of three arrays of one shape each is handed over alone."""
    tx, x = oz.sgd(1e-3), [jnp.ones(4)] * 3
    equations = jax.make_jaxpr(tx.update)(x, tx.init(x), x).eqns
    assert [len(e.invars) for e in equations if e.params.get("name") == "_one_array"] == [1, 1, 1]
