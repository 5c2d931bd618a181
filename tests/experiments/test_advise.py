"""Advice is what a race has found, and nothing else: another race gives other advice."""

import copy
import json
import re

import numpy as np
import pytest
from experiments.evidence.synthetic import Method, Noise, race

import optzoo_jax
from optzoo_jax.experiments.advice import measured as shipping
from optzoo_jax.experiments.advice.advise import advise
from optzoo_jax.experiments.advice.measured import in_json, measured, of_race
from optzoo_jax.experiments.advice.tasks import PROBLEMS, QUOTED, TASKS
from optzoo_jax.experiments.advice.words import in_markdown, in_terminal
from optzoo_jax.experiments.command_line.optzoo import main
from optzoo_jax.experiments.evidence.findings import findings
from optzoo_jax.experiments.problems import PROBLEMS as RACED
from optzoo_jax.experiments.race.record import write

QUIET = Noise(seed=0.002, validation=0.001, block=0.002, own=0.001, run=0.001)


def raced(problems=("tokens", "bigram", "signals"), **tops):
    """A race with hardly any noise, so that the method with the highest top leads."""
    tops = {"adamw": 0.8, "lion": 0.97, "muon": 0.97, "sgd": 0.5, **tops}
    methods = {
        name: Method(top, width=2, seconds=2.0 if name == "muon" else 1.0, baseline=name == "adamw")
        for name, top in tops.items()
    }
    return race(dict.fromkeys(problems, methods), noise=QUIET)


@pytest.fixture(scope="module")
def known():
    return measured(findings(raced()))


def names(advice):
    return [one.method for one in advice.suggestions]


def test_the_leading_group_is_named_the_faster_first(known):
    advice = advise(known, "language")
    assert names(advice) == ["lion", "muon"], "both score .97, and a step of muon takes twice the time"
    assert advice.led == ["tokens", "bigram"]
    assert advice.adamw == pytest.approx(0.8, abs=0.03)
    assert advice.suggestions[0].score == pytest.approx(0.95, abs=0.03)


def test_another_race_gives_other_advice(known, tmp_path, capsys):
    write(raced(adamw=0.99, muon=0.6), tmp_path / "race.zip")
    assert names(advise(of_race(tmp_path / "race.zip"), "language")) == ["adamw"] != names(advise(known, "language"))
    assert main(["advise", "language", "--race", str(tmp_path / "race.zip")]) == 0
    shown = capsys.readouterr().out
    assert "\nType: oz.adamw(" in shown
    assert "lion" not in shown


def test_score_comes_before_seconds_and_seconds_before_bytes(known):
    other = copy.deepcopy(known)
    for problem in other["problems"].values():
        problem["methods"]["lion"]["after"]["4"] -= 0.03
    assert names(advise(other, "language")) == ["muon", "lion"]
    other = copy.deepcopy(known)
    for problem in other["problems"].values():
        for method in ("lion", "muon"):
            problem["methods"][method]["seconds"] = 1.5
            problem["methods"][method]["after"]["4"] = 0.9
        problem["methods"]["muon"]["bytes"] = 4.0
    assert names(advise(other, "language")) == ["muon", "lion"]


def test_the_number_of_trials_decides_who_leads(known):
    other = copy.deepcopy(known)
    for problem in other["problems"].values():
        problem["leaders"] |= {"0": ["sgd"], "1": ["adamw"], "4": ["muon"]}
    by_trials = {k: names(advise(other, "language", k)) for k in (0, 1, 4, 5, 7, 16, 100)}
    one = ["lion", "muon"]
    assert by_trials == {0: ["sgd"], 1: ["adamw"], 4: ["muon"], 5: ["muon"], 7: ["muon"], 16: one, 100: one}
    assert advise(other, "language", 100).trained == 16
    assert "The race knows of 16 trials, not of 100." in in_terminal(advise(other, "language", 100))
    assert advise(known, "language", 16).suggestions[0].score > advise(known, "language", 1).suggestions[0].score


def test_untuned_is_the_cards_own_call_and_its_score(known):
    """The card's rate is a decade below the best one: exp(−½(1/2)²) = .88 of the top."""
    advice = advise(known, "language", 0)
    assert names(advice) == ["lion", "muon"]
    assert advice.suggestions[0].score == pytest.approx(0.88 * 0.97, abs=0.02)
    assert "\nType: oz.lion(0.001)\n" in in_terminal(advice)


def test_a_problem_of_the_tasks_own_kind_weighs_more(known):
    other = copy.deepcopy(known)
    other["problems"]["tokens"]["leaders"]["4"] = ["muon"]
    other["problems"]["bigram"]["leaders"]["4"] = ["lion"]
    advice = advise(other, "language")
    assert (names(advice), advice.led) == (["muon"], ["tokens"])
    other["problems"]["bigram"]["leaders"]["4"] = ["lion", "muon"]
    assert advise(other, "language").led == ["tokens", "bigram"]


def test_rates_are_a_range_over_all_problems_and_a_multiple_of_the_cards(known):
    other = copy.deepcopy(known)
    for rate, problem in zip((0.01, 0.1, 10.0), other["problems"].values(), strict=True):
        problem["methods"]["lion"] |= {"rate": rate, "over_card": rate / 1e-3, "call": f"oz.lion({rate})"}
    one = next(s for s in advise(other, "language").suggestions if s.method == "lion")
    assert one.rates == pytest.approx((10**-1.5, 1.0)), "quartiles of the logarithms"
    assert one.over_card == pytest.approx((10**1.5, 1e3))
    assert one.searched == 3
    assert re.search(r"^lion .* 0\.032 to 1 +32 to 1000$", in_terminal(advise(other, "language")), re.MULTILINE)
    assert one.call == "oz.lion(0.01)", "of the task's two problems the lower"


def test_what_rests_on_one_problem_says_so(known):
    assert "This rests on one problem, signals." in in_terminal(advise(known, "tabular"))
    assert "rests on one problem" not in in_terminal(advise(known, "language"))


def test_sizes_of_models_and_the_word_of_the_literature_are_there(known):
    shown = " ".join(in_terminal(advise(known, "language")).split())
    assert "for models of 10,000 parameters" in shown
    assert "For models above 1e7 the literature's word is the paper's own rate, oz.lion(0.001)," in shown
    assert "AdamW is not one of them: 0.7" in shown or "AdamW is not one of them: 0.8" in shown


@pytest.mark.parametrize("task", QUOTED)
def test_where_nothing_was_measured_sources_are_quoted_as_sources(known, task):
    advice = advise(known, task)
    assert advice.suggestions == []
    shown = in_terminal(advice)
    assert "Nothing was measured here" in shown
    for one in QUOTED[task]:
        assert f"  {one.call}\n    {one.says}\n    {one.reference}" in shown
        assert eval(one.call, {"oz": optzoo_jax}).init


def test_a_task_without_a_problem_in_the_race_says_so(known):
    known = {**known, "problems": {"tokens": known["problems"]["tokens"]}}
    assert "Nothing was measured in this race for this task" in in_terminal(advise(known, "vision"))


def test_every_task_is_measured_on_problems_that_there_are_or_quoted():
    assert set(TASKS) == {*PROBLEMS, *QUOTED}
    assert not {*PROBLEMS} & {*QUOTED}
    assert {name for weights in PROBLEMS.values() for name in weights} <= set(RACED)


def test_what_is_not_ranked_is_not_advised():
    made = race({"tokens": {"adamw": Method(0.8), "muon": Method(0.97, status="edge")}}, noise=QUIET)
    assert names(advise(measured(findings(made)), "language")) == ["adamw"]
    made = race({"tokens": {"adamw": Method(0.8, status="edge"), "muon": Method(0.97)}}, noise=QUIET)
    assert "AdamW is not ranked on these problems." in in_terminal(advise(measured(findings(made)), "language"))


def test_its_json_is_the_same_and_short_and_a_line_a_method(known):
    text = in_json(known)
    assert json.loads(text) == json.loads(json.dumps(known))
    assert len(text.splitlines()) == 1 + 3 * (1 + 4)
    assert advise(json.loads(text), "language") == advise(known, "language")


def test_numbers_have_four_digits_so_that_another_machine_writes_the_same(known):
    for problem in known["problems"].values():
        for method in problem["methods"].values():
            for x in (method["rate"], method["untuned"], *method["after"].values()):
                assert x == float(f"{x:.4g}")


@pytest.mark.parametrize("task", TASKS)
def test_the_command_fits_a_screen(known, task, monkeypatch, capsys):
    monkeypatch.setattr(shipping, "shipped", lambda: known)
    assert main(["advise", task]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 110
    assert lines[0] == f"{task}: {TASKS[task]}"


def test_without_a_task_there_is_a_line_for_each(known, monkeypatch, capsys):
    monkeypatch.setattr(shipping, "shipped", lambda: known)
    assert main(["advise", "--untuned"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(TASKS)]] == list(TASKS)
    assert "lion, muon (tokens, bigram)" in lines[0]
    assert "nothing was measured here" in lines[list(TASKS).index("rl")]


def test_a_missing_foreign_or_unknown_thing_is_named_with_the_remedy(tmp_path, monkeypatch, capsys):
    (tmp_path / "foreign.zip").write_text("no zip")
    monkeypatch.setattr(shipping, "FILE", tmp_path / "measured.json")
    for arguments, said in (
        (
            ["advise", "language", "--race", str(tmp_path / "none.zip")],
            "none.zip is not there; `optzoo race` writes one",
        ),
        (["advise", "language", "--race", str(tmp_path / "foreign.zip")], "foreign.zip is not one that `optzoo race`"),
        (["advise", "language"], "run `optzoo race` and pass --race OUT/race.zip"),
        (["compare", str(tmp_path / "none.zip"), str(tmp_path / "none.zip")], "none.zip is not there; `optzoo race`"),
    ):
        assert main(arguments) == 2
        assert said in capsys.readouterr().err
    known = measured(findings(raced(("tokens",))))
    with pytest.raises(ValueError, match=r"no task is called 'langage'.*Did you mean 'language'"):
        advise(known, "langage")
    with pytest.raises(ValueError, match=r"trials=-1 is less than 0"):
        advise(known, "language", -1)


def test_the_command_compare_has_a_line_a_problem(tmp_path, capsys):
    one, other = (
        race({"p": {"a": Method(0.9), "b": Method(0.5)}, "q": {"a": Method(), "b": Method()}}, s) for s in (0, 1)
    )
    write(one, tmp_path / "a.zip")
    write(other, tmp_path / "b.zip")
    assert main(["compare", str(tmp_path / "a.zip"), str(tmp_path / "b.zip")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["problem", "p", "q", "whole"]
    assert lines[1].split() == ["p", "1", "100", "%", "1", "0", "1.00"]
    assert lines[-1].startswith("Of 2 pairs of methods 1 were called different, and a second study reverses 0 of them")


def test_the_page_has_every_task(known):
    page = in_markdown(known)
    for task in TASKS:
        assert f"## {task}\n" in page
    assert "| lion | 0.9" in page
    assert "Without any trial: `oz.lion(0.001)`, `oz.muon(0.001)`." in page
    assert np.all([one.reference in page for several in QUOTED.values() for one in several])
