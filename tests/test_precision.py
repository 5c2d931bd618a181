"""float32 follows float64, as well as optax does or better; and every dtype keeps its own."""

import jax.numpy as jnp
import numpy as np
import pytest
from compilation import AS_IT_COMES
from test_twins import TWINS
from trajectories import run, stream

import optzoo_jax as oz

CASES = [
    (name, variant)
    for name in oz.list_optimizers(kind="optimizer")
    for variant in (oz.card(name).variants or {None: ""})
]
STEPS, N = 1000, 200
RNG = np.random.default_rng(11)
# Exact in float32, so that both precisions see the same numbers. Magnitudes over six decades.
G = (RNG.normal(size=(STEPS, N)) * 10.0 ** RNG.uniform(-3, 3, size=N)).astype(np.float32)
START = RNG.normal(size=N).astype(np.float32)


def drift(make):
    """The largest difference between the two precisions in 1,000 steps, relative to the path's own largest value."""
    wide = run(make(), stream(G.astype(np.float64)), jnp.asarray(START, jnp.float64), STEPS, options=AS_IT_COMES)
    narrow = run(make(), stream(G), jnp.asarray(START, jnp.float32), STEPS, options=AS_IT_COMES)
    assert narrow.dtype == np.float32
    return np.max(np.abs(narrow - wide) / np.max(np.abs(wide), axis=0))


@pytest.mark.tier2
@pytest.mark.parametrize(("name", "variant"), CASES)
def test_float32_stays_within_1e_4_of_float64(name, variant):
    chosen = {} if variant is None else {"variant": variant}
    assert drift(lambda: oz.get(name, learning_rate=oz.card(name).learning_rate, **chosen)) < 1e-4


@pytest.mark.parametrize("name", TWINS)
def test_float32_is_at_the_level_of_optax(name, standard_promotion):
    rate = oz.card(name).learning_rate
    ours, theirs = drift(lambda: oz.get(name, like="optax", learning_rate=rate)), drift(lambda: TWINS[name](rate))
    print(f"{name}: {ours:.1e}, optax {theirs:.1e}")
    assert ours <= 1.2 * theirs + 1e-6
