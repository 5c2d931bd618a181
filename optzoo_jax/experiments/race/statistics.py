"""What is made of a race's records: plain functions of plain data, as `run_cell` makes it.

A run that diverged counts as accuracy 0 and loss ∞; a target that is not reached takes ∞ steps.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from optzoo_jax.experiments.keeping.plain import plain
from optzoo_jax.experiments.training.selection import median, values

Record = dict[str, Any]
Currency = Literal["steps", "gradients", "seconds"]
BASELINE = "adamw"
_RATIOS = np.linspace(1, 4, 61)


def summary(record: Record) -> dict[str, Any]:
    """A method on one problem in a few plain numbers, None for what is not finite."""
    test = f"test_{record['score']}"
    found = {
        "validation": _quartiles(record["tuned"], f"validation_{record['score']}"),
        "test": _quartiles(record["tuned"], test),
        "at_defaults": _quartiles(record["at_defaults"], test),
        "train_loss": _median(record, "train_loss"),
        "generalization_gap": _median(record, "test_loss") - _median(record, "train_loss"),
        "sharpness": _median(record, "sharpness"),
        "steps_to_target": steps_to_target(record),
        "diverged": statistics.fmean(run["diverged"] for run in record["runs"]),
        "decades_5": decades(record, 0.05),
        "decades_10": decades(record, 0.1),
        "expected_best": expected_best(record),
    }
    return plain(found)


def in_short(document: dict[str, Any]) -> dict[str, Any]:
    """A race's document with numbers in the place of every method's runs: small enough to be cited."""
    return {**document, "methods": [_in_short(record) for record in document["methods"]]}


def _in_short(record: Record) -> Record:
    kept = {name: x for name, x in record.items() if name not in ("runs", "tuned", "at_defaults", "checkpoints")}
    counted = {
        "runs": len(record["runs"]),
        "runs_diverged": sum(run["diverged"] for run in record["runs"]),
        "runs_stopped": sum(run["steps"] < record["steps"] for run in record["runs"]),
    }
    return {**kept, **counted, **summary(record)}


def level(found: Sequence[Mapping[str, Any]], kind: str) -> Callable[[float | None], bool]:
    """Whether a median is as good as the worse quartile of the best one."""
    finite = [f for f in found if f["median"] is not None]
    if not finite:
        return lambda x: False
    if kind == "accuracy":
        bound = max(finite, key=lambda f: f["median"])["low"]
        return lambda x: x is not None and x >= bound
    bound = min(finite, key=lambda f: f["median"])["high"]
    return lambda x: x is not None and (bound is None or x <= bound)


def steps_to_target(record: Record) -> float:
    """The median over the tuned runs of the first checkpoint at which the validation score is as good as the target.

    Of an even number of runs, the later of the two in the middle.
    """
    return statistics.median_high(
        first_as_good(run, record["checkpoints"], record["score"], record["target"]) for run in record["tuned"]
    )


def first_as_good(run: dict[str, Any], checkpoints: Sequence[float], score: str, target: float) -> float:
    """The first checkpoint at which a run's validation score is as good as the target.

    ∞ where it never is, and where the run diverged, if only later.
    """
    curve = [] if run["diverged"] else run[f"validation_{score}_curve"]
    reached = (now >= target if score == "accuracy" else now <= target for now in curve)
    return next(itertools.compress(checkpoints, reached), math.inf)


def decades(record: Record, share: float) -> float:
    """How many decades of the learning rate, around the best, stay within a share of the best validation score.

    From the lowest to the highest of the rates that were tried, without a gap: 0 where no neighbour is within, and as
    wide as the grid at most.

    Args:
      record: of a method.
      share: of an accuracy, which is to be at least (1 − share)·best, or of a loss, at most (1 + share)·best.
    """
    rates, found = record["learning_rates"], _validated(record)
    best = rates.index(record["best_learning_rate"])
    edge = found[best] * (1 - share if _upwards(record) else 1 + share)
    # Where everything diverged, nothing is good, though all is as good as the best.
    good = [0 < x >= edge if _upwards(record) else math.inf > x <= edge for x in found]
    low = high = best
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(rates) - 1 and good[high + 1]:
        high += 1
    return math.log10(rates[high] / rates[low])


def expected_best(record: Record) -> list[float]:
    """The expected best median validation score of n = 1, 2, …, K learning rates that are drawn from the K tried ones.

    Drawn with replacement, the i-th best is the best of n with probability ((K − i + 1)/K)ⁿ − ((K − i)/K)ⁿ: what a
    bootstrap estimates, without its noise.

    Reference: Dodge, Gururangan, Card, Schwartz & Smith, 2019, arXiv 1909.03004, section 3.
    """
    ordered = sorted(_validated(record), reverse=_upwards(record))
    count = len(ordered)
    left = np.arange(count, -1, -1) / count
    chances = (left[:-1] ** n - left[1:] ** n for n in range(1, count + 1))
    return [sum(float(p) * x for p, x in zip(ps, ordered, strict=True)) for ps in chances]


def cost(record: Record, currency: Currency) -> float:
    """What a method pays to reach the target: steps, evaluations of the gradient, or seconds; ∞ where it does not.

    Seconds are those of a single run's steps; compilation is not among them. ∞ too where no step was timed.

    Args:
      record: of a method, whole or in short.
      currency: what is counted.
    """
    price = {"steps": 1, "gradients": record["gradients_a_step"], "seconds": record["seconds_a_step"]}[currency]
    steps = record["steps_to_target"] if "steps_to_target" in record else steps_to_target(record)
    return math.inf if None in (steps, price) else steps * price


def costs(records: Sequence[Record], currency: Currency) -> dict[str, dict[str, float]]:
    """problem → method → `cost`."""
    found: dict[str, dict[str, float]] = {}
    for record in records:
        found.setdefault(record["problem"], {})[record["name"]] = cost(record, currency)
    return found


def profile(records: Sequence[Record], currency: Currency = "steps") -> dict[str, list[tuple[float, float]]]:
    """Performance profiles, ρ(τ): the share of problems on which a method pays at most τ times the least cost.

    Those methods take part that ran on all problems. The profile of one depends on who else takes part.

    Returns:
      method → [(τ, ρ)], τ from 1 to 4.

    Reference: Dolan & Moré, 2002, doi:10.1007/s101070100263; as in Dahl et al., 2023, arXiv 2306.07179.
    """
    paid = costs(records, currency)
    everywhere = [m for m in next(iter(paid.values()), {}) if all(m in found for found in paid.values())]
    least = {problem: min(found[m] for m in everywhere) for problem, found in paid.items() if everywhere}
    return {
        method: [
            (float(τ), statistics.fmean(paid[p][method] <= τ * least[p] < math.inf for p in paid)) for τ in _RATIOS
        ]
        for method in everywhere
    }


def ratios(
    records: Sequence[Record], currency: Currency = "steps", to: str = BASELINE
) -> dict[str, dict[str, float | None]]:
    """problem → method → its cost over that of a baseline; None where one of the two did not run, or never arrived."""
    return {
        problem: plain({method: mine / (base if base < math.inf else math.nan) for method, mine in found.items()})
        for problem, found in costs(records, currency).items()
        for base in [found.get(to, math.inf)]
    }


def _upwards(record: Record) -> bool:
    return record["score"] == "accuracy"


def _validated(record: Record) -> list[float]:
    name = f"validation_{record['score']}"
    return [median(record["runs"], rate, name) for rate in record["learning_rates"]]


def _median(record: Record, name: str) -> float:
    return statistics.median(math.inf if run[name] is None else run[name] for run in record["tuned"])


def _quartiles(runs: Sequence[dict[str, Any]], name: str) -> dict[str, float]:
    found = values(runs, runs[0]["learning_rate"], name)
    low, middle, high = np.quantile(found, [0.25, 0.5, 0.75], method="nearest")
    return {"low": float(low), "median": float(middle), "high": float(high)}
