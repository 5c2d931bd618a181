"""What a race says in the end is what its numbers say."""

import pytest

from optzoo_jax.experiments.race.statistics import in_short
from optzoo_jax.experiments.report.answer import answer


def said(*records):
    """The methods that it names, and where."""
    methods = [r | {"score": r.get("score", "accuracy")} for r in records]
    found = answer(in_short({"problems": dict.fromkeys(r["problem"] for r in records), "methods": methods}))
    names, _, rest = found.removeprefix("Which one? ").partition(": ")
    return names, rest.partition(" the median")[0]


@pytest.fixture
def raced(record):
    """A record with the given accuracies of its fresh seeds."""

    def make(name, problem, *accuracies):
        made = record(name, problem)
        made["tuned"] = [{**made["tuned"][0], "seed": i, "test_accuracy": a} for i, a in enumerate(accuracies)]
        return made

    return make


def test_who_is_within_the_middle_half_of_the_best_is_named_and_the_best_first(raced):
    best = raced("adam", "digits-mlp", 0.90, 0.92, 0.94, 0.96, 0.98)
    near, behind = raced("sgd", "digits-mlp", 0.93), raced("nag", "digits-mlp", 0.91)
    assert said(near, behind, best) == ("adam and sgd", "on 1 problem")


def test_who_is_level_on_more_problems_goes_before_who_is_best_on_one(raced):
    first = [
        raced("adam", "digits-mlp", 0.9, 0.9),
        raced("sgd", "digits-mlp", 0.9, 0.9),
        raced("nag", "digits-mlp", 0.8),
    ]
    second = [raced("adam", "logistic", 0.7), raced("sgd", "logistic", 0.9), raced("nag", "logistic", 0.9)]
    assert said(*first, *second) == ("sgd", "on 2 problems")


def test_where_nobody_is_level_everywhere_it_says_how_often(raced):
    first = [raced("adam", "digits-mlp", 0.9), raced("sgd", "digits-mlp", 0.8)]
    assert said(*first, raced("adam", "logistic", 0.7), raced("sgd", "logistic", 0.9)) == (
        "adam and sgd",
        "on 1 of 2 problems",
    )


def test_of_many_the_first_are_named(raced):
    many = [raced(f"m{i}", "digits-mlp", 0.9) for i in range(7)]
    assert said(*many)[0] == "m0, m1, m2, m3, m4 and 2 others"


def test_what_diverged_is_not_named(raced):
    lost = raced("sgd", "digits-mlp", 0.0)
    lost["tuned"] = [{**run, "train_loss": float("inf"), "diverged": True} for run in lost["tuned"]]
    assert said(lost, raced("adam", "digits-mlp", 0.0)) == ("adam", "on 1 problem")
    assert said(lost)[0] == "None"


def test_of_losses_the_lowest_is_the_best(record):
    low, high = record("adam", "autoencoder", score="loss"), record("sgd", "autoencoder", score="loss")
    for run in high["tuned"]:
        run["test_loss"] = 0.5
    assert said(high, low) == ("adam", "on 1 problem")
