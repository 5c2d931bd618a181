"""Committed numbers are those of the claims as they stand, and a verdict follows from its numbers."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optzoo_jax.experiments.claims.catalogue import CLAIMS
from optzoo_jax.experiments.claims.measured import configuration
from optzoo_jax.experiments.claims.rules import clearly_less, clearly_more, median, p_less
from optzoo_jax.experiments.claims.verdicts import markdown, value, verdicts

MEASURED = json.loads((Path(__file__).parents[3] / "docs" / "measured" / "claims.json").read_text())
NUMBERS = {record["name"]: record["numbers"] for record in MEASURED["claims"]}


def test_measured_claims_are_those_that_stand():
    found = {record["name"]: record for record in MEASURED["claims"]}
    assert MEASURED["complete"] == (found.keys() == CLAIMS.keys())
    for name, record in found.items():
        assert configuration(CLAIMS[name]).items() <= record.items(), name


def test_the_page_names_what_is_not_measured():
    left_out = MEASURED["claims"][1:]
    missing = [name for name in CLAIMS if name not in {record["name"] for record in left_out}]
    assert f"Not measured yet: {', '.join(f'`{name}`' for name in missing)}." in markdown(left_out)


def test_at_least_five_fresh_seeds_where_something_is_trained():
    for record in MEASURED["claims"]:
        settings = [x for x in record["setting"].values() if isinstance(x, dict) and "tuning" in x]
        for trial in settings:
            assert trial["fresh"] >= 5, record["name"]
        for row in record["numbers"].values() if settings else ():
            assert all(len(x) in {trial["fresh"] for trial in settings} for x in row.values() if isinstance(x, list))


def doctored(numbers) -> Iterator[Any]:
    """The same tables with rows all alike, with a number for each row in many orders, and with nothing finite."""
    rows, random = list(numbers), np.random.default_rng(0)
    for one in (rows[0], rows[-1]):
        yield dict.fromkeys(rows, numbers[one])
    for _ in range(200):
        yield {
            row: filled(numbers[row], int(k) + 1) for row, k in zip(rows, random.permutation(len(rows)), strict=True)
        }
        yield {row: {c: list(of.values())[k] for c, k in zip(of, random.permutation(len(of)), strict=True)}
               for row, of in numbers.items()}  # fmt: skip
    for worst in (None, 0.0, 0.5, 1e9):
        yield {row: filled(of, worst) for row, of in numbers.items()}


def filled(of, x: Any):
    return {column: [x] * len(old) if isinstance(old, list) else x for column, old in of.items()}


@pytest.mark.parametrize("name", [name for name, numbers in NUMBERS.items() if numbers])
def test_other_numbers_have_another_verdict(name):
    claim = CLAIMS[name]
    before, others = claim.verdict(NUMBERS[name]), set()
    for numbers in doctored(NUMBERS[name]):
        with contextlib.suppress(KeyError, ValueError, ZeroDivisionError):  # rows need not go together
            others.add(claim.verdict(numbers))
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
