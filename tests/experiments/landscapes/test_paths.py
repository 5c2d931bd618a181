"""Paths are those of the optimizer itself, and their learning rates are chosen by the rule."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from optzoo_jax.experiments.landscapes.map import label
from optzoo_jax.experiments.landscapes.paths import RATES, Path, grid, most_often_lowest, walk, walks
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.methods.entries import entry


@pytest.mark.parametrize(("name", "on"), [("adam", "plateau"), ("newton", "himmelblau")])
def test_a_path_is_what_a_plain_loop_walks(name, on):
    ground = dataclasses.replace(surface(on), steps=3)
    rates = [0.3, 0.1]
    xy, f = walk(entry(name), ground, rates)
    assert xy.shape == (2, 4, 4, 2)
    assert f.shape == (2, 4, 4)
    tx = optax.with_extra_args_support(entry(name).untuned(rates[1]))

    @jax.jit
    def step(point, state, t):
        def objective(p):
            return ground.sampled(p, t)

        updates, state = tx.update(jax.grad(objective)(point), state, point, value_fn=objective)
        return optax.apply_updates(point, updates), state

    point = jnp.array(ground.starts[2])
    state = tx.init(point)
    for t in range(4):
        np.testing.assert_allclose(xy[1, 2, t], point, rtol=1e-12)
        np.testing.assert_allclose(f[1, 2, t], ground.f(point), rtol=1e-11)
        point, state = step(point, state, t)


def test_a_path_that_diverges_is_kept_and_said():
    wide = dataclasses.replace(surface("beale"), starts=((1.0, -1.0), (-4.0, 4.0), (1.0, 1.0), (3.0, 0.5)), steps=50)
    xy, f = walk(entry("sgd"), wide, [0.01])
    assert xy.shape == (1, 4, 51, 2)
    assert not np.isfinite(f[0, 1, -1])
    path = Path("sgd", 0.01, False, xy[0], f[0])
    np.testing.assert_array_equal(path.diverged, [False, True, False, False])
    assert label(path) == "sgd  0.01, 1 of 4 diverged"


def test_the_rate_is_that_of_the_rule():
    valley = surface("valley")
    (path,) = walks([entry("sgd")], valley)
    rates = grid(0.1, RATES)
    xy, f = walk(entry("sgd"), valley, rates)
    best = rates.index(path.rate)
    # At 2/50 and above the steep coordinate diverges; of the smaller rates the largest is ahead most of the time.
    assert path.rate == pytest.approx(0.1 / 10**0.5)
    assert best == most_often_lowest(f)
    assert not path.on_edge
    np.testing.assert_array_equal(path.xy, xy[best])
    np.testing.assert_array_equal(path.f, f[best])


def test_most_often_lowest_counts_places_and_not_amounts():
    a, b, c = [1.0, 1.0, 1.0, 1e9], [2.0, 2.0, 2.0, 2.0], [3.0, 3.0, 3.0, 1.0]
    for monotone in (lambda x: x, np.log, lambda x: x - 1e3):
        assert most_often_lowest(monotone(np.array([c, b, a]))) == 2
    assert most_often_lowest(np.array([[1.0, 1.0], [1.0, 1.0]])) == 0, "of equals the smallest"
    assert most_often_lowest(np.array([[np.nan, np.nan], [1e30, np.inf]])) == 1, "not finite is worst"
