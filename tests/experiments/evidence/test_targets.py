"""Steps to a target are read off the curve of the trial that gets there first."""

import dataclasses

import numpy as np
import pytest
from experiments.evidence.synthetic import Method, Noise, race

from optzoo_jax.experiments.evidence.targets import fastest, profile_areas, ratio, steps_to
from optzoo_jax.experiments.protocol.record import TRIAL

STILL = Noise(seed=0, validation=0, block=0, own=0, run=0)
INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("curve", "steps"),
    [
        ([4, 3, 2, 1], 3),
        ([4, 3, 2.5, 1.5], 6),
        ([4, 1, 3, 1], 1 + 2 / 3),
        ([4, 3, 2.2, 2.1], INF),
        ([1.5, 1, 1, 1], 1),
        ([4, 3, NAN, NAN], INF),
        ([NAN, NAN, NAN, NAN], INF),
        ([INF, 1.5, 1, 1], 2),
        ([2, 2, 2, 2], 1),
    ],
)
def test_a_line_between_checkpoints_and_the_first_crossing(curve, steps):
    assert steps_to(np.array([curve]), [1, 2, 4, 8] if steps == 6 else [1, 2, 3, 8], 2.0)[0] == pytest.approx(steps)


def test_the_fastest_trial_counts_and_not_the_one_that_is_best_at_the_end():
    made = race({"p": {"adam": Method()}}, noise=STILL, trials=4)
    cell = made.cells["p", "adam"]
    rows = np.flatnonzero(cell.stage == TRIAL)
    worst = rows[np.argmax(cell.validation_end[rows])]
    curves = cell.validation.copy()
    curves[worst] = 0.0
    made.cells["p", "adam"] = dataclasses.replace(cell, validation=curves)
    assert (fastest(made, "p", "late")["adam"] == 1).mean() == pytest.approx(0.5, abs=0.05), "half of the draws have it"


def test_a_method_that_is_twice_as_fast_has_half_the_steps():
    methods = {"adamw": Method(half_life=16), "muon": Method(half_life=8)}
    made = race({"p": methods}, noise=STILL)
    steps = fastest(made, "p", "early")
    assert ratio(steps["muon"], steps["adamw"]).mean == pytest.approx(0.5, abs=0.06)
    made.facts["problems"]["p"]["early"] = None
    assert fastest(made, "p", "early") == {}


def test_infinity_is_a_number_of_steps():
    a, b = np.array([1, INF, INF, 2, 2]), np.array([INF, INF, 1, 1, 1])
    assert ratio(a, b) == (2, 0, INF)
    assert ratio(np.array([INF, INF]), np.array([INF, INF])) == (1, 1, 1)
    assert ratio(np.full(3, INF), np.ones(3)).mean == INF


def test_the_area_of_a_profile_is_1_for_the_fastest_and_0_from_four_times_its_steps():
    steps = {"a": np.array([10.0, INF]), "b": np.array([25.0, INF]), "c": np.array([40.0, INF]), "d": np.full(2, INF)}
    found = profile_areas(steps)
    np.testing.assert_allclose([found[name][0] for name in "abcd"], [1, 0.5, 0, 0])
    np.testing.assert_allclose([found[name][1] for name in "abcd"], 0, err_msg="nobody gets there")
