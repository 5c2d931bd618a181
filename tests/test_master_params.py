"""16-bit parameters: small updates are lost, unless what rounding takes is kept, or rounding is at random."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz
from optzoo_jax.testing import LAWS, examine
from optzoo_jax.testing.subject import Subject

# optax.apply_updates adds float32 updates, of float32 gradients, to bfloat16.
pytestmark = pytest.mark.usefixtures("standard_promotion")
STEPS = 1000
START = np.random.default_rng(0).uniform(0.5, 4, 4096) * np.random.default_rng(1).choice([-1, 1], 4096)
WRAPPERS = {"master_params": oz.master_params, "round_stochastically": oz.round_stochastically}


def train(tx, params, steps=STEPS):
    """By the gradient 1 in every step: the last parameters and state."""
    tx = optax.with_extra_args_support(tx)

    def step(carry, _):
        params, state = carry
        updates, state = tx.update(jax.tree.map(jnp.ones_like, params), state, params)
        return (optax.apply_updates(params, updates), state), None

    return jax.jit(lambda p: jax.lax.scan(step, (p, tx.init(p)), length=steps)[0])(params)


def start(dtype):
    return jnp.asarray(START).astype(dtype)


def trained_in_float32(params, state):
    """What the optimizer inside of master_params sees as its parameters."""
    seer = optax.GradientTransformation(lambda p: (), lambda updates, state, params=None: (updates, params))
    return oz.master_params(seer).update(params, state, params)[1].inner_state


# Between 0.5 and 4 half of what separates two numbers is at least 1e-3 in bfloat16, 1e-4 in float16.
TINY = {jnp.bfloat16: 2e-5, jnp.float16: 2e-6}
each_dtype = pytest.mark.parametrize("dtype", TINY, ids=["bfloat16", "float16"])


@each_dtype
def test_the_trap_plain_parameters_do_not_move(dtype):
    params, _ = train(oz.sgd(TINY[dtype]), start(dtype))
    np.testing.assert_array_equal(params, start(dtype))


@pytest.mark.tier2
@each_dtype
@pytest.mark.parametrize("make", [oz.adamw, optax.adamw], ids=["ours", "optax's"])
def test_master_params_train_as_float32_does(dtype, make):
    """To float32's last digits: one is lost where a number lies in the middle of two of 16 bits."""
    wide, _ = train(make(TINY[dtype]), start(dtype).astype(jnp.float32))
    params, state = train(oz.master_params(make(TINY[dtype])), start(dtype))
    np.testing.assert_allclose(trained_in_float32(params, state), wide, rtol=2.0**-22, atol=0)
    np.testing.assert_array_equal(params, wide.astype(dtype))
    assert params.dtype == dtype
    assert not np.array_equal(params, start(dtype))


@each_dtype
def test_parameters_are_the_copy_rounded_to_the_nearest(dtype):
    """Also where the copy is next to the middle of two numbers, which a rounded update would miss."""
    rng, digits = np.random.default_rng(0), jnp.finfo(dtype).nmant
    middle = 1 + (2 * rng.integers(0, 2**digits, START.size) + 1) * 2.0 ** -(digits + 1)
    target = jnp.asarray(middle + rng.integers(-1, 2, START.size) * 2.0**-23, jnp.float32)

    params = jnp.abs(start(dtype)) / 8
    to_target = optax.stateless(lambda updates, params: target - params)  # exact in float32, and so is the sum
    tx = oz.master_params(to_target)
    updates, state = jax.jit(tx.update)(params.astype(jnp.float32), tx.init(params), params)
    params = optax.apply_updates(params, updates)
    away, nearest = (jnp.abs(x.astype(jnp.float32) - target) for x in (params, target.astype(dtype)))
    np.testing.assert_array_equal(away, nearest)
    np.testing.assert_array_equal(trained_in_float32(params, state), target)


@pytest.mark.parametrize(("dtype", "steps"), [(jnp.bfloat16, 2**16), (jnp.float16, 2**13)], ids=["bfloat16", "float16"])
def test_an_update_of_a_float32s_last_digit_arrives_and_half_of_one_is_lost(dtype, steps):
    for share, moved in ((2.0**-23, 1), (2.0**-25, 0)):
        params, state = train(oz.master_params(oz.sgd(share)), -jnp.ones(1, dtype), steps)
        assert params[0] == -1 - moved * float(jnp.finfo(dtype).eps)
        assert state.rest[0] == 0


@each_dtype
@pytest.mark.parametrize("gradients", [jnp.float32, None], ids=["float32 gradients", "its own"])
def test_parameters_that_are_replaced_are_the_truth(dtype, gradients):
    """Bit by bit, whatever training left in the state: zeros, powers of two and what is 1,000 times smaller too."""
    loaded = np.concatenate([np.zeros(64), -np.ones(64), 2.0 ** -(np.arange(384) % 26), 1e-3 * START[512:]])
    loaded, g = jnp.asarray(loaded).astype(dtype), jnp.ones(4096, gradients or dtype)
    tx = oz.master_params(oz.adam(0.0))
    half = 2 ** (22 - jnp.finfo(dtype).nmant)
    rest = jnp.asarray(np.random.default_rng(2).integers(-half, half, 4096), jnp.int16)
    state = tx.init(start(dtype))._replace(rest=rest.at[::64].set(half - 1).at[1::64].set(-half))
    for _ in range(3):
        updates, state = jax.jit(tx.update)(g, state, loaded)
        np.testing.assert_array_equal(optax.apply_updates(loaded, updates), loaded)


@pytest.mark.parametrize("rate", [1e-2, 1e-3, 1e-4])
def test_half_of_an_update_moves_half_as_far(rate):
    """On average over the parameters, also where one step is a 1/50 of what separates two of them."""
    steps = int(0.2 / rate)
    params, _ = train(optax.chain(oz.master_params(oz.sgd(rate)), optax.scale(0.5)), start(jnp.bfloat16), steps)
    moved = np.float64(start(jnp.bfloat16)) - np.float64(params)
    np.testing.assert_allclose(moved.mean(), 0.1, rtol=0.1)
    assert moved.std() < 0.04  # not one as far as a whole update, and the next not at all


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_what_an_optimizer_keeps_of_its_parameters_survives_their_donation(wrap):
    keeps = optax.GradientTransformation(lambda params: params, lambda updates, state, params=None: (updates, state))
    params = jnp.ones(3, jnp.float32)
    (kept,) = (x for x in jax.tree.leaves(wrap(oz.chain(keeps)).init(params)) if x.shape == (3,))
    assert kept.unsafe_buffer_pointer() != params.unsafe_buffer_pointer()


def test_a_frozen_parameter_starts_from_where_it_is():
    frozen = optax.chain(oz.master_params(oz.sgd(0.1)), optax.freeze({"w": True}))
    params, state = train(frozen, {"w": jnp.ones(3, jnp.bfloat16)}, 5)
    still = optax.chain(oz.master_params(oz.sgd(0.0)), optax.freeze({"w": False}))
    updates, _ = still.update(params, state, params)
    assert optax.apply_updates(params, updates)["w"].tolist() == [1, 1, 1]


def test_only_narrow_parameters_have_a_rest_of_two_bytes():
    params = {"w": jnp.ones(3, jnp.bfloat16), "norm": jnp.ones(3, jnp.float32), "none": None}
    tx = oz.master_params(oz.adam(1e-3))
    plain = {"w": params["w"].astype(jnp.float32), "norm": params["norm"]}
    assert oz.state_bytes(tx, params) == 2 * 3 + oz.state_bytes(oz.adam(1e-3), plain)
    trained, _ = train(tx, params, 3)
    expected, _ = train(oz.adam(1e-3), params, 3)
    np.testing.assert_array_equal(trained["norm"], expected["norm"])


def test_stochastic_rounding_goes_where_float32_does_on_average():
    """Each parameter arrives within a few of its neighbours; together they arrive a hundred times more exactly."""
    lost = TINY[jnp.bfloat16]
    params, state = train(oz.round_stochastically(oz.sgd(lost)), start(jnp.bfloat16))
    moved = np.float64(params) - np.float64(start(jnp.bfloat16))
    ulp = 2.0 ** (np.floor(np.log2(np.abs(START))) - 7)
    assert np.max(np.abs(moved + STEPS * lost) / ulp) < 4
    np.testing.assert_allclose(moved.mean(), -STEPS * lost, rtol=0.02)
    assert oz.step(state) == STEPS


def test_leaves_are_rounded_apart():
    params = {"a": start(jnp.bfloat16), "b": start(jnp.bfloat16)}
    trained, _ = train(oz.round_stochastically(oz.sgd(1e-4)), params, 10)
    assert np.any(trained["a"] != trained["b"])


def test_parameters_in_float32_are_not_rounded():
    wide = start(jnp.float32)
    np.testing.assert_array_equal(train(oz.round_stochastically(oz.adam(1e-3)), wide, 3)[0],
                                  train(oz.adam(1e-3), wide, 3)[0])  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_the_state_survives_the_donation_of_the_parameters(wrap):
    tx, params = wrap(oz.adam(1e-3)), {"w": start(jnp.bfloat16), "norm": jnp.ones(3, jnp.float32)}

    def step(params, state):
        updates, state = tx.update(params, state, params)
        return optax.apply_updates(params, updates), state

    step = jax.jit(step, donate_argnums=(0, 1))
    state = tx.init(params)
    for _ in range(3):
        params, state = step(params, state)
    assert jnp.isfinite(params["w"].astype(jnp.float32)).all()


def test_lookahead_keeps_its_dtype_under_gradients_in_float64():
    tx, params = oz.lookahead(oz.sgd(0.1)), jnp.ones(3, jnp.bfloat16)
    state = tx.init(params)
    _, after = tx.update(jnp.ones(3, jnp.float64), state, params)
    assert after.ahead.dtype == state.ahead.dtype == jnp.float32


def test_a_compressed_state_and_a_rest_fit_together():
    tx = oz.master_params(oz.compress_state(oz.adam(1e-3)))
    params, state = train(tx, start(jnp.bfloat16), 3)
    assert isinstance(optax.tree.get(state, "mu"), oz.Compressed)
    plain = trained_in_float32(*train(oz.master_params(oz.adam(1e-3)), start(jnp.bfloat16), 3))
    np.testing.assert_allclose(trained_in_float32(params, state), plain, rtol=1e-6)
    assert oz.state_bytes(tx, start(jnp.bfloat16)) / START.size < 4.1


HELD = ["init of shapes", "one compilation", "ignores extra arguments", "empty tree", "vmap equals loop"]


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_the_laws_of_a_training_loop(wrap):
    report = examine({law: LAWS[law] for law in HELD}, Subject.of(wrap(oz.momentum(1e-2)), {}))
    assert not report.broken, report


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_without_parameters_the_remedy_is_named(wrap):
    params = start(jnp.bfloat16)
    tx = wrap(oz.sgd(0.1))
    with pytest.raises(ValueError, match=r"call update\(gradients, state, params\), with params"):
        tx.update(params, tx.init(params))


def test_float16_is_not_rounded_stochastically():
    with pytest.raises(TypeError, match=r"the parameter at \['w'\] is float16: use master_params"):
        oz.round_stochastically(oz.sgd(0.1)).init({"w": start(jnp.float16)})
