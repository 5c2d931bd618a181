"""Verdicts on planted effects: each of the three, equality, rates at the edge, Holm, and what is most surprising."""

import math

import numpy as np
import pytest

from optzoo_jax.experiments.claims.claim import Claim, Effect, Rule
from optzoo_jax.experiments.claims.effects import effect
from optzoo_jax.experiments.claims.verdicts import chance, compare, holm, judged, smallest, surprising

MORE, LESS = Rule("q", "more"), Rule("q", "less")
SAME = Rule("q", "same", margin=1.0)
RATIO = Rule("q", "less", than=1.0, ratio=True)
SAME_RATIO = Rule("q", "same", than=1.0, margin=0.1, ratio=True)


def claim(name, rule, training=False, famous=False):
    return Claim(name, "", "", "", (rule,), cells=(("adam", "signals"),) if training else (), famous=famous)


def verdict(rule, estimate, low, high, unfit=""):
    found = judged({"a": claim("a", rule)}, {"a": [Effect("q", "here", estimate, low, high, unfit)]})
    return found[0].verdict


@pytest.mark.parametrize(
    ("rule", "interval", "expected"),
    [
        (MORE, (2.0, 1.0, 3.0), "supported"),
        (MORE, (-2.0, -3.0, -1.0), "contradicted"),
        (MORE, (2.0, -1.0, 5.0), "undecided"),
        (LESS, (-2.0, -3.0, -1.0), "supported"),
        (LESS, (2.0, 1.0, 3.0), "contradicted"),
        (LESS, (-2.0, -5.0, 0.0), "undecided"),  # the interval ends at 0
        (Rule("q", "more", than=8.0), (2.0, 1.0, 3.0), "contradicted"),
        (Rule("q", "more", than=8.0), (9.0, 8.5, 9.5), "supported"),
        (RATIO, (0.5, 0.4, 0.9), "supported"),
        (RATIO, (1.5, 1.1, 2.0), "contradicted"),
        (RATIO, (0.5, 0.2, 1.1), "undecided"),
        (RATIO, (0.0, 0.0, 0.0), "supported"),
    ],
)
def test_a_verdict_is_the_side_on_which_the_whole_interval_lies(rule, interval, expected):
    assert verdict(rule, *interval) == expected


@pytest.mark.parametrize(
    ("rule", "interval", "expected"),
    [
        (SAME, (0.2, -0.5, 0.9), "supported"),
        (SAME, (0.2, -0.5, 1.1), "undecided"),  # a test of difference that fails shows no equality
        (SAME, (0.0, -9.0, 9.0), "undecided"),
        (SAME, (2.0, 0.5, 3.5), "undecided"),
        (SAME, (2.0, 1.5, 2.5), "contradicted"),
        (SAME, (-2.0, -2.5, -1.5), "contradicted"),
        (SAME, (0.5, 0.4, 0.6), "supported"),  # different, but by less than the margin
        (SAME_RATIO, (1.02, 0.95, 1.05), "supported"),
        (SAME_RATIO, (1.02, 0.85, 1.05), "undecided"),
        (SAME_RATIO, (1.3, 1.2, 1.4), "contradicted"),
        (SAME_RATIO, (0.8, 0.7, 0.9), "contradicted"),
    ],
)
def test_equality_is_supported_inside_the_margin_only(rule, interval, expected):
    assert verdict(rule, *interval) == expected


def test_an_effect_without_noise_decides_unless_it_is_exactly_at_the_border():
    assert verdict(MORE, 1e-9, 1e-9, 1e-9) == "supported"
    assert verdict(MORE, -1e-9, -1e-9, -1e-9) == "contradicted"
    assert verdict(RATIO, 1.0, 1.0, 1.0) == "undecided"
    assert smallest(MORE, Effect("q", "here", 1.0, 0.5, 1.5)) is None, "starts are not drawn"


def test_a_rate_at_the_edge_decides_nothing_and_says_so():
    (found,) = judged({"a": claim("a", MORE)}, {"a": [Effect("q", "here", 2.0, 1.0, 3.0, "rate at the edge: sgd")]})
    assert (found.verdict, found.why) == ("undecided", "rate at the edge: sgd")


def test_what_is_not_finite_decides_nothing():
    found = effect(MORE, "here", [1.0, np.inf])
    assert found == Effect("q", "here", None, None, None, "not finite")
    assert judged({"a": claim("a", MORE)}, {"a": [found]})[0].verdict == "undecided"


def test_every_problem_has_a_verdict_of_its_own():
    effects = [Effect("q", "one", 2.0, 1.0, 3.0), Effect("q", "two", -2.0, -3.0, -1.0)]
    assert [found.verdict for found in judged({"a": claim("a", MORE)}, {"a": effects})] == ["supported", "contradicted"]


def test_holm_stops_at_the_first_that_chance_explains():
    assert holm([0.01, 0.04, 0.03, 0.005]) == [True, False, False, True]
    assert holm([0.04]) == [True]
    assert holm([0.0125, 0.0166, 0.025, 0.05]) == [True] * 4
    assert holm([0.0126, 0.0166, 0.025, 0.05]) == [False] * 4
    assert holm([0.04, 0.0001]) == [True, True]
    assert holm([0.02, 0.02, 0.02]) == [False] * 3


def test_half_an_interval_from_the_border_is_the_5_percent_level():
    assert chance(1.0) == pytest.approx(0.05)
    assert compare(MORE, Effect("q", "here", 1.0, 0.0, 3.0)) == ("supported", 1.0)
    assert compare(MORE, Effect("q", "here", -1.0, -9.0, 1.0)) == ("contradicted", 0.5)


def test_holm_is_of_the_claims_about_training_alone():
    near, far = Effect("q", "here", 2.0, 0.1, 3.9), Effect("q", "here", 2.0, 1.5, 2.5)
    claims = {name: claim(name, MORE, training=name != "surface") for name in ("surface", "near", "far")}
    found = {x.claim.name: x for x in judged(claims, {"surface": [near], "near": [near] * 20, "far": [far]})}
    assert found["surface"].verdict == "supported"
    assert found["far"].verdict == "supported"
    assert (found["near"].verdict, found["near"].why) == ("undecided", "Holm, of 21")


def test_the_smallest_effect_is_what_is_seen_in_four_of_five_repetitions():
    random, seen = np.random.default_rng(0), smallest(MORE, Effect("q", "here", 0.0, -1.96, 1.96, random=True))
    assert np.mean(seen + random.standard_normal(100_000) > 1.96) == pytest.approx(0.8, abs=0.005)
    ratio = Effect("q", "here", 1.0, math.exp(-1.96), math.exp(1.96), random=True)
    assert smallest(RATIO, ratio) == pytest.approx(math.exp(seen))


def test_the_most_surprising_are_contradicted_by_most_then_famous_and_undecided():
    claims = {
        "held": claim("held", MORE),
        "slightly": claim("slightly", MORE),
        "far": claim("far", MORE),
        "famous": claim("famous", MORE, famous=True),
        "later": claim("later", MORE, famous=True),
        "mixed": claim("mixed", MORE, famous=True),
        "unknown": claim("unknown", MORE),
    }
    effects = {
        "held": [Effect("q", "", 2.0, 1.0, 3.0)],
        "famous": [Effect("q", "weak", 0.0, -1.0, 1.0), Effect("q", "strong", 0.5, -1.0, 2.0)],
        "later": [Effect("q", "", 0.9, -1.0, 2.8)],
        "mixed": [Effect("q", "", 0.0, -1.0, 1.0), Effect("q", "", 2.0, 1.0, 3.0)],
        "unknown": [Effect("q", "", 0.0, -1.0, 1.0)],
        "slightly": [Effect("q", "", -20.0, -30.0, -10.0)],
        "far": [Effect("q", "small", -1.5, -2.5, -0.5), Effect("q", "large", -2.0, -2.1, -1.9)],
    }
    found = judged(claims, effects)
    assert [(x.claim.name, x.effect.where) for x in surprising(found, 9)] == [
        ("far", "large"), ("slightly", ""), ("famous", "strong"), ("later", ""),
    ]  # fmt: skip
    assert [x.claim.name for x in surprising(found, 2)] == ["far", "slightly"]
