"""`optzoo claims`: what is measured, what is kept, what is refused."""

import json

import pytest

from optzoo_jax.experiments.claims import cells
from optzoo_jax.experiments.claims.catalogue import CLAIMS
from optzoo_jax.experiments.claims.claim import Claim, Rule
from optzoo_jax.experiments.claims.measured import measure, standing
from optzoo_jax.experiments.command_line.optzoo import main

HERE = {"versions": {"jax": "1"}, "platform": "here"}


@pytest.fixture
def calls():
    """What was measured: names and settings."""
    return []


@pytest.fixture
def claim(calls):
    """A function that makes a claim, which says in `calls` when it is measured."""

    def make(name, than=0.0, trained=(), **setting):
        def numbers(**given):
            calls.append((name, given))
            return {"q": {"here": 1.0, "there": [1.0, 2.0, float("inf")]}}

        return Claim(name, "", "", "", (Rule("q", "more", than=than),), numbers, setting, trained)

    return make


def save(path, records, provenance=HERE):
    path.write_text(json.dumps({"complete": True, "provenance": provenance, "claims": records}))


def test_effects_are_plain_and_what_is_not_finite_is_none(claim):
    (record,) = measure([claim("a")], [])
    here, there = record["effects"]
    assert here == {
        "quantity": "q", "where": "here", "estimate": 1.0, "low": 1.0, "high": 1.0, "unfit": "", "random": False,
    }  # fmt: skip
    assert (there["estimate"], there["unfit"]) == (None, "not finite")
    json.dumps(record, allow_nan=False)


def test_finished_claims_are_kept_until_they_change(claim, calls, tmp_path):
    path, known = tmp_path / "claims.json", {name: claim(name, steps=3) for name in "abcd"}
    assert standing(path, list(known.values()), known, HERE) == []
    save(path, list(measure(list(known.values()), [])))
    changed = known | {"b": claim("b", steps=4), "c": claim("c", steps=4), "d": claim("d", than=1.0, steps=3)}
    asked = [changed[name] for name in "abd"]
    kept = standing(path, asked, changed, HERE)
    assert [record["name"] for record in kept] == ["a", "c"], "c has changed, but nobody asked for it; d has a new rule"
    calls.clear()
    found = list(measure(asked, kept))
    assert calls == [("b", {"steps": 4}), ("d", {"steps": 3})]
    assert [record["name"] for record in found] == ["a", "c", "b", "d"]


def test_numbers_of_other_versions_are_not_mixed(claim, tmp_path):
    path, a = tmp_path / "claims.json", claim("a")
    save(path, list(measure([a], [])), HERE | {"versions": {"jax": "2"}})
    with pytest.raises(ValueError, match=r"was measured with .*'2'.*here are .*'1'.*--out"):
        standing(path, [a], {"a": a}, HERE)


def test_a_cell_is_trained_once_for_all_claims_that_ask_for_it(claim, calls, monkeypatch):
    trained = []

    def cell(name, place):
        trained.append((name, place))
        return cells._CELLS.setdefault((name, place), name)

    monkeypatch.setattr(cells, "_CELLS", {})
    monkeypatch.setattr(cells, "cell", cell)
    monkeypatch.setattr(cells, "problem_at", lambda place: None)
    adam, sgd = ("adam", "signals"), ("sgd", "signals")
    found = measure([claim("a", trained=(adam, sgd)), claim("b"), claim("c", trained=(sgd,))], [])
    assert [record["name"] for record in found] == ["b", "a", "c"], "what needs no training comes first"
    assert sorted(trained) == [adam, sgd]
    assert len(list(measure([claim("a", trained=(adam, sgd))], []))) == 1
    assert sorted(trained) == [adam, sgd], "trained again"


@pytest.mark.parametrize("text", ["{", "[]", '{"claims": 1}'])
def test_a_file_that_holds_no_claims_is_refused_and_stays(text, tmp_path, capsys):
    path = tmp_path / "claims.json"
    path.write_text(text)
    assert main(["claims", "--out", str(path)]) == 2
    assert "holds no claims: move it away" in capsys.readouterr().err
    assert path.read_text() == text


def test_a_wrong_name_suggests_the_nearest(capsys):
    assert main(["claims", "adagrad-vanish"]) == 2
    assert "Did you mean 'adagrad-vanishes'?" in capsys.readouterr().err


def test_the_command_measures_prints_and_goes_on(tmp_path, capsys):
    path = tmp_path / "new" / "claims.json"
    assert main(["claims", "bias-correction", "--out", str(path)]) == 0
    first = json.loads(path.read_text())
    assert first["complete"]
    assert main(["claims", "bias-correction", "domain-others", "--out", str(path)]) == 0
    second = json.loads(path.read_text())
    assert second["claims"][0] == first["claims"][0], "measured again"
    output, errors = capsys.readouterr()
    assert "5 supported." in output
    assert "not tested" in output
    assert errors.splitlines() == ["1/1 bias-correction", "2/2 domain-others"]


def test_names_are_unique_and_every_quantity_has_one_rule():
    assert len(CLAIMS) > 50
    for name, claim in CLAIMS.items():
        quantities = [rule.quantity for rule in claim.rules]
        assert len(set(quantities)) == len(quantities), name
        json.dumps(dict(claim.setting), allow_nan=False)
