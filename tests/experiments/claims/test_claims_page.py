"""The committed page is that of the committed effects, of the rules as they stand."""

import copy
import json
import re
from pathlib import Path

import pytest

from optzoo_jax.experiments.claims.catalogue import CLAIMS
from optzoo_jax.experiments.claims.cells import PLACES
from optzoo_jax.experiments.claims.claim import Rule
from optzoo_jax.experiments.claims.measured import configuration
from optzoo_jax.experiments.claims.page import SHOWN, by_claim, markdown, number, said_of

DOCS = Path(__file__).parents[3] / "docs"
MEASURED = json.loads((DOCS / "measured" / "claims.json").read_text())
PAGE = (DOCS / "claims.md").read_text()


def test_all_claims_are_measured_by_the_rules_that_stand():
    found = {record["name"]: record for record in MEASURED["claims"]}
    assert MEASURED["complete"]
    assert found.keys() == CLAIMS.keys()
    for name, record in found.items():
        assert configuration(CLAIMS[name]).items() <= record.items(), name
        assert {one["quantity"] for one in record["effects"]} == {rule.quantity for rule in CLAIMS[name].rules}, name


def test_the_committed_page_is_generated_from_the_committed_effects():
    assert markdown(MEASURED["claims"]) in PAGE
    assert len(PAGE.splitlines()) < 400


@pytest.mark.parametrize("name", [record["name"] for record in MEASURED["claims"] if record["effects"]])
def test_another_effect_is_another_page(name):
    records = copy.deepcopy(MEASURED["claims"])
    (record,) = (record for record in records if record["name"] == name)
    record["effects"][0] |= {"estimate": 77.0, "low": 76.0, "high": 78.0, "unfit": ""}
    page = markdown(records)
    assert page != markdown(MEASURED["claims"])
    assert "77 [76, 78]" in page


def test_the_page_shows_the_most_surprising_and_folds_the_rest():
    head, *themes = re.split(r"^## ", markdown(MEASURED["claims"]), flags=re.MULTILINE)
    assert 1 <= head.count("](#") <= SHOWN
    assert all("<details" in theme and "</details>" in theme for theme in themes)
    headings = re.findall(r"^### (.+)$", "".join(themes), flags=re.MULTILINE)
    assert headings == list(CLAIMS)


def test_the_page_says_which_rules_were_written_with_the_numbers_in_view():
    assert markdown(MEASURED["claims"]).count("(written with the numbers in view)") == sum(
        not rule.beforehand for claim in CLAIMS.values() for rule in claim.rules
    )


def test_the_page_says_where_methods_are_trained_and_how_long():
    (line,) = (line for line in markdown(MEASURED["claims"]).splitlines() if line.startswith("Methods are trained on"))
    for claim in CLAIMS.values():
        for _, place in claim.cells:
            assert f" {place}: {PLACES[place].steps:,} steps" in line


def test_the_page_names_what_is_not_measured():
    left_out = MEASURED["claims"][1:]
    missing = [name for name in CLAIMS if name not in {record["name"] for record in left_out}]
    assert f"Not measured yet: {', '.join(f'`{name}`' for name in missing)}." in markdown(left_out)


def test_a_claim_without_an_experiment_has_no_verdict():
    assert [name for name, found in by_claim(MEASURED["claims"]).items() if not found] == ["domain-others"]
    assert "### domain-others" in PAGE
    assert PAGE.partition("### domain-others")[2].splitlines()[3] == "* not tested."


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("q", "more", than=0.5), "q, said to be more than 0.5"),
        (
            Rule("q", "less", ratio=True, than=1, beforehand=False),
            "q, said to be less than 1 (written with the numbers in view)",
        ),
        (Rule("q", "same", ratio=True, than=1, margin=0.05), "q, said to be 1 within 5 %"),
        (Rule("|q|", "same", margin=0.5), "\\|q\\|, said to be 0 within 0.5"),
    ],
)
def test_rules_in_words(rule, words):
    assert said_of(rule) == words


@pytest.mark.parametrize(
    ("x", "words"), [(0.12345, "0.123"), (0.0, "0"), (1000.0, "1e+03"), (1e-7, "1e−07"), (None, "∞"), (-2.0, "−2")]
)
def test_numbers_in_words(x, words):
    assert number(x) == words
