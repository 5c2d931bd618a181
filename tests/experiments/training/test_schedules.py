"""The learning rate is the peak of its schedule, and every method takes a schedule."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiers import FIRST_ORDER, in_both_tiers

import optzoo_jax as oz
from optzoo_jax.experiments.methods.entries import entry
from optzoo_jax.experiments.training.schedules import SCHEDULES, schedule


def values(name, steps, peak=0.5):
    scheduled = schedule(name, steps)(jnp.float32(peak))
    return np.array([scheduled(t) if callable(scheduled) else scheduled for t in range(steps)])


def test_constant_is_the_rate_itself():
    rate = jnp.float32(0.5)
    assert schedule("constant", 10)(rate) is rate


def test_cosine():
    expected = 0.5 * (1 + np.cos(np.pi * np.arange(20) / 20)) / 2
    np.testing.assert_allclose(values("cosine", 20), expected, rtol=1e-6, atol=1e-7)


def test_warm_up_climbs_in_equal_stairs_and_reaches_the_peak():
    found = values("warmup-cosine", 80)
    np.testing.assert_allclose(found[:4], 0.5 * np.arange(1, 5) / 4, rtol=1e-6)
    expected = 0.5 * (1 + np.cos(np.pi * np.arange(77) / 77)) / 2
    np.testing.assert_allclose(found[3:], expected, rtol=1e-6, atol=1e-7)


def test_linear_falls_by_equal_steps():
    np.testing.assert_allclose(values("linear", 20), 0.5 * (1 - np.arange(20) / 20), rtol=1e-6)


def test_of_several_schedules_a_traced_index_chooses():
    names = ["linear", "constant", "warmup-cosine"]
    chosen = schedule(names, 20)
    for index, name in enumerate(names):
        found = jax.jit(lambda index: jnp.stack([chosen(jnp.float32(0.5), index)(t) for t in range(20)]))(index)
        np.testing.assert_allclose(found, values(name, 20), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_short_runs_have_finite_positive_rates(name, steps):
    found = values(name, steps)
    assert np.all(np.isfinite(found))
    assert np.all(found > 0)
    assert found.max() == 0.5


def test_rates_are_float32_under_any_precision():
    assert schedule("cosine", 10)(jnp.float32(0.5))(jnp.int32(3)).dtype == jnp.float32


def test_the_bounds_of_adabound_follow_the_schedule():
    """The schedule's peak is their base, as that of the authors."""
    scheduled = schedule("cosine", 4)(jnp.float32(0.1))
    found = entry("adabound").untuned(scheduled)
    expected = oz.adabound(lambda t: scheduled(t), base_learning_rate=0.1)
    params = jnp.float32([1.0, -2.0])

    def run(tx):
        state, updates = tx.init(params), []
        for t in range(4):
            u, state = tx.update(params * (t + 1), state, params)
            updates.append(u)
        return np.array(updates)

    np.testing.assert_allclose(run(found), run(expected), rtol=1e-5)


@pytest.mark.parametrize("name", in_both_tiers([*FIRST_ORDER, "newton", "lookahead(adam)", "amsbound[survey]"]))
def test_every_method_takes_a_schedule_with_a_traced_peak(name):
    make = entry(name).untuned
    scheduled = schedule("warmup-cosine", 10)

    def first(rate):
        tx = make(scheduled(rate))
        return tx.init(jnp.ones((2, 3), jnp.float32))

    jax.eval_shape(first, jax.ShapeDtypeStruct((), jnp.float32))


def test_a_wrong_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"no schedule is called 'cosin'; .* Did you mean 'cosine'"):
        schedule("cosin", 10)
