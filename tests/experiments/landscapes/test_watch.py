"""What is recorded behind the parts is what the optimizer does."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz
from optzoo_jax.experiments.landscapes.bounds import bounds_of
from optzoo_jax.experiments.landscapes.watch import watch
from optzoo_jax.experiments.methods.entries import select
from optzoo_jax.versions import enable_x64

G = np.random.default_rng(0).normal(size=(13, 2))
FIRST_ORDER = [e for e in select([]) if e.name != "newton"]


@pytest.mark.tier2
@pytest.mark.parametrize("entry", FIRST_ORDER, ids=lambda e: e.name)
def test_the_parts_make_the_step_of_the_whole(entry):
    tx = entry.untuned(entry.learning_rate)
    streams = watch(tx, G, np.ones(2))

    @jax.jit
    def plain(gradients):
        def step(carry, g):
            params, state = carry
            updates, state = tx.update(g, state, params)
            return (optax.apply_updates(params, updates), state), updates

        params = jnp.ones(2)
        return jax.lax.scan(step, (params, tx.init(params)), gradients)[1]

    np.testing.assert_allclose(streams[-1].values, plain(jnp.asarray(G)), rtol=1e-12)
    by_branch = {s.branch: s.values for s in streams}
    product = [s.values for s in streams if s.part.name == "precondition"]
    if product:
        np.testing.assert_allclose(product[0], by_branch["direction"] * by_branch["rate"], rtol=1e-14)


def test_every_stream_is_that_of_its_part():
    streams = {(s.branch, s.part.name): s.values for s in watch(oz.diffgrad(0.1), G)}
    m, v = np.zeros(2), np.zeros(2)
    for t, g in enumerate(G, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        np.testing.assert_allclose(streams["direction", "raw_ema"][t - 1], m, rtol=1e-12)
        np.testing.assert_allclose(streams["direction", "debias"][t - 1], m / (1 - 0.9**t), rtol=1e-12)
        np.testing.assert_allclose(streams["rate", "second_moment"][t - 1], v, rtol=1e-12)
        rate = 1 / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(streams["rate", "inverse_root"][t - 1], rate, rtol=1e-10)
        friction = 1 / (1 + np.exp(-np.abs((G[t - 2] if t > 1 else 0) - g)))
        np.testing.assert_allclose(streams["rate", "dfc_friction"][t - 1], friction * rate, rtol=1e-10)


def test_what_was_made_elsewhere_is_refused():
    with pytest.raises(ValueError, match="chain was made elsewhere"):
        watch(optax.sgd(0.1, momentum=0.9), G)
    with pytest.raises(ValueError, match="made elsewhere"):
        watch(oz.chain(oz.raw_ema(0.9), optax.scale(-1.0)), G)


@pytest.mark.parametrize(("double", "rtol"), [(True, 1e-12), (False, 1e-6)], ids=["float64", "float32"])
def test_bounds_are_those_of_the_paper(double, rtol):
    with enable_x64(double):
        (bound,) = [s.part for s in watch(oz.adabound(1e-3), G) if s.part.name == "clip_rate"]
        low, high = bounds_of(bound, 1000)
    t = np.arange(1, 1001)
    np.testing.assert_allclose(low, 0.1 * (1 - 1 / (1e-3 * t + 1)), rtol=rtol, atol=0 if double else 1e-8)
    np.testing.assert_allclose(high, 0.1 * (1 + 1 / (1e-3 * t)), rtol=rtol)
