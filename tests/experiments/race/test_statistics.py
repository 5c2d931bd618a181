"""What the race's records are turned into, against numbers worked out by hand or by brute force."""

import itertools
import json
import math
import statistics

import pytest

from optzoo_jax.experiments.race.statistics import (
    cost,
    decades,
    expected_best,
    profile,
    ratios,
    steps_to_target,
    summary,
)


def curves(*found, score="accuracy"):
    return {"tuned": [{"diverged": None in curve, f"validation_{score}_curve": list(curve)} for curve in found]}


def swept(scores, score="accuracy"):
    """A record whose rates 1, 10, 100, … have these median validation scores."""
    rates = [10.0**i for i in range(len(scores))]
    best = (max if score == "accuracy" else min)(s for s in scores if s is not None)
    runs = [{"learning_rate": rate, f"validation_{score}": s} for rate, s in zip(rates, scores, strict=True)]
    return {"score": score, "learning_rates": rates, "best_learning_rate": rates[scores.index(best)], "runs": runs}


def test_the_target_is_reached_when_the_median_run_reaches_it(record):
    marks = {"checkpoints": [25, 50, 75]}
    found = record(**marks, **curves([0.5, 0.96, 0.97], [0.5, 0.94, 0.95], [0.6, 0.6, 0.7]))
    assert steps_to_target(found) == 75
    assert steps_to_target(record(**marks, **curves([0.95, 0.1, 0.1]))) == 25, "the first time counts"
    assert steps_to_target(record(**marks, **curves([0.96, 1, 1], [0, 0, 0.1]))) == math.inf, "of two, the later"
    assert steps_to_target(record(**marks, **curves([0.96, 0.97, None]))) == math.inf, "what diverged later is lost"
    loss = {"score": "loss", "target": 0.3}
    assert steps_to_target(record(**marks, **loss, **curves([0.5, 0.3, 0.2], score="loss"))) == 50


@pytest.mark.parametrize(
    ("scores", "score", "expected"),
    [
        ([0.5, 0.95, 1.0, 0.96, 0.1], "accuracy", 2),
        ([1.0, 0.2, 0.99], "accuracy", 0),  # beyond a gap nothing counts
        ([0.99, 0.99, 1.0], "accuracy", 2),
        ([2.0, 1.05, 1.0, None], "loss", 1),
        ([1.06, 1.0, 1.2], "loss", 0),
    ],
)
def test_decades_are_those_within_a_share_of_the_best_without_a_gap(scores, score, expected):
    assert decades(swept(scores, score), 0.05) == pytest.approx(expected)


@pytest.mark.parametrize("score", ["accuracy", "loss"])
def test_where_all_diverged_no_rate_is_good(score):
    record = swept([1.0, 1.0, 1.0], score)
    for run in record["runs"]:
        run[f"validation_{score}"] = None
    assert decades(record, 0.05) == 0


@pytest.mark.parametrize(("score", "best"), [("accuracy", max), ("loss", min)])
def test_the_expected_best_is_that_of_every_way_to_draw(score, best):
    scores = [0.3, 0.9, 0.2, 0.7]
    drawn = [statistics.fmean(map(best, itertools.product(scores, repeat=n))) for n in range(1, 5)]
    assert expected_best(swept(scores, score)) == pytest.approx(drawn, rel=1e-12)


def test_a_cost_is_in_steps_gradients_or_seconds(record):
    newton = record(gradients_a_step=251, seconds_a_step=0.02)
    assert [cost(newton, currency) for currency in ("steps", "gradients", "seconds")] == [50, 50 * 251, 1.0]


@pytest.fixture
def two_problems(record):
    def reached(name, problem, step):
        curve = [1.0 if step is not None and mark >= step else 0.0 for mark in (10, 20, 30, 50)]
        return record(name, problem, checkpoints=[10, 20, 30, 50], **curves(curve))

    steps = {"a": {"adamw": 20, "sgd": 10, "adam": 50}, "b": {"adamw": 20, "sgd": None, "adam": 30, "newton": 10}}
    return [reached(name, problem, step) for problem, found in steps.items() for name, step in found.items()]


def test_a_profile_is_the_share_of_problems_within_a_factor_of_the_fastest(two_problems):
    lines = {name: dict(line) for name, line in profile(two_problems).items()}
    assert set(lines) == {"adamw", "sgd", "adam"}, "newton did not run on both, and is no measure of the others"
    assert [lines["adamw"][τ] for τ in (1.0, 2.0, 4.0)] == [0.5, 1, 1]
    assert [lines["sgd"][τ] for τ in (1.0, 4.0)] == [0.5, 0.5], "a target that is never reached stays out"
    assert [lines["adam"][τ] for τ in (1.0, 1.5, 4.0)] == [0, 0.5, 0.5]


def test_ratios_are_to_the_baseline(two_problems):
    found = ratios(two_problems)
    assert found["a"] == {"adamw": 1, "sgd": 0.5, "adam": 2.5}
    assert found["b"] == {"adamw": 1, "sgd": None, "adam": 1.5, "newton": 0.5}
    assert ratios(two_problems, to="sgd")["b"] == dict.fromkeys(found["b"])


def test_a_summary_is_plain_and_leaves_no_diverged_run_out(record):
    found = record()
    found["tuned"] = [found["tuned"][0] | {"test_accuracy": x} for x in (0.9, 0.8, None, 0.7, 0.6)]
    found["runs"][0]["diverged"] = True
    short = summary(found)
    assert short["test"] == {"low": 0.6, "median": 0.7, "high": 0.8}
    assert short["diverged"] == pytest.approx(1 / 6)
    assert short["generalization_gap"] == pytest.approx(0.2)
    assert short["sharpness"] == 2.0
    lost = dict.fromkeys(["train_loss", "test_loss", "sharpness", "test_accuracy"])
    short = summary(record(tuned=[run | lost for run in found["tuned"]]))
    assert [short[name] for name in ("train_loss", "generalization_gap", "sharpness")] == [None, None, None]
    assert short["test"]["median"] == 0
    json.dumps(short, allow_nan=False)
