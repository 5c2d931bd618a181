"""What a race would have stored of its problems, and when a stored number is of the same problem."""

import json

import numpy as np
import pytest

from optzoo_jax.experiments.race import baselines as module
from optzoo_jax.experiments.race.baselines import baselines, lowest_median, stored
from optzoo_jax.experiments.race.record import ARRAYS, FRESH, TRIAL, Cell, Race


def cell(validation, test):
    """Three fresh seeds around these numbers, and a trial that is far better."""
    arrays = dict.fromkeys(ARRAYS, np.zeros(0))
    spread = np.array([[-0.1], [0.0], [0.3], [-9.0]], np.float32)
    arrays["stage"] = np.int8([FRESH, FRESH, FRESH, TRIAL])
    arrays["validation"] = np.float32(validation) + spread
    arrays["test_blocks"] = np.full(20, test, np.float32) + spread
    return Cell({}, **arrays)


def test_late_is_the_better_baselines_end_and_early_nine_tenths_of_its_way():
    cells = {"adamw": cell([3, 2, 1], 1.2), "nag": cell([4, 2, 1.5], 1.1), "muon": cell([5, 1, 0.5], 0.7)}
    race = Race({"problems": {"p": {"data_sha256": "x", "steps": 3}}}, {("p", m): c for m, c in cells.items()})
    assert baselines(race)["p"] == {
        "data_sha256": "x",
        "steps": 3,
        "best_loss": pytest.approx(0.7),
        "late": pytest.approx(1.0),
        "early": pytest.approx(1.2),
    }


def test_a_diverged_seed_is_the_worst():
    bad = cell([1, 1], 0.1)
    bad.test_blocks[:2] = np.nan
    assert lowest_median([bad, cell([1, 1], 0.5)]) == pytest.approx(0.5)
    assert lowest_median([bad]) is None


def test_stored_numbers_are_of_the_same_data_and_steps(tmp_path, monkeypatch):
    numbers = {"data_sha256": "x", "steps": 300, "best_loss": 0.5, "early": 0.9, "late": 0.6}
    (tmp_path / "baselines.json").write_text(json.dumps({"signals": numbers}))
    monkeypatch.setattr(module.resources, "files", lambda package: tmp_path)
    assert stored("signals", "x", 300) == {"best_loss": 0.5, "early": 0.9, "late": 0.6}
    for other in (("signals", "y", 300), ("signals", "x", 150), ("bigram", "x", 300)):
        assert stored(*other) == {"best_loss": None, "early": None, "late": None}
