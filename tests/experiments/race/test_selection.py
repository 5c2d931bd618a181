"""The learning rate is chosen by validation data; a run that diverged counts as the worst."""

import math

import pytest

from optzoo_jax.experiments.training.selection import best_rate, beyond_the_edge, grid, median


def run(rate, accuracy, loss=1.0, **more):
    return {"learning_rate": rate, "validation_accuracy": accuracy, "validation_loss": loss, **more}


def test_the_best_rate_is_chosen_by_validation_and_not_by_test():
    runs = [run(0.1, 0.9, test_accuracy=0.99, test_loss=0.0), run(1.0, 0.95, test_accuracy=0.5, test_loss=9.0)]
    assert best_rate(runs) == 1.0


def test_the_median_over_the_seeds_decides_and_not_the_luckiest():
    lucky = [run(0.1, 0.99), run(0.1, 0.5), run(0.1, 0.5)]
    steady = [run(1.0, 0.8), run(1.0, 0.8), run(1.0, 0.8)]
    assert best_rate(lucky + steady) == 1.0


def test_ties_go_to_the_lower_loss_then_to_the_smaller_rate():
    assert best_rate([run(0.1, 0.9, 0.3), run(1.0, 0.9, 0.2), run(10.0, 0.9, 0.4)]) == 1.0
    assert best_rate([run(1.0, 0.9), run(0.1, 0.9)]) == 0.1


def test_a_diverged_run_counts_as_the_worst():
    diverged = [run(0.1, None, None), run(0.1, None, None), run(0.1, 0.99, 0.0)]
    assert best_rate([*diverged, run(1.0, 0.2, 2.0)]) == 1.0
    assert median(diverged, 0.1, "validation_accuracy") == 0
    assert median(diverged, 0.1, "validation_loss") == math.inf


def test_where_all_diverged_the_smallest_rate_is_kept():
    assert best_rate([run(1.0, None, None), run(0.1, None, None)]) == 0.1


@pytest.mark.parametrize(("count", "factors"), [(1, [0]), (2, [0, 1]), (5, [-2, -1, 0, 1, 2])])
def test_grid_is_in_half_decades_around_the_default(count, factors):
    assert grid(0.02, count) == pytest.approx([0.02 * 10 ** (k / 2) for k in factors])


def test_grid_grows_on_the_side_of_the_best():
    assert beyond_the_edge([1.0, 2.0, 3.0], 1.0) == pytest.approx([0.1, 0.1 * 10**0.5])
    assert beyond_the_edge([1.0, 2.0, 3.0], 3.0) == pytest.approx([3 * 10**0.5, 30.0])
    assert beyond_the_edge([1.0, 2.0, 3.0], 2.0) == []
    assert beyond_the_edge([1.0], 1.0) == [], "one rate is no choice"


def test_where_nothing_is_right_or_wrong_the_loss_decides():
    runs = [{"learning_rate": rate, "validation_loss": loss} for rate, loss in [(0.1, 2.0), (1.0, 1.0), (10.0, None)]]
    assert best_rate(runs) == 1.0
