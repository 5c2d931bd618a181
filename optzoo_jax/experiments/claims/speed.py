"""Claims about who trains faster, steadier, or alike."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Sequence

from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import clearly_less, filled, less, median
from optzoo_jax.experiments.claims.trials import Trial, sweep, table
from optzoo_jax.experiments.training.selection import median as median_of_runs

DIGITS = Trial("digits-mlp", steps=400, sharp=True)
DEEP = Trial("autoencoder", steps=600, fresh=5, tuning=2, every=20)
SETTING = {"digits": DIGITS, "deep": DEEP}
AT = {"digits": "digits", "deep": "autoencoder"}
TUNED = "each method at the best of nine rates, on fresh seeds."


def compare(names: Sequence[str], columns: Sequence[str], **trials: Trial) -> Numbers:
    """Methods at their best rates, on one problem after the other."""
    return {
        f"{name}, {AT[where]}": row
        for where, trial in trials.items()
        for name, row in table(names, columns, trial).items()
    }


def less_on(column: str, pairs: Sequence[tuple[str, str]], *places: str) -> Callable[[Numbers], bool]:
    """A rule: the first of each pair is clearly less than the second, in all places."""
    return less(column, *((f"{ours}, {place}", f"{theirs}, {place}") for ours, theirs in pairs for place in places))


def alike(numbers: Numbers) -> bool:
    """Test accuracies within one point, and losses of the autoencoder within a tenth."""
    accuracy = [median(row["test accuracy"], 0) for name, row in numbers.items() if name.endswith("digits")]
    loss = [median(row["test loss"]) for name, row in numbers.items() if name.endswith("autoencoder")]
    return max(accuracy) - min(accuracy) <= 0.01 and max(loss) <= 1.1 * min(loss)


def slower_but_reliable(numbers: Numbers) -> bool:
    """SGD takes clearly more steps, and the accuracies of its seeds have less than half of the spread."""
    spread = {name: _spread(row["test accuracy"]) for name, row in numbers.items()}
    slower = clearly_less(numbers["adam"]["steps to target"], numbers["sgd"]["steps to target"])
    return slower and spread["sgd"] < spread["adam"] / 2


def _spread(values: object) -> float:
    return statistics.stdev(filled(values, worst=0))


def usable_rates(names: Sequence[str], trial: Trial, within: float) -> Numbers:
    """How many of nine learning rates come within a share of the method's own best validation accuracy."""
    found = {}
    for name in names:
        runs = sweep(name, trial)
        rates = sorted({run["learning_rate"] for run in runs})
        accuracy = [median_of_runs(runs, rate, "validation_accuracy") for rate in rates]
        found[name] = {
            "best validation accuracy": max(accuracy),
            f"rates within {within:.0%} of it".replace("%", " %"): float(
                sum(x >= (1 - within) * max(accuracy) for x in accuracy)
            ),
            "rates tried": float(len(rates)),
        }
    return found


def more_robust(numbers: Numbers) -> bool:
    """Adagrad bears more rates than SGD and than momentum."""
    usable = {name: median(list(row.values())[1]) for name, row in numbers.items()}
    return usable["adagrad"] > max(usable["sgd"], usable["momentum"])


def without_tuning(names: Sequence[str], **trials: Trial) -> Numbers:
    """At the default rate, and at the best of nine."""
    found = {}
    for trial in trials.values():
        score = f"test {trial.make_problem().score}"
        default, tuned = (table(names, [score], trial, track) for track in ("default", "tuned"))
        for name in names:
            found[f"{name}, {trial.problem}"] = {
                f"{score} at the default rate": default[name][score],
                f"{score} at the best": tuned[name][score],
                "best rate": tuned[name]["learning rate"],
                "default rate": default[name]["learning rate"],
            }
    return found


def needs_no_tuning(numbers: Numbers) -> bool:
    """On every problem the default comes within one point of accuracy, or a tenth of the loss."""

    def near(row: dict) -> bool:
        (score, default), (_, best) = list(row.items())[:2]
        if "accuracy" in score:
            return median(default, 0) >= median(best, 0) - 0.01
        return median(default) <= 1.1 * median(best)

    return all(near(dict(row)) for row in numbers.values())


CLAIMS = (
    Claim(
        "momentum-trains-faster",
        "Momentum converges faster than SGD.",
        "survey, 3.1; study note, on Momentum",
        f"A network on the digits, 400 steps of 64; {TUNED} Target: 95 % of the validation data right.",
        "Momentum needs clearly fewer steps to the target.",
        compare,
        less_on("steps to target", [("momentum", "sgd")], "digits"),
        {"names": ("sgd", "momentum"), "columns": ("steps to target", "training loss", "unrest"), "digits": DIGITS},
    ),
    Claim(
        "momentum-trains-steadier",
        "Momentum's curve of convergence is steadier than SGD's.",
        "study note, on Momentum",
        f"The same network; {TUNED} Unrest: all rises of the validation loss in the second half of the run, over its "
        "mean there.",
        "Momentum's unrest is clearly less.",
        compare,
        less_on("unrest", [("momentum", "sgd")], "digits"),
        {"names": ("sgd", "momentum"), "columns": ("unrest", "training loss"), "digits": DIGITS},
    ),
    Claim(
        "adam-fast",
        "Adam is fast, SGD with momentum slow.",
        "slides, SGDM and Adam; survey, 4",
        f"The network on the digits and the deep autoencoder; {TUNED} Targets: 95 % of the validation data right, and "
        "a validation loss of 0.04.",
        "Adam needs clearly fewer steps to both targets.",
        compare,
        less_on("steps to target", [("adam", "momentum")], "digits", "autoencoder"),
        {"names": ("sgd", "momentum", "adam"), "columns": ("steps to target", "test loss"), **SETTING},
    ),
    Claim(
        "adam-unstable",
        "Adam is unstable, SGD with momentum stable.",
        "slides, SGDM and Adam",
        f"The same runs; {TUNED} Unrest: all rises of the validation loss in the second half of the run, over its mean "
        "there.",
        "On both problems momentum's unrest is clearly less.",
        compare,
        less_on("unrest", [("momentum", "adam")], "digits", "autoencoder"),
        {"names": ("sgd", "momentum", "adam"), "columns": ("unrest", "test loss"), **SETTING},
    ),
    Claim(
        "alike",
        "RMSProp, Adadelta and Adam do alike in like circumstances.",
        "study note, Which optimizer?",
        f"The network on the digits and the deep autoencoder; {TUNED}",
        "The largest and the smallest median test accuracy on the digits are at most one point apart, and the "
        "autoencoder's median losses at most 10 %.",
        compare,
        alike,
        {"names": ("rmsprop", "adadelta", "adam"), "columns": ("test accuracy", "test loss"), **SETTING},
    ),
    Claim(
        "nadam-better",
        "Where one would take RMSProp with momentum, or Adam, Nadam mostly does better.",
        "study note, Which optimizer?",
        f"The network on the digits and the deep autoencoder; {TUNED}",
        "On both problems Nadam's test loss is clearly less than either's.",
        compare,
        less_on("test loss", [("nadam", "adam"), ("nadam", "rmsprop + momentum")], "digits", "autoencoder"),
        {"names": ("nadam", "adam", "rmsprop + momentum"), "columns": ("test loss", "steps to target"), **SETTING},
    ),
    Claim(
        "sgd-reliable",
        "SGD takes longer, but with a good start and a schedule it is the more reliable.",
        "study note, Which optimizer?",
        f"The network on the digits, both methods with a cosine schedule; {TUNED}",
        "SGD needs clearly more steps to 95 %, and the standard deviation of its seeds' test accuracies is less than "
        "half of Adam's.",
        functools.partial(table, columns=("steps to target", "test accuracy", "test loss")),
        slower_but_reliable,
        {"names": ("sgd", "adam"), "trial": Trial("digits-mlp", steps=400, schedule="cosine")},
    ),
    Claim(
        "adagrad-robust",
        "Adagrad is more robust against the choice of the learning rate than SGD and its variants.",
        "survey, 3.2.1",
        "The network on the digits; how many of nine learning rates at half decades come within 5 % of the method's "
        "own best validation accuracy (median of three seeds).",
        "More for Adagrad than for SGD and for momentum.",
        usable_rates,
        more_robust,
        {"names": ("sgd", "momentum", "adagrad"), "trial": DIGITS, "within": 0.05},
    ),
    Claim(
        "adagrad-default",
        "Adagrad needs no tuning: its default rate of 0.01 does.",
        "study note, on Adagrad",
        f"The network on the digits and the deep autoencoder, at the default and at the best rate; {TUNED}",
        "On both the default is within one point of accuracy, or 10 % of the loss.",
        without_tuning,
        needs_no_tuning,
        {"names": ("adagrad",), **SETTING},
    ),
    Claim(
        "adadelta-default",
        "Adadelta needs no learning rate.",
        "study note, on Adadelta",
        f"The same, for Adadelta at the rate 1; {TUNED}",
        "On both the rate 1 is within one point of accuracy, or 10 % of the loss.",
        without_tuning,
        needs_no_tuning,
        {"names": ("adadelta",), **SETTING},
    ),
)
