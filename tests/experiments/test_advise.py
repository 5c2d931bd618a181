"""Advice is two or three optimizers that exist, with reasons that can be followed to what they rest on."""

import itertools
import json
import re
from pathlib import Path

import jax.numpy as jnp
import pytest

import optzoo_jax
from optzoo_jax.experiments.advice.advise import advise
from optzoo_jax.experiments.advice.reasons import ARGUMENTS, CONDITIONS, REASONS, TASKS, THIN, Claim, Page
from optzoo_jax.experiments.claims.catalogue import CLAIMS
from optzoo_jax.experiments.command_line.optzoo import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
ASKED = [(task, list(c)) for task in TASKS for n in range(2) for c in itertools.combinations(CONDITIONS, n)]


@pytest.mark.parametrize(("task", "conditions"), ASKED)
def test_two_or_three_optimizers_that_can_be_made(task, conditions):
    found = advise(task, conditions)
    assert 2 <= len(found) <= 3
    assert len({s.method for s in found}) == len(found)
    for suggestion in found:
        tx = eval(suggestion.call, {"optzoo_jax": optzoo_jax})
        state = optzoo_jax.state_bytes(tx, jnp.zeros(4096, jnp.float32)) / 4096
        assert state < 4.1 or "memory-limited" not in conditions
        assert suggestion.reasons
        assert {reason.when for reason in suggestion.reasons} <= {task, *conditions}


def test_the_sources_table_comes_first():
    assert advise("vision")[0].method == "nag"
    assert {task: advise(task)[0].method for task in ("language", "speech", "gan", "rl")} == {
        "language": "adamw",
        "speech": "adamw",
        "gan": "adam",
        "rl": "adam",
    }


def test_a_condition_brings_in_its_methods_and_moves_others():
    assert "adagrad" in [s.method for s in advise("language", ["sparse"])]
    assert [s.method for s in advise("vision", ["unstable"])][:2] == ["nag", "radam"]
    assert advise("tabular", ["memory-limited"])[0].method == "nag"
    assert "nag" not in [s.method for s in advise("gan", ["memory-limited"])], "it does not fit the task"


def test_every_reason_rests_on_something_that_is_there_and_says_what_was_found():
    measured = {r["name"]: r["numbers"] for r in json.loads((DOCS / "measured" / "claims.json").read_text())["claims"]}
    for reason in REASONS:
        assert reason.when in {*TASKS, *CONDITIONS}
        assert reason.evidence
        for evidence in reason.evidence:
            if isinstance(evidence, Claim):
                assert evidence.verdict == CLAIMS[evidence.name].verdict(measured[evidence.name]), evidence.name
                assert re.search(rf"^### {evidence.name}$", (DOCS / "claims.md").read_text(), flags=re.MULTILINE)
            if isinstance(evidence, Page):
                file, _, section = evidence.path.partition("#")
                assert (f"## {section}\n" if section else "#") in (DOCS / file).read_text()
    assert set(THIN) == {*TASKS, *CONDITIONS}
    assert {task for task, _ in ARGUMENTS} <= set(TASKS)


def test_what_the_words_say_of_the_race_is_so_in_the_committed_one():
    methods = json.loads((DOCS / "measured" / "race.json").read_text())["methods"]
    above = [m["best_learning_rate"] > m["default_learning_rate"] for m in methods]
    assert sum(above) > len(above) / 2, "most best rates are above the methods' own"
    everywhere = {m["name"] for m in methods} - {"newton"}
    wide, lost = dict.fromkeys(everywhere, 0.0), dict.fromkeys(everywhere, 0.0)
    for m in (m for m in methods if m["name"] in everywhere):
        wide[m["name"]] += m["decades_5"]
        own, best = m["at_defaults"]["median"], m["test"]["median"]
        lost[m["name"]] += 1 - (own / best if m["score"] == "accuracy" else best / own)
    assert wide["adabelief"] >= max(wide.values()) - 1e-9
    assert sum(x < lost["adabelief"] for x in lost.values()) <= 3


def test_the_command_prints_calls_reasons_evidence_and_where_it_is_thin(capsys):
    assert main(["advise", "--task", "language", "--sparse", "--memory-limited"]) == 0
    shown = capsys.readouterr().out
    assert "\n1. optzoo_jax.compress_state(optzoo_jax.adamw(0.001))\n" in shown
    assert "\n2. optzoo_jax.adagrad(0.01)\n" in shown
    assert "     reproduced here: docs/claims.md#adagrad-rare\n" in shown
    thin = shown.split("Where the evidence is thin:")[1]
    for name in ("language", "sparse", "memory-limited"):
        assert THIN[name] in " ".join(thin.split())
