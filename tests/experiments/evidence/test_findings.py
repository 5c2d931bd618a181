"""Findings are a pure function of a race, and every number in them is that of its file."""

import ast
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from experiments.evidence.synthetic import Method, Noise, race

from optzoo_jax.experiments import evidence
from optzoo_jax.experiments.evidence.bootstrap import draws, expected
from optzoo_jax.experiments.evidence.findings import call, findings, interquartile_mean
from optzoo_jax.experiments.evidence.scores import scale, trials
from optzoo_jax.experiments.race.record import FRESH, TRIAL, Race, read, write

METHODS = {
    "adamw": Method(0.93, baseline=True),
    "muon": Method(0.99, rate=0.05, half_life=8, seconds=2),
    "sgd": Method(0.7, rate=0.3, diverges=0.6),
    "adam": Method(0.93),
    "edgy": Method(status="edge"),
}
QUIET = Noise(seed=0.003, validation=0.001, block=0.01, own=0.003, run=0.003)


@pytest.fixture(scope="module")
def made():
    return race({"p": METHODS, "q": METHODS}, noise=QUIET)


@pytest.fixture(scope="module")
def found(made):
    return findings(made)


def test_the_same_file_gives_the_same_findings(made, found, tmp_path):
    write(made, tmp_path / "race.zip")
    assert repr(findings(read(tmp_path / "race.zip"))) == repr(findings(made)) == repr(found)


def test_methods_are_in_the_order_of_the_groups_and_those_left_out_come_last(found):
    problem = found.problems["p"]
    assert problem.groups == [["muon"], ["adam", "adamw"], ["sgd"]]
    assert list(problem.methods) == ["muon", "adam", "adamw", "sgd", "edgy"]
    assert [m.group for m in problem.methods.values()] == ["A", "B", "B", "C", ""]
    assert problem.methods["edgy"].left_out
    assert problem.methods["edgy"].score is None


def test_better_worse_and_no_difference_seen(found):
    words = {name: m.verdict for name, m in found.problems["p"].methods.items()}
    assert words == {"muon": "better", "adam": "no difference seen", "adamw": "", "sgd": "worse", "edgy": ""}
    muon = found.problems["p"].methods["muon"]
    assert muon.minus_adamw.low > 0
    assert muon.early.high < 0.7, "its loss falls twice as fast"
    assert muon.late.high < 0.7
    assert muon.seconds.mean == pytest.approx(2, abs=0.1)


def test_scores_are_those_of_the_draws_and_of_k_trials(made, found):
    muon, drawn = found.problems["p"].methods["muon"], draws(made, "p")
    assert found.trials == 8
    assert muon.score == drawn.of("muon")
    assert muon.minus_adamw == drawn.difference("muon", "adamw")
    assert list(muon.after) == [1, 2, 4, 8, 16]
    assert muon.after[8] == muon.score.mean
    assert muon.after[16] == expected(trials(made.cells["p", "muon"]), scale(made, "p"), 16)
    assert list(found.problems["p"].leaders) == [0, 1, 2, 4, 8, 16]
    assert found.problems["p"].leaders[16] == ["muon"]


def test_fresh_seeds_judge_the_choice_against_the_cards_own_call(made, found):
    cell, muon = made.cells["p", "muon"], found.problems["p"].methods["muon"]
    fresh = cell.stage == FRESH
    assert muon.tuned.mean == pytest.approx(scale(made, "p").score(cell.test_blocks[fresh].mean(1)).mean())
    assert muon.gain.mean == pytest.approx(muon.tuned.mean - muon.untuned.mean)
    assert muon.gain.low > 0.5, "the card's rate is 50 times too low"
    assert muon.test_loss == pytest.approx(cell.test_blocks[fresh].mean(), rel=1e-5)
    assert muon.accuracy == pytest.approx(cell.test_accuracy[fresh].mean())
    assert muon.over_card == pytest.approx(muon.rate / 1e-3)


def test_diverged_trials_bytes_and_peak(made, found):
    sgd, cell = found.problems["p"].methods["sgd"], made.cells["p", "sgd"]
    assert sgd.diverged == np.mean(cell.rate[cell.stage == TRIAL] > 0.6) > 0, "of the trials, not of the bracket"
    assert found.problems["p"].methods["adam"].diverged == 0
    assert (sgd.bytes, sgd.peak) == (8, 5)


def test_across_problems_only_who_is_ranked_in_all_has_a_number(made, found):
    muon = found.methods["muon"]
    both = [draws(made, problem) for problem in ("p", "q")]
    better = np.mean([one.scores[:, 1] > one.scores[:, 0] for one in both])
    assert both[0].methods[:2] == ("adamw", "muon")
    assert (muon.problems, muon.leads, muon.better) == (2, 2, better)
    assert muon.score.mean == pytest.approx(np.mean([p.methods["muon"].score.mean for p in found.problems.values()]))
    assert muon.profile.mean > 0.95 > found.methods["adam"].profile.high
    assert found.methods["adamw"].better == 0.5
    assert found.methods["edgy"] == (0, 0, None, None, None)
    cells = dict(made.cells)
    cells["q", "muon"] = dataclasses.replace(cells["q", "muon"], facts=cells["q", "edgy"].facts)
    assert findings(Race(made.facts, cells)).methods["muon"] == (1, 1, None, None, None)


def test_the_interquartile_mean_leaves_out_a_quarter_on_each_side():
    assert interquartile_mean(np.array([100.0, 3, 1, -100])) == 2
    assert interquartile_mean(np.array([1.0, 2, 6])) == 3


def test_without_adamw_or_clock_or_targets_nothing_is_compared():
    made = race({"p": {"lion": Method(), "sgd": Method(0.5)}})
    made.facts["problems"]["p"] |= {"early": None, "late": None}
    for name in ("lion", "sgd"):
        made.cells["p", name] = dataclasses.replace(made.cells["p", name], seconds=np.zeros(0))
    lion = findings(made).problems["p"].methods["lion"]
    assert (lion.minus_adamw, lion.early, lion.late, lion.seconds, lion.verdict) == (None, None, None, None, "")
    across = findings(made).methods["lion"]
    assert (across.better, across.profile) == (None, None)


def test_no_seconds_are_told_where_the_clock_is_thrown_away(made, found):
    twin = dataclasses.replace(made.cells["p", "adam"], seconds=2 * made.cells["p", "adam"].seconds)
    again = findings(Race(made.facts | {"methods": made.facts["methods"] | {"twin": made.facts["methods"]["adam"]}}, {
        **made.cells, ("p", "twin"): twin,
    }))  # fmt: skip
    assert "adam and twin" in again.problems["p"].clock
    assert again.problems["p"].twins == [("adam", "twin")]
    assert {m.seconds for m in again.problems["p"].methods.values()} == {None}
    assert again.problems["q"].methods["muon"].seconds == found.problems["q"].methods["muon"].seconds is not None
    assert "twin" in again.problems["p"].groups[1], "and it shares its twin's group"


def test_a_method_for_which_no_optimum_was_found_has_a_bracket_and_nothing_else():
    made = race({"p": {"adamw": Method(), "sgd": Method(status="not found")}})
    cell = made.cells["p", "sgd"]
    arrays = {f.name: getattr(cell, f.name) for f in dataclasses.fields(cell)}
    bracket = {name: x[:10] for name, x in arrays.items() if name != "facts" and len(x) == len(cell.stage)}
    facts = cell.facts | {"chosen": None, "box": None}
    made.cells["p", "sgd"] = dataclasses.replace(cell, facts=facts, **bracket)
    sgd = findings(made).problems["p"].methods["sgd"]
    assert (sgd.group, sgd.call, sgd.tuned, sgd.accuracy, sgd.over_card) == ("", "", None, None, None)
    assert sgd.left_out.startswith("no optimum was found")


def test_a_call_has_three_digits_and_a_knob_near_1_one_more():
    assert call("oz.nag({rate}, momentum={knob})", 0.0123456, 0.812345) == "oz.nag(0.0123, momentum=0.812)"
    assert call("oz.adam({rate}, b1={knob})", 1e-5, 0.994321) == "oz.adam(1e-05, b1=0.9943)"
    assert call("oz.sgd({rate})", 0.5, None) == "oz.sgd(0.5)"


def test_evidence_reads_a_record_and_computes_with_numpy_and_nothing_else():
    files = list(Path(evidence.__file__).parent.glob("*.py"))
    assert len(files) > 5
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                ours = ("optzoo_jax.experiments.evidence", "optzoo_jax.experiments.race.record")
                assert not node.module.startswith("optzoo_jax") or node.module.startswith(ours), file
                assert node.module.split(".")[0] not in ("jax", "scipy"), file
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names}.isdisjoint({"jax", "scipy", "optzoo_jax"}), file


@pytest.mark.parametrize(("trials", "fresh"), [(1, 1), (2, 1), (3, 2)])
def test_the_smallest_races_have_findings_too(trials, fresh):
    found = findings(race({"p": METHODS}, trials=trials, fresh=fresh)).problems["p"]
    assert sorted(method for group in found.groups for method in group) == ["adam", "adamw", "muon", "sgd"]
    assert list(found.leaders) == [0, *(k for k in (1, 2) if k <= trials)]
    for method in found.groups[0]:
        one = found.methods[method]
        assert one.score.low <= one.score.mean <= one.score.high
        assert np.isfinite([*one.score, *one.gain]).all()
