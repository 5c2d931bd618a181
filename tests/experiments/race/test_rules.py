"""The rules of tuning, apart from training: where the bracket ends, where trials lie, and when their box moves."""

import math

import numpy as np
import pytest

from optzoo_jax.experiments.methods.entries import entry
from optzoo_jax.experiments.race.cell import Budget, bracket
from optzoo_jax.experiments.race.points import Box, box_around, moved, placed, unit_points

B1 = entry("adam").knob
DECAY = entry("adamw").knob
BOX = Box((1e-2, 1e-1), None)


def bowl(best):
    calls = []

    def loss(x):
        calls.append(x)
        return (x - best) ** 2

    return loss, calls


def test_a_best_rate_inside_takes_whole_decades_and_two_halves():
    loss, calls = bowl(-2.4)
    best, tried = bracket(loss)
    assert best == -2.5
    assert calls == [*range(-6, 4), -2.5, -1.5]
    assert tried == sorted(calls)


@pytest.mark.parametrize(
    ("at", "more"),
    [(3.2, [4, 5]), (-6.2, [-7, -8]), (3.8, [4, 5]), (4.9, [4, 5, 6]), (-6.8, [-7, -8]), (-7.9, [-7, -8, -9])],
)
def test_a_best_rate_at_the_edge_takes_two_decades_more_on_its_side(at, more):
    loss, calls = bowl(at)
    best, _ = bracket(loss)
    assert best == round(2 * at) / 2
    assert calls[10:-2] == more


@pytest.mark.parametrize(("at", "ends"), [(6.2, (-6, 6)), (40, (-6, 6)), (-9.4, (-9, 3))])
def test_a_best_rate_beyond_everything_is_not_found(at, ends):
    loss, calls = bowl(at)
    best, tried = bracket(loss)
    assert best is None
    assert (tried[0], tried[-1]) == ends
    assert len(calls) == 13


def test_where_everything_diverges_nothing_is_found():
    assert bracket(lambda x: math.inf)[0] is None


def test_a_rate_beside_which_all_diverges_is_found():
    best, _ = bracket(lambda x: -x if x <= -2 else math.inf)
    assert best == -2


def test_points_are_the_same_for_all_and_others_in_another_study():
    points = unit_points(16, 0)
    np.testing.assert_array_equal(unit_points(32, 0)[:16], points)
    np.testing.assert_array_equal(unit_points(12, 0), points[:12])
    assert (unit_points(16, 1) != points).all()
    counts = np.histogram(points[:, 0], 4, (0, 1))[0]
    assert counts.tolist() == [4, 4, 4, 4], "of a quasi-random sequence"


def test_trials_lie_half_a_decade_around_the_best_rate_and_knobs_are_the_arguments_own_values():
    box = box_around(1e-2, B1)
    corners = np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]])
    np.testing.assert_allclose(placed(corners, box, B1), [(10**-2.5, 0.995), (10**-1.5, 0.5), (1e-2, 0.95)])
    decays = placed(corners, box_around(1e-2, DECAY), DECAY)
    np.testing.assert_allclose(decays, [(10**-2.5, 1e-4), (10**-1.5, 1.0), (1e-2, 1e-2)])
    assert np.isnan([knob for _, knob in placed(corners, box_around(1e-2, None), None)]).all()


def tried(best, count=16, coordinate=0):
    """Points at equal distances in one coordinate, and losses that are lowest at some of them."""
    points = np.full((count, 2), 0.5)
    points[:, coordinate] = (np.arange(count) + 0.5) / count
    losses = np.ones(count)
    losses[list(best)] = 0.5
    return points, losses


@pytest.mark.parametrize(
    ("best", "rate"),
    [
        ((0, 1, 3), (10**-2.5, 10**-1.5)),
        ((12, 14, 15), (10**-1.5, 10**-0.5)),
        ((0, 1, 4), BOX.rate),
        ((0, 1, 15), BOX.rate),
    ],
)
def test_the_box_moves_by_half_its_width_where_the_best_three_are_at_one_border(best, rate):
    """Of sixteen trials four are in a border."""
    np.testing.assert_allclose(moved(BOX, None, *tried(best)).rate, rate)


def test_fewer_than_three_trials_that_end_move_nothing():
    points, losses = tried((0, 1, 2))
    losses[3:] = np.inf
    assert moved(BOX, None, points, losses) != BOX
    losses[2:] = np.inf
    assert moved(BOX, None, points, losses) == BOX


def test_a_border_is_narrower_where_there_are_more_trials():
    assert moved(BOX, None, *tried((0, 3, 5), count=40)) == BOX
    assert moved(BOX, None, *tried((0, 1, 3), count=40)) != BOX


def test_a_knob_moves_as_far_as_it_makes_sense():
    box = Box(BOX.rate, (B1.low, B1.high))
    low, high = (tried(best, coordinate=1) for best in ((0, 1, 2), (13, 14, 15)))
    np.testing.assert_allclose(moved(box, B1, *low).knob, (1e-3, 0.05))
    np.testing.assert_allclose(moved(box, B1, *high).knob, (0.05, 1.0))
    assert moved(Box(BOX.rate, (0.05, 1.0)), B1, *high).knob == (0.05, 1.0), "no memory at all: there is no more"
    decay = Box(BOX.rate, (DECAY.low, DECAY.high))
    assert moved(decay, DECAY, *low) == decay, "a smaller decay is none"
    np.testing.assert_allclose(moved(decay, DECAY, *high).knob, (1e-2, 100.0))


def test_a_baseline_gets_twice_the_trials():
    budget = Budget(trials=8, fresh=3)
    assert (budget.trials_of(entry("adam")), budget.trials_of(entry("adamw"))) == (8, 16)
    assert budget.runs_of(entry("adam")) == 12 + 8 + 3 + 3
