"""The race that the pages are made of: runs of it come out again, its data and its losses are those of the package."""

import json
from pathlib import Path

import pytest

import optzoo_jax
from optzoo_jax.experiments import problems
from optzoo_jax.experiments.command_line.optzoo import main
from optzoo_jax.experiments.command_line.race import _SIZES
from optzoo_jax.experiments.evidence.compare import compare
from optzoo_jax.experiments.evidence.findings import findings
from optzoo_jax.experiments.methods import entries
from optzoo_jax.experiments.methods.entries import DEFAULT
from optzoo_jax.experiments.protocol.baselines import baselines
from optzoo_jax.experiments.protocol.record import FRESH, TRIAL, read

MEASURED = Path(optzoo_jax.__file__).parent.parent / "docs" / "measured"
FILES = MEASURED / "race.zip", MEASURED / "race-2.zip"


@pytest.fixture(scope="module")
def studies():
    return [read(file) for file in FILES]


def test_it_is_a_whole_race_of_the_default_size(studies):
    for race in studies:
        assert race.facts["size"] == "default"
        assert list(race.cells) == [(problem, method) for problem in problems.DEFAULT for method in DEFAULT]


@pytest.mark.tier2
def test_every_ranked_cell_has_its_best_rate_inside(studies):
    """No edge: neither of the bracket, nor of the box after it has moved."""
    for race in studies:
        for problem, found in findings(race).problems.items():
            for method, m in found.methods.items():
                cell = race.cells[problem, method]
                assert (m.group != "") == (cell.facts["status"] == "interior"), (problem, method)
                if m.group:
                    low, high = cell.facts["bracket"]
                    assert low < m.rate < high, (problem, method)


def test_races_of_every_size_were_run_as_the_command_has_them_and_in_their_time(studies):
    rows = json.loads((MEASURED / "sizes.json").read_text())
    assert [(row["size"], row["study"]) for row in rows] == [("quick", 0), ("full", 0), ("full", 1)]
    for row in rows:
        size = _SIZES[row["size"]]
        once = size.once if row["study"] else ()
        assert list(row["methods"]) == [leg.problem for leg in size.legs if leg.problem not in once]
        for leg in size.legs:
            assert row["methods"].get(leg.problem, 0) == (leg.problem not in once) * len(getattr(entries, leg.methods))
        assert (row["budget"]["trials"], row["budget"]["fresh"]) == (size.trials, size.fresh)
        assert tuple(row["budget"]["schedules"]) == size.schedules
    quick, *full = (row["seconds"] for row in rows)
    assert quick < 3 * 60
    assert studies[0].facts["seconds"] < 20 * 60
    assert sum(full) < 3 * 3600


def test_the_second_study_has_other_points_and_seeds(studies):
    for cell, other in zip(*(race.cells.values() for race in studies), strict=True):
        assert not set(cell.seed[cell.stage == TRIAL]) & set(other.seed[other.stage == TRIAL])
        assert not set(cell.seed[cell.stage == FRESH]) & set(other.seed[other.stage == FRESH])


def test_the_second_study_confirms_the_first(studies):
    whole = compare(*studies).whole
    assert whole.inside >= 0.9 * whole.pairs
    assert whole.reversed <= 0.02 * whole.called


def test_scores_are_measured_against_the_first_study(studies):
    stored = json.loads((Path(problems.__file__).parent / "baselines.json").read_text())
    assert stored == baselines(studies[0])
    for race in studies:
        for name, facts in race.facts["problems"].items():
            assert {x: facts[x] for x in ("best_loss", "early", "late")} == {
                x: stored[name][x] for x in ("best_loss", "early", "late")
            }


@pytest.mark.tier2
@pytest.mark.parametrize(
    ("problem", "method", "trial"),
    [("signals", "muon", 3), ("signals-noisy", "radam", 7), ("autoencoder", "adamw", 20)],
)
def test_a_run_of_it_comes_out_again(problem, method, trial, capsys):
    assert main(["replay", str(FILES[0]), problem, method, str(trial)]) == 0, capsys.readouterr().out
