"""What the page carries are the walks themselves, to the last digit that can be seen."""

import base64
import dataclasses
import zlib

import numpy as np
import pytest

from optzoo_jax.experiments.landscapes.paths import RATES, grid, most_often_lowest, walk
from optzoo_jax.experiments.landscapes.player import levels, places
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.methods.entries import entry

pytestmark = pytest.mark.tier2

VALLEY = surface("valley")  # −5 … 1.5 by −1.3 … 1.3


def unpacked(text, *shape):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i2").reshape(shape)


def z_of(q):
    return q / (2**15 - 1 - np.abs(q.astype(float)))


def test_a_place_in_and_near_the_picture_keeps_its_coordinates():
    way = np.array([[-1.75, 0.0], [1.5, -1.3], [-4.5, 0.1], [8.0, 3.9]])
    z = np.array([[0, 0], [1, -1], [-2.75 / 3.25, 0.1 / 1.3], [3, 3]])
    np.testing.assert_allclose(z_of(places(way, VALLEY)), z, atol=3e-4)
    lost = places(np.array([[np.nan, 0.0], [1.0, np.inf], [-np.inf, 1.0]]), VALLEY)
    np.testing.assert_array_equal(lost, -(2**15))


def test_a_way_out_of_the_picture_keeps_its_direction():
    edge, far = np.array([1.5, 1.3]), np.array([3.25e9 + 1.5, -1.3e9 + 1.3])
    z = z_of(places(np.array([edge, far, [-1.75, 1e300], [np.nan, 1.0]]), VALLEY)[:3])
    assert (z[1] - z[0])[0] / (z[1] - z[0])[1] == pytest.approx(-1, rel=2e-3)
    assert np.all(np.abs(z[1]) > 25)
    assert np.abs(z[2]).max() == pytest.approx(30, rel=1e-2)


def test_a_level_keeps_three_digits():
    height = np.array([1e-12, 3.14159e-7, 1.0, 2.71828, 1e38])
    np.testing.assert_allclose(10 ** (levels(height) / 800.0), height, rtol=1.5e-3)
    np.testing.assert_array_equal(levels(np.array([0.0, -1e-9])), -12 * 800)
    np.testing.assert_array_equal(levels(np.array([np.nan, np.inf])), -(2**15))


def test_the_page_carries_the_walks(landscapes):
    methods, (valley, _) = landscapes["methods"], landscapes["surfaces"]
    assert [m["name"] for m in methods] == ["sgd", "adam"]
    rates = grid(0.001, RATES)
    assert methods[1]["rates"] == pytest.approx(rates)
    xy, f = walk(entry("adam"), VALLEY, rates)
    kept = z_of(unpacked(valley["xy"], 2, RATES, 4, 101, 2)[1])
    z = (xy - np.array([-1.75, 0])) / np.array([3.25, 1.3])
    seen = np.abs(z).max(axis=-1) <= 1
    assert seen.mean() > 0.8
    np.testing.assert_allclose(kept[seen], z[seen], atol=1e-4)
    np.testing.assert_allclose(
        10 ** (unpacked(valley["f"], 2, RATES, 4, 101)[1] / 800.0), np.maximum(f, 1e-12), rtol=1.5e-3
    )
    assert valley["chosen"][1] == most_often_lowest(f)


def test_the_page_carries_the_basins(landscapes):
    _, himmelblau = landscapes["surfaces"]
    basins = unpacked(himmelblau["basins"], 2, RATES, 64, 64)
    assert basins.min() == -1
    assert basins.max() <= 150
    ground = surface("himmelblau")
    starts = [(3, 40), (60, 7)]  # column, row
    middles = tuple((-5 + 10 * (i + 0.5) / 64, -5 + 10 * (j + 0.5) / 64) for i, j in starts)
    _, f = walk(entry("adam"), dataclasses.replace(ground, starts=middles), grid(0.001, RATES))
    low = f - ground.least <= himmelblau["goal"]
    for k in range(RATES):
        for s, (i, j) in enumerate(starts):
            expected = next((t for t in range(151) if low[k, s, t:].all()), -1)
            assert basins[1, k, j, i] == expected
    assert len({basins[1, k, 40, 3] for k in range(RATES)}) > 3


def test_progress_is_told_for_each_walk(landscapes_and_progress):
    walks = ["sgd, valley", "adam, valley", "sgd, himmelblau", "adam, himmelblau"]
    assert landscapes_and_progress[1] == [(walk, i) for i, walk in enumerate(walks)]
