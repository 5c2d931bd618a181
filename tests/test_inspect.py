"""Questions about a state, in every nesting that people use; and states in another precision."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tiers import FIRST_ORDER, in_both_tiers

import optzoo_jax as oz

pytestmark = pytest.mark.usefixtures("standard_promotion")
PARAMS = {
    "dense": {"w": jnp.ones((2, 3), jnp.float32), "b": jnp.ones(3, jnp.float32)},
    "head": jnp.ones(4, jnp.bfloat16),
}
LABELS = {"dense": "body", "head": "head"}


def after(tx, steps=3, params=PARAMS):
    tx = optax.with_extra_args_support(tx)
    state = tx.init(params)
    for _ in range(steps):
        _, state = tx.update(params, state, params)
    return state


def multi_steps(tx):
    steps = optax.MultiSteps(tx, every_k_schedule=2)
    return optax.GradientTransformation(steps.init, steps.update)


NESTED = {
    "plain": (lambda tx: tx, 3),
    "chain": (lambda tx: optax.chain(optax.clip_by_global_norm(1.0), optax.chain(tx)), 3),
    "masked": (lambda tx: optax.masked(tx, {"dense": True, "head": False}), 3),
    "partition": (lambda tx: optax.partition({"body": tx, "head": optax.set_to_zero()}, LABELS), 3),
    "MultiSteps": (multi_steps, 1),
    "apply_if_finite": (lambda tx: optax.apply_if_finite(tx, 3), 3),
    "lookahead": (oz.lookahead, 3),
    "with_state_dtype": (lambda tx: oz.with_state_dtype(tx, jnp.float32), 3),
    "schedule_free": (lambda tx: optax.contrib.schedule_free(tx, 1.0), 3),
}


@pytest.mark.tier2
@pytest.mark.parametrize("nesting", NESTED)
def test_step_and_learning_rate(nesting):
    wrap, expected = NESTED[nesting]
    state = after(wrap(oz.adam(lambda count: 0.1 / (1 + count))))
    assert oz.step(state) == expected
    np.testing.assert_allclose(oz.current_learning_rate(state), 0.1 / expected, rtol=1e-6)


def test_step_and_learning_rate_under_jit_and_before_the_first_step():
    tx = oz.adam(optax.linear_schedule(0.5, 0.0, 10))
    state = tx.init(PARAMS)
    step, rate = jax.jit(lambda s: (oz.step(s), oz.current_learning_rate(s)))(state)
    assert (step, rate) == (0, 0.5)


def test_learning_rate_that_is_injected_is_as_wide_as_it_is_used():
    state = after(optax.inject_hyperparams(oz.adam)(0.1), params={"w": jnp.ones(3)})
    assert oz.current_learning_rate(state) == 0.1
    assert oz.current_learning_rate(after(optax.inject_hyperparams(optax.adam)(0.1), params={"w": jnp.ones(3)})) == 0.1


def test_step_of_optax_with_a_schedule_where_its_own_helper_finds_two_counts():
    state = after(optax.adamw(lambda count: 0.1))
    with pytest.raises(KeyError):
        optax.tree.get(state, "count")
    assert oz.step(state) == 3


@pytest.mark.tier2
@pytest.mark.parametrize("name", in_both_tiers(FIRST_ORDER))
def test_every_optimizer_counts_and_records_its_rate(name):
    state = after(oz.get(name, learning_rate=0.125), 2)
    assert oz.step(state) == 2
    assert oz.current_learning_rate(state) == 0.125


def test_what_is_not_there_is_said():
    with pytest.raises(ValueError, match="nothing in this state counts"):
        oz.step(optax.sgd(0.1).init(PARAMS))
    with pytest.raises(ValueError, match=r"no learning rate is in this state.*optax\.inject_hyperparams"):
        oz.current_learning_rate(optax.adam(0.1).init(PARAMS))
    two = optax.partition({"body": oz.adam(0.1), "head": oz.sgd(0.2)}, LABELS)
    state = after(two)
    with pytest.raises(ValueError, match=r"2 learning rates, which differ .*\['body'\].*\['head'\].*pass the part"):
        oz.current_learning_rate(state)
    np.testing.assert_allclose(oz.current_learning_rate(state.inner_states["head"]), 0.2)


def test_state_bytes_allocates_nothing():
    shapes = jax.eval_shape(lambda p: p, PARAMS)
    scalars = 4 + jnp.zeros(()).dtype.itemsize  # the count, the learning rate
    assert oz.state_bytes(oz.adam(0.1), shapes) == 2 * 4 * 13 + scalars
    huge = jax.ShapeDtypeStruct((2**20, 2**20), jnp.float32)
    assert oz.state_bytes(oz.sgdw(0.1), huge) == 4 * 2**40 + scalars


@oz.piece("x → x")
def shrink(x, params, weight_decay):
    return x - weight_decay * params


def decay_matrices(params):
    return jax.tree.map(lambda p: p.ndim > 1, params)


def test_explain_groups_decay_and_bytes():
    tx = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.partition({"body": oz.adamw(1e-3, mask=decay_matrices), "head": oz.sgd(0.1)}, LABELS),
    )
    rows = oz.explain(tx, PARAMS)
    assert [(r.path, r.optimizer, r.decay, r.state_bytes) for r in rows] == [
        ("dense/b", "body", False, 24), ("dense/w", "body", True, 48), ("head", "head", False, 0),
    ]  # fmt: skip
    assert str(rows).splitlines()[0].split() == ["parameter", "shape", "dtype", "optimizer", "decay", "state", "bytes"]
    assert str(rows).splitlines()[-1].split() == ["total", "72"]


DECAYING = {
    "l2": oz.sgd(0.1, weight_decay=0.1),
    "by a share": oz.adamp(0.1, weight_decay=0.1),
    "a piece of one's own": oz.chain(oz.sgd(0.1), shrink(0.1)),
    "l2 of adam": oz.adam(0.1, weight_decay=0.1, weight_decay_mode="l2"),
    "independent": oz.adam(0.1, weight_decay=0.1, weight_decay_mode="independent"),
    "optax": optax.adamw(0.1),
    "lookahead": oz.lookahead(oz.adamw(0.1), 1),
    "warm-up from 0": oz.adamw(lambda count: 0.01 * count),
}
NOT_DECAYING = {
    "adam": oz.adam(0.1),
    "lookahead": oz.lookahead(oz.adam(0.1), 2),
    "noise": oz.chain(oz.add_gradient_noise(key=0), oz.adam(0.1)),
    "a trust ratio": oz.lamb(0.1),
    "optax": optax.adam(0.1),
}


@pytest.mark.parametrize("name", DECAYING)
def test_decay_is_seen(name):
    assert [row.decay for row in oz.explain(DECAYING[name], PARAMS)] == [True] * 3


@pytest.mark.parametrize("name", NOT_DECAYING)
def test_no_decay_is_seen(name):
    assert [row.decay for row in oz.explain(NOT_DECAYING[name], PARAMS)] == [False] * 3


def test_state_dtype_narrows_what_is_named_and_follows_the_wide_one():
    tx = oz.with_state_dtype(oz.adam(0.1), {"mu": jnp.bfloat16})
    params, start = {"w": jnp.ones(4, jnp.float32)}, oz.adam(0.1)
    a, b = tx.init(params), start.init(params)
    step = jax.jit(tx.update)
    for i in range(20):
        g = {"w": jnp.cos(i + jnp.arange(4, dtype=jnp.float32))}
        (u, a), (v, b) = step(g, a, params), start.update(g, b, params)
    assert optax.tree.get(a, "mu")["w"].dtype == jnp.bfloat16
    assert optax.tree.get(a, "nu")["w"].dtype == jnp.float32
    assert a.last_learning_rate.dtype == b.last_learning_rate.dtype
    assert u["w"].dtype == jnp.float32
    np.testing.assert_allclose(u["w"], v["w"], rtol=0.05, atol=1e-3)
    assert not np.array_equal(u["w"], v["w"]), "something was rounded"


def test_state_dtype_widens_optax_states_and_keeps_complex_complex():
    params = {"w": jnp.ones(3, jnp.bfloat16), "z": jnp.ones(3, jnp.complex64)}
    wide = oz.with_state_dtype(optax.sgd(0.1, momentum=0.9), jnp.float32).init(params)
    assert [x.dtype for x in jax.tree.leaves(wide)] == [jnp.float32, jnp.complex64]
    wider = oz.with_state_dtype(oz.momentum(0.1), jnp.float64).init(params)
    assert [x.dtype for x in jax.tree.leaves(wider.slots)] == [jnp.float64, jnp.complex128]


def last_step(tx):
    """After 3,000 equal gradients of 1e-4."""
    params = jnp.ones(1, jnp.float32)

    def step(state, _):
        updates, state = tx.update(jnp.full(1, 1e-4, jnp.float32), state, params)
        return state, updates

    return float(jax.jit(lambda: jax.lax.scan(step, tx.init(params), None, 3000))()[1][-1, 0])


LENGTHS = ("adam", "adagrad", "adabelief", "adamod", "rmsprop")


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16], ids=["float16", "bfloat16"])
@pytest.mark.parametrize("name", LENGTHS)
def test_a_dtype_for_the_state_leaves_steps_as_long_as_they_were(name, dtype):
    """g² = 1e-8 would be 0 in float16, and would stop half-way in bfloat16; adabelief's residual would not fade."""
    tx = oz.get(name, learning_rate=1e-3)
    np.testing.assert_allclose(last_step(oz.with_state_dtype(tx, dtype)), last_step(tx), rtol=0.03)


NARROWED = {
    "adam": (lambda: oz.adam(0.1), {"mu"}),
    "inside a wrapper": (lambda: oz.lookahead(oz.adam(0.1)), {"mu"}),
    "centred": (lambda: oz.rmsprop(0.1, momentum=0.9, centered=True), {"trace"}),
    "read by the rate": (lambda: oz.adabelief(0.1), set()),
    "a moment of ema": (
        lambda: oz.descent(
            oz.precondition(oz.scale_by_momentum(), oz.chain(oz.square(), oz.raw_ema(), oz.inverse_root())), 1
        ),
        {"trace"},
    ),
    "optax.adam": (lambda: optax.adam(0.1), {"mu"}),
    "optax.adabelief": (lambda: optax.adabelief(0.1), set()),
}


@pytest.mark.parametrize("case", NARROWED)
def test_state_dtype_narrows_the_momentum_alone(case):
    make, expected = NARROWED[case]
    state = oz.with_state_dtype(make(), jnp.bfloat16).init(jnp.ones(3, jnp.float32))
    paths = [path for path, x in jax.tree_util.tree_leaves_with_path(state) if x.dtype == jnp.bfloat16]
    assert {getattr(path[-1], "key", getattr(path[-1], "name", None)) for path in paths} == expected


REFUSED = {"adam": ("nu", oz.adam), "adabelief": ("mu", oz.adabelief), "amsgrad": ("nu_max", oz.amsgrad),
           "optax.adam": ("nu", optax.adam), "optax.adabelief": ("mu", optax.adabelief)}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_state_dtype_refuses_16_bits_for_what_decides_how_long_a_step_is(case):
    slot, make = REFUSED[case]
    with pytest.raises(TypeError, match=rf"'{slot}'\] is float16, .*compress_state"):
        oz.with_state_dtype(make(0.1), {slot: jnp.float16}).init(jnp.ones(3, jnp.float32))
    oz.with_state_dtype(make(0.1), {slot: jnp.float32}).init(jnp.ones(3, jnp.float32))


class Layer(NamedTuple):
    mu: jax.Array
    w: jax.Array


def test_a_field_of_the_parameters_is_no_slot():
    params = Layer(jnp.ones(3, jnp.float32), jnp.ones(2, jnp.float32))
    found = oz.with_state_dtype(oz.adam(0.1), {"mu": jnp.bfloat16}).init(params).slots
    dtypes = {name: [x.dtype for x in slot] for slots in found for name, slot in slots.items()}
    assert dtypes == {"mu": [jnp.bfloat16] * 2, "nu": [jnp.float32] * 2}


def test_state_dtype_errors():
    with pytest.raises(TypeError, match=r"state_dtype is int32, and must be a floating-point dtype"):
        oz.with_state_dtype(oz.adam(0.1), jnp.int32)
    with pytest.raises(ValueError, match=r"names the slot 'um', and this state has .*'mu', 'nu'"):
        oz.with_state_dtype(oz.adam(0.1), {"um": jnp.bfloat16}).init(PARAMS)
