"""accumulate_gradients: a large batch's step, at a large batch's price, and no micro-batch spoils the next ones."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from trajectories import run

import optzoo_jax as oz
from optzoo_jax.testing import check_transformation

K, STEPS = 4, 5
RNG = np.random.default_rng(5)
X, Y, START = RNG.normal(size=(STEPS * K, 8, 3)), RNG.normal(size=(STEPS * K, 8)), RNG.normal(size=3)


def gradient(params, x, y):
    return jax.grad(lambda p: jnp.mean((x @ p - y) ** 2))(params)


def micro(params, t):
    return gradient(params, jnp.asarray(X)[t], jnp.asarray(Y)[t])


def batch(params, t):
    return gradient(params, jnp.asarray(X.reshape(STEPS, -1, 3))[t], jnp.asarray(Y.reshape(STEPS, -1))[t])


def updates_of(tx, gradients):
    """The updates of a stream at parameters that stand still, and the last state."""
    params = jnp.zeros(gradients.shape[1:], gradients.dtype)
    state, updates = jax.jit(lambda g: jax.lax.scan(lambda s, g: tx.update(g, s, params)[::-1], tx.init(params), g))(
        jnp.asarray(gradients)
    )
    return np.asarray(updates), state


def test_it_is_the_step_of_the_large_batch():
    """Its counter, its schedule and its decay are those of updates, not of micro-batches."""
    tx = oz.adamw(optax.linear_schedule(0.1, 0.01, STEPS), weight_decay=0.1)
    found = run(oz.accumulate_gradients(tx, K), micro, jnp.asarray(START), STEPS * K)
    expected = run(tx, batch, jnp.asarray(START), STEPS)
    np.testing.assert_allclose(found[K - 1 :: K], expected, rtol=1e-12)
    for j in range(K - 1):
        before = np.concatenate([START[None], expected[:-1]])
        np.testing.assert_allclose(found[j::K], before, rtol=1e-12, err_msg="between updates nothing moves")


def test_the_inner_optimizer_runs_on_every_kth_call_only():
    calls = []

    def update(updates, state, params=None):
        jax.debug.callback(lambda: calls.append(1))
        return updates, state

    updates_of(oz.accumulate_gradients(optax.GradientTransformation(lambda p: (), update), 3), np.ones((9, 2)))
    jax.effects_barrier()
    assert len(calls) == 3


def test_a_nan_spoils_its_own_batch_alone():
    gradients = np.ones((6, 2))
    gradients[1, 0] = np.nan
    updates, _ = updates_of(oz.accumulate_gradients(oz.sgd(1.0), 2), gradients)
    np.testing.assert_array_equal(updates[1::2], [[np.nan, -1], [-1, -1], [-1, -1]])


def test_dropped_micro_batches_leave_the_mean_of_the_others():
    gradients = np.arange(1.0, 13.0).reshape(12, 1)
    gradients[[1, 6, 7, 8]] = [[np.inf], [np.nan], [np.nan], [-np.inf]]
    updates, state = updates_of(oz.accumulate_gradients(oz.momentum(1.0), 3, drop_not_finite=True), gradients)
    # The means are 2 (of 1 and 3), 5, nothing, 11; momentum sums them with 0.9.
    np.testing.assert_allclose(updates[2::3, 0], [-2, -6.8, 0, -(0.9 * 6.8 + 11)], rtol=1e-12)
    assert oz.step(state) == 3


def test_the_mean_of_many_bfloat16_gradients_is_kept_in_float32():
    """In bfloat16 the mean of ones and then zeros stops falling, since what separates numbers is larger than a step."""
    gradients = np.repeat(np.array([[1.0], [0.0]], jnp.bfloat16), 500, axis=0)
    updates, _ = updates_of(oz.accumulate_gradients(oz.sgd(1.0), 1000), gradients)
    assert float(updates[-1, 0]) == -0.5


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
def test_with_one_gradient_it_is_the_optimizer_itself():
    shapes = ["fixed point", "dtype of the gradient", "wide gradients", "init of shapes", "empty tree"]
    laws = [*shapes, "no NaN", "no average stops", "masked"]
    check_transformation(oz.accumulate_gradients(oz.adam(1e-3), 1, drop_not_finite=True), laws=laws)


@pytest.mark.parametrize("make", [oz.sgd, lambda rate: oz.lookahead(oz.sgd(rate))], ids=["sgd", "lookahead"])
def test_updates_have_the_wider_dtype(make):
    """Between updates too: float32 parameters of bfloat16 gradients, and the other way round."""
    for narrow, wide in ((jnp.bfloat16, jnp.float32), (jnp.float32, jnp.bfloat16)):
        tx, params, g = oz.accumulate_gradients(make(1.0), 2), jnp.ones(2, narrow), jnp.ones(2, wide)
        assert tx.update(g, tx.init(params), params)[0].dtype == jnp.float32


def test_no_gradients_have_no_mean():
    with pytest.raises(ValueError, match=r"k=0 is outside \[1, ∞\)\. k is the number of gradients in a mean"):
        oz.accumulate_gradients(oz.sgd(1.0), 0)


def test_one_number_that_is_not_finite_drops_its_micro_batch():
    tx, params = oz.accumulate_gradients(oz.sgd(1.0), 2, drop_not_finite=True), jnp.zeros(2)
    _, state = tx.update(jnp.array([jnp.nan, 1.0]), tx.init(params), params)
    updates, _ = tx.update(jnp.array([3.0, 5.0]), state, params)
    assert updates.tolist() == [-3.0, -5.0]
