"""A minimum is reached where a plain loop reaches it, and the goal is the same for surfaces of any scale."""

import dataclasses
import math

import numpy as np
import pytest

from optzoo_jax.experiments.landscapes.basins import NEVER, SHARE, goal_of, steps_to, walks_and_basins
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.methods.entries import entry


@pytest.mark.parametrize(
    ("f", "steps"),
    [
        ([0.5, 0.9, 1.0], 0),
        ([3.0, 2.0, 1.0], 2),
        ([3.0, 0.1, 2.0, 0.5, 0.5], 3),  # it came, left and came back
        ([3.0, 0.1, 0.1, 1.5], NEVER),
        ([0.5, math.nan, math.nan], NEVER),
        ([3.0, -math.inf, math.inf], NEVER),
    ],
)
def test_a_minimum_is_reached_where_f_stays_low(f, steps):
    assert steps_to(np.array([f, [9.0] * len(f)]), 1.0).tolist() == [steps, NEVER]


def test_the_goal_is_a_share_of_the_region():
    # The ellipse (x² + 50 y²)/2 ≤ f has the area 2πf/√50, and the region is 6.5 wide and 2.6 high.
    valley = surface("valley")
    assert goal_of(valley) == pytest.approx(SHARE * 6.5 * 2.6 * math.sqrt(50) / (2 * math.pi), rel=0.03)
    scaled = dataclasses.replace(valley, f=lambda xy: 100 * valley.f(xy) - 7)
    assert goal_of(scaled) == pytest.approx(100 * goal_of(valley) - 7, rel=1e-9)


def test_steps_are_those_of_a_plain_loop():
    valley = dataclasses.replace(surface("valley"), region=(-5.0, 1.5, -1.3, 3.2), steps=60)
    rates, goal, side = [0.001, 0.01, 1.0], 0.1, 3
    walks = walks_and_basins(entry("momentum"), valley, rates, goal, side)
    assert (walks.xy.shape, walks.f.shape, walks.steps.shape) == ((3, 4, 61, 2), (3, 4, 61), (3, 3, 3))

    def loop(rate, x, y):
        """Momentum on (x² + 50 y²)/2, by hand."""
        point, velocity, low = np.array([x, y]), np.zeros(2), []
        for _ in range(61):
            low.append((point[0] ** 2 + 50 * point[1] ** 2) / 2 <= goal)
            velocity = 0.9 * velocity + point * [1, 50]
            point = point - rate * velocity
        return next((t for t in range(61) if all(low[t:])), NEVER)

    across, up = [-5 + 6.5 * i / 6 for i in (1, 3, 5)], [-1.3 + 4.5 * j / 6 for j in (1, 3, 5)]
    expected = [[[loop(rate, x, y) for x in across] for y in up] for rate in rates]
    np.testing.assert_array_equal(walks.steps, expected)
    # Each row of a map is another, the upper is too far away, and at 1 every path diverges.
    assert len({tuple(row) for row in expected[1]}) == 3
    np.testing.assert_array_equal(np.equal(expected, NEVER).all(axis=-1), [[0, 0, 1], [0, 0, 1], [1, 1, 1]])
