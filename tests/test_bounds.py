"""What the size of an update may not exceed, on drawn streams."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optzoo_jax as oz

STEPS = 40
streams = st.lists(
    st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda g: g == 0 or abs(g) > 1e-6),
    min_size=STEPS,
    max_size=STEPS,
)


def run(tx, gradients):
    """The updates, and the state after each."""

    def step(state, g):
        updates, state = tx.update(g, state, g)
        return state, (updates, state)

    g = jnp.asarray(gradients)[:, None]
    return jax.lax.scan(step, tx.init(jnp.zeros(1)), g)[1]


def test_every_bound_on_a_card_is_tested():
    bounded = {name for name in oz.list_optimizers() if oz.card(name).bound}
    assert bounded == {"adam", "adabound", "amsbound", "adamod", *OF_A_NUMBER}


# The updates of these are no larger than a number.
OF_A_NUMBER = {"lion": 1.0, "signum": 1.0, "mars_lion": 1.0, "adam_atan2": 1.27 * np.pi / 2}


@pytest.mark.parametrize("name", OF_A_NUMBER)
def test_no_larger_than_a_number(name):
    rng = np.random.default_rng(0)
    streams = rng.normal(size=(8, STEPS)) * 10.0 ** rng.integers(-6, 6, size=(8, STEPS))
    found = np.concatenate([jax.jit(lambda g: run(oz.get(name, learning_rate=1.0), g)[0])(g) for g in streams])
    assert np.max(np.abs(found)) <= OF_A_NUMBER[name] * (1 + 1e-12)
    assert np.max(np.abs(found)) >= 0.5 * OF_A_NUMBER[name]


ADAM = jax.jit(lambda g: run(oz.adam(1.0, eps=0.0), g)[0])
B1, B2, T = 0.9, 0.999, np.arange(1, STEPS + 1)
ADAM_BOUND = np.sqrt(1 - B2**T) / (1 - B1**T) * (1 - B1) / np.sqrt((1 - B2) * (1 - B1**2 / B2))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(gradients=streams)
def test_adam(gradients):
    assert np.all(np.abs(ADAM(jnp.asarray(gradients))[:, 0]) <= ADAM_BOUND * (1 + 1e-9))


def test_adams_bound_is_sharp_and_above_the_papers():
    """The gradients that Cauchy and Schwarz name reach it, and what the paper prints is exceeded."""
    steps = 1000
    g = (B1 / B2) ** np.arange(steps)[::-1]
    last = float(jax.jit(lambda g: run(oz.adam(1.0, eps=0.0), g)[0])(jnp.asarray(g))[-1, 0])
    bound = np.sqrt(1 - B2**steps) / (1 - B1**steps) * (1 - B1) / np.sqrt((1 - B2) * (1 - B1**2 / B2))
    assert 0.999 * bound < -last <= bound * (1 + 1e-9)
    assert -last > 1.5 * (1 - B1) / np.sqrt(1 - B2)


BOUNDED = {
    name: jax.jit(lambda g, name=name: run(oz.get(name, learning_rate=0.1), g)) for name in ("adabound", "amsbound")
}


@settings(max_examples=50, deadline=None, derandomize=True)
@given(gradients=streams)
def test_adabound(gradients):
    for name in BOUNDED:
        updates, _ = BOUNDED[name](jnp.asarray(gradients))
        upper = 0.1 * (1 + 1 / (1e-3 * T))
        m = np.maximum.accumulate(np.abs(gradients)) * (1 - B1**T)
        assert np.all(np.abs(updates[:, 0]) <= upper * m * (1 + 1e-9)), name


MOD = jax.jit(lambda g: run(oz.adamod(0.1), g))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(gradients=streams)
def test_adamod(gradients):
    updates, states = MOD(jnp.asarray(gradients))
    mu, s = (optax.tree.get(states, slot) for slot in ("mu", "rate_average"))
    corrected = np.abs(mu[:, 0]) / (1 - B1**T)
    assert np.all(np.abs(updates[:, 0]) <= s[:, 0] * corrected * (1 + 1e-9))
