"""`optzoo claims`: what is measured, what is kept, what is refused."""

import json

import pytest

from optzoo_jax.experiments.claims import trials
from optzoo_jax.experiments.claims.catalogue import CLAIMS
from optzoo_jax.experiments.claims.claim import Claim
from optzoo_jax.experiments.claims.measured import measure, standing
from optzoo_jax.experiments.claims.trials import EDGE, FRESH, Trial, sweep, table
from optzoo_jax.experiments.command_line.optzoo import main
from optzoo_jax.experiments.training.selection import grid

HERE = {"versions": {"jax": "1"}, "platform": "here"}


@pytest.fixture
def calls():
    """What was measured: names and settings."""
    return []


@pytest.fixture
def claim(calls):
    """A function that makes a claim, which says in `calls` when it is measured."""

    def make(name, **setting):
        def numbers(**given):
            calls.append((name, given))
            return {"row": {"column": [1.0, float("inf")], "other": float("nan")}}

        return Claim(name, "", "", "experiment", "rule", numbers, lambda numbers: True, setting)

    return make


def save(path, records, provenance=HERE):
    path.write_text(json.dumps({"complete": True, "provenance": provenance, "claims": records}))


def test_what_is_not_finite_is_none(claim):
    (record,) = measure([claim("a")], [])
    assert record["numbers"] == {"row": {"column": [1.0, None], "other": None}}


def test_finished_claims_are_kept_until_they_change(claim, calls, tmp_path):
    path, known = tmp_path / "claims.json", {name: claim(name, steps=3) for name in "abc"}
    assert standing(path, list(known.values()), known, HERE) == []
    save(path, list(measure([known["a"], known["b"], known["c"]], [])))
    changed = known | {"b": claim("b", steps=4), "c": claim("c", steps=4)}
    kept = standing(path, [changed["a"], changed["b"]], changed, HERE)
    assert [record["name"] for record in kept] == ["a", "c"], "c has changed, but nobody asked for it"
    calls.clear()
    found = list(measure([changed["a"], changed["b"]], kept))
    assert calls == [("b", {"steps": 4})]
    assert [record["name"] for record in found] == ["a", "c", "b"]


def test_numbers_of_other_versions_are_not_mixed(claim, tmp_path):
    path, a = tmp_path / "claims.json", claim("a")
    save(path, list(measure([a], [])), HERE | {"versions": {"jax": "2"}})
    with pytest.raises(ValueError, match=r"was measured with .*'2'.*here are .*'1'.*--out"):
        standing(path, [a], {"a": a}, HERE)


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
    assert CLAIMS["bias-correction"].verdict(first["claims"][0]["numbers"]) == "reproduced"
    assert main(["claims", "bias-correction", "domain-others", "--out", str(path)]) == 0
    second = json.loads(path.read_text())
    assert second["claims"][0] == first["claims"][0], "measured again"
    output, errors = capsys.readouterr()
    assert "1 reproduced, 1 not testable at this size." in output
    assert errors.splitlines() == ["1/1 bias-correction", "2/2 domain-others"]


def test_rates_are_tuned_on_some_seeds_and_reported_on_others(monkeypatch):
    asked = []

    def trained(name, trial, seeds, rates, sharp):
        asked.append((name, list(seeds), list(rates)))
        return [
            {
                "learning_rate": rate,
                "seed": seed,
                "validation_accuracy": rate,
                "validation_loss": 1.0,
                "test_loss": rate,
            }
            for rate in rates
            for seed in seeds
        ]

    monkeypatch.setattr(trials, "_train", trained)
    sweep.cache_clear()
    trials.fresh.cache_clear()
    trial = Trial("logistic", steps=1, rates=3, tuning=2, fresh=4)
    found = table(["sgd", "adam"], ["test loss"], trial)
    best = grid(0.1, 3)[-1]
    assert asked[0] == ("sgd", [0, 1], grid(0.1, 3))
    assert asked[1] == ("sgd", list(range(FRESH, FRESH + 4)), [best])
    assert [len(of) for _, _, of in asked] == [3, 1, 3, 1], "every method as many rates"
    assert found["sgd"] == {"learning rate": best, EDGE: 1.0, "test loss": [best] * 4}
    table(["sgd"], ["test loss"], trial)
    assert len(asked) == 4, "measured twice"
    assert table(["sgd"], ["test loss"], trial, "default")["sgd"][EDGE] == 0
    assert asked[4] == ("sgd", list(range(FRESH, FRESH + 4)), [0.1])
    sweep.cache_clear()
    trials.fresh.cache_clear()
