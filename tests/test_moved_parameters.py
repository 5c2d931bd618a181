"""Parameters are the truth: moved, replaced or scaled between two steps, they take along whatever a state remembers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz
from optzoo_jax.precision import promoted
from optzoo_jax.testing import check_transformation, examine
from optzoo_jax.testing.invariances import translation
from optzoo_jax.testing.subject import Subject

pytestmark = pytest.mark.usefixtures("standard_promotion")
STEPS = 6
WRAPPERS = {
    "accumulate_gradients": lambda tx: oz.accumulate_gradients(tx, 2),
    "add_gradient_noise": lambda tx: oz.chain(oz.add_gradient_noise(key=0), tx),
    "compress_state": lambda tx: oz.compress_state(tx, min_size=1),
    "lookahead": lambda tx: oz.lookahead(tx, 3),
    "lookahead pullback": lambda tx: oz.lookahead(tx, 2, inner_state="pullback"),
    "master_params": oz.master_params,
    "pack": oz.pack,
    "round_stochastically": oz.round_stochastically,
    "with_state_dtype": lambda tx: oz.with_state_dtype(tx, {"mu": jnp.bfloat16}),
    "lookahead of master_params": lambda tx: oz.lookahead(oz.master_params(tx), 3),
    "master_params of lookahead": lambda tx: oz.master_params(oz.lookahead(tx, 3)),
}
DTYPES = [jnp.float16, jnp.bfloat16, jnp.float32]
tier2 = pytest.mark.tier2
each_wrapper = pytest.mark.parametrize("name", WRAPPERS)
each_dtype = pytest.mark.parametrize(
    "dtype",
    [pytest.param(d, id=jnp.dtype(d).name, marks=[tier2] if d == jnp.float16 else []) for d in DTYPES],
)


def fits(name, dtype):
    return name != "round_stochastically" or dtype != jnp.float16


@pytest.mark.tier2
@each_wrapper
def test_a_wrapper_is_invariant_under_translation(name):
    report = examine({"translation": translation}, Subject.of(WRAPPERS[name](oz.adam(1e-2)), {}))
    assert not report.broken, report


def path(tx, dtype, before):
    """Of parameters that are moved by ½ before a step: what they are after each, the move taken off again.

    All numbers are between 1 and 2, and so as far apart here as there.
    """
    rng = np.random.default_rng(0)
    params = jnp.asarray(rng.uniform(1.1, 1.4, 300)).astype(dtype)
    grads = jnp.asarray(rng.normal(size=(STEPS, 300)) + 1).astype(dtype)

    def step(carry, now):
        (p, state, offset), (g, is_now) = carry, now
        offset = offset + 0.5 * is_now
        p = p + (0.5 * is_now).astype(dtype)
        updates, state = tx.update(g, state, p)
        p = optax.apply_updates(p, updates)
        return (p, state, offset), p.astype(jnp.float32) - offset

    offset = jnp.zeros((), jnp.float32)
    return jax.jit(lambda p: jax.lax.scan(step, (p, tx.init(p), offset), (grads, jnp.arange(STEPS) == before))[1])(
        params
    )


@pytest.mark.tier2
@each_wrapper
@each_dtype
@pytest.mark.parametrize("before", [0, 2, pytest.param(4, marks=tier2)])
def test_parameters_moved_between_two_steps_move_the_path(name, dtype, before):
    """Bit by bit in 16 bits, from the first step (what is put in after init) or in the middle of lookahead's way."""
    if not fits(name, dtype):
        return
    tx = WRAPPERS[name](oz.adam(1e-2))
    found, expected = path(tx, dtype, before), path(tx, dtype, -1)
    assert np.mean(expected[-1] != expected[0]) > 0.9
    np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype == jnp.float32 else 0, atol=0)


def with_a_copy():
    """SGD of a copy of the parameters, which they follow: the mistake that the law is for."""

    def update(updates, state, params=None):
        new = jax.tree.map(lambda p, g: p - 0.1 * g, state, updates)
        return jax.tree.map(lambda p, q: q - p, params, new), new

    return optax.GradientTransformation(lambda params: params, update)


def test_a_copy_of_the_parameters_breaks_the_law():
    with pytest.raises(AssertionError, match="1 laws are broken: translation"):
        check_transformation(with_a_copy(), claims=["translation"], laws=["translation"])


@each_wrapper
@each_dtype
@pytest.mark.parametrize("gradients", [*DTYPES, None], ids=[*(jnp.dtype(d).name for d in DTYPES), "without parameters"])
def test_updates_have_the_wider_dtype_of_gradient_and_parameter(name, dtype, gradients):
    """And the gradient's where no parameters are given."""
    if not fits(name, dtype):
        return
    tx = WRAPPERS[name](oz.adam(1e-2))
    params = {"w": jnp.ones((2, 3), dtype), "b": jnp.ones(3, dtype)}
    given, gradients = (params, gradients) if gradients else (None, dtype)
    if given is None and ("lookahead" in name or "params" in name or "round" in name):
        return  # they need them
    g = jax.tree.map(lambda p: jnp.ones_like(p, dtype=gradients), params)
    state = tx.init(params)
    for _ in range(2):
        updates, new = jax.eval_shape(lambda s: tx.update(g, s, given), state)
        assert {u.dtype for u in jax.tree.leaves(updates)} == {promoted(dtype, gradients)}
        assert jax.tree.map(lambda x: x.dtype, new) == jax.tree.map(lambda x: x.dtype, state)
        state = tx.update(g, state, given)[1]


@pytest.mark.parametrize("name", ["compress_state", "accumulate_gradients", "lookahead"])
def test_also_where_what_is_inside_gives_wider_ones(name):
    params = jnp.ones(3, jnp.bfloat16)
    wide = optax.stateless(lambda updates, params: updates.astype(jnp.float32))
    tx = WRAPPERS[name](optax.chain(optax.trace(0.9), wide))
    assert tx.update(params, tx.init(params), params)[0].dtype == jnp.bfloat16


AROUND = {
    "apply_if_finite": lambda tx: optax.apply_if_finite(tx, 3),
    "conditionally_transform": lambda tx: optax.conditionally_transform(tx, lambda step: step % 2 == 0),
    "conditionally_mask": lambda tx: optax.conditionally_mask(tx, lambda step: step % 2 == 0),
    "MultiSteps": lambda tx: optax.MultiSteps(tx, 2).gradient_transformation(),
}


@tier2
@pytest.mark.parametrize("around", AROUND)
@each_wrapper
def test_updates_of_16_bits_pass_a_branch(name, around):
    """optax's conditional wrappers return one or the other, which must be of one dtype."""
    params = {"w": jnp.ones((2, 3), jnp.bfloat16)}
    tx = AROUND[around](WRAPPERS[name](oz.adam(0.5)))
    state = tx.init(params)
    for _ in range(2):
        updates, state = jax.jit(tx.update)(params, state, params)
    assert updates["w"].dtype == jnp.bfloat16
    if around == "apply_if_finite":
        spoilt, after = tx.update({"w": jnp.full((2, 3), jnp.nan, jnp.bfloat16)}, state, params)
        assert not np.any(spoilt["w"])
        for a, b in zip(jax.tree.leaves(after.inner_state), jax.tree.leaves(state.inner_state), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("format", ["int8", "float8", "bfloat16"])
@pytest.mark.parametrize("mode", ["keep", "reset", "pullback"])
def test_compressed_momentum_is_averaged_in_numbers(format, mode):
    def way(compressed):
        inner = oz.adam(1e-2)
        inner = oz.compress_state(inner, format, slots=["mu"], min_size=1) if compressed else inner
        tx = oz.lookahead(inner, 2, inner_state=mode)

        def step(carry, i):
            q, state = carry
            u, state = tx.update(jnp.linspace(-0.1, 0.1, 300, dtype=jnp.float32) * (1 + i % 3), state, q)
            return (q + u, state), None

        q = jnp.ones(300, jnp.float32)
        (last, state), _ = jax.jit(lambda q: jax.lax.scan(step, (q, tx.init(q)), jnp.arange(30)))(q)
        return last - q, state

    (found, state), (expected, _) = way(True), way(False)
    assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)
    momentum = optax.tree.get(state, "mu")
    assert isinstance(momentum, oz.Compressed)
    if mode == "pullback":
        # 30 is a sync: what is cached is that very momentum, code by code.
        jax.tree.map(np.testing.assert_array_equal, state.cached, [momentum])
