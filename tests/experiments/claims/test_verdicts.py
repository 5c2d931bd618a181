"""Committed numbers are those of the claims as they stand, and a verdict follows from its numbers."""

import copy
import json
from pathlib import Path

import pytest

from optzoo_jax.experiments.claims.catalogue import CLAIMS
from optzoo_jax.experiments.claims.measured import configuration
from optzoo_jax.experiments.claims.page import value, verdicts
from optzoo_jax.experiments.claims.rules import clearly_less, clearly_more, median, p_less

MEASURED = json.loads((Path(__file__).parents[3] / "docs" / "measured" / "claims.json").read_text())
NUMBERS = {record["name"]: record["numbers"] for record in MEASURED["claims"]}


def test_all_claims_are_measured_as_they_stand():
    found = {record["name"]: record for record in MEASURED["claims"]}
    assert MEASURED["complete"]
    assert list(found) == list(CLAIMS)
    for name, claim in CLAIMS.items():
        assert configuration(claim).items() <= found[name].items(), name


def test_at_least_five_fresh_seeds_where_something_is_trained():
    for record in MEASURED["claims"]:
        settings = [x for x in record["setting"].values() if isinstance(x, dict) and "tuning" in x]
        for trial in settings:
            assert trial["fresh"] >= 5, record["name"]
        for row in record["numbers"].values() if settings else ():
            assert all(len(x) in {trial["fresh"] for trial in settings} for x in row.values() if isinstance(x, list))


def doctored(numbers):
    """The same tables with rows or columns exchanged, with all rows alike, and with nothing finite."""
    rows = list(numbers)
    for values in (list(numbers.values())[::-1], [numbers[rows[0]]] * len(rows), [numbers[rows[-1]]] * len(rows)):
        yield dict(zip(rows, values, strict=True))
    yield {row: dict(zip(of, list(of.values())[::-1], strict=True)) for row, of in numbers.items()}
    yield {row: dict.fromkeys(of, list(of.values())[-1]) for row, of in numbers.items()}
    for worst in (None, 0.0, 0.5, 1e9):
        made = copy.deepcopy(numbers)
        for of in made.values():
            for column, x in of.items():
                of[column] = [worst] * len(x) if isinstance(x, list) else worst
        yield made


@pytest.mark.parametrize("name", [name for name, numbers in NUMBERS.items() if numbers])
def test_other_numbers_have_another_verdict(name):
    claim = CLAIMS[name]
    before, others = claim.verdict(NUMBERS[name]), set()
    for numbers in doctored(NUMBERS[name]):
        try:
            others.add(claim.verdict(numbers))
        except (KeyError, ValueError, ZeroDivisionError):
            continue  # columns that do not go together
    assert others - {before}, before


def test_a_claim_without_an_experiment_is_not_testable():
    assert {name for name, numbers in NUMBERS.items() if not numbers} == {"domain-others"}
    assert verdicts(MEASURED["claims"])["domain-others"] == "not testable at this size"


@pytest.mark.parametrize(
    ("a", "b", "clearly"),
    [
        ([1] * 5, [2] * 5, True),
        ([1] * 4 + [3], [2] * 5, False),
        ([1] * 7 + [3], [2] * 8, True),
        ([1] * 6 + [3, 3], [2] * 8, False),
        ([2] * 5, [2] * 5, False),  # ties
        ([1] * 5, [None] * 5, True),
        ([None] * 5, [None] * 5, False),
        ([None] * 5, [1] * 5, False),
    ],
)
def test_clearly_is_a_sign_test_and_what_diverged_is_worse(a, b, clearly):
    assert clearly_less(a, b) is clearly
    lower, higher = ([None if x is None else -x for x in values] for values in (a, b))
    assert clearly_more(lower, higher) is clearly


def test_the_sign_test_is_the_binomial_tail():
    assert p_less([1] * 7 + [3], [2] * 8) == 9 / 256
    assert p_less([3] * 8, [2] * 8) == 1


def test_what_diverged_counts_in_a_median():
    assert median([1, None, None]) == float("inf")
    assert median([0.9, None, None], worst=0) == 0


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (0.12345, "0.123"),
        (1000.0, "1,000"),
        (1e-7, "1.0e-07"),
        (None, "∞"),
        ([1.0, 2.0, 3.5], "2 (1 to 3.5)"),
        ([1.0, None, None], "∞ (1 to ∞)"),
        ([2.0, 2.0], "2"),
    ],
)
def test_numbers_in_words(x, words):
    assert value(x) == words
