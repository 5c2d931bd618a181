"""How a learning rate is chosen, from validation data alone; plain functions of run records.

A run that diverged counts as accuracy 0 and loss ∞, and is never left out.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any, Literal

Score = Literal["accuracy", "loss"]
RULES: dict[Score, str] = {
    "accuracy": "highest median validation accuracy over the seeds, then lowest median validation loss, then smallest "
    "rate",
    "loss": "lowest median validation loss over the seeds, then smallest rate",
}
SPACING = math.sqrt(10)
_WORST = {"accuracy": 0.0, "loss": math.inf}


def grid(default: float, count: int) -> list[float]:
    """Learning rates at half decades with the default in their middle (the lower middle, where `count` is even)."""
    return [default * 10 ** ((i - (count - 1) // 2) / 2) for i in range(count)]


def best_rate(runs: Sequence[dict[str, Any]]) -> float:
    """The learning rate with the highest median validation accuracy; ties by loss, then the smallest."""

    def rank(rate: float) -> tuple[float, float, float]:
        return (-median(runs, rate, "validation_accuracy"), median(runs, rate, "validation_loss"), rate)

    return min({run["learning_rate"] for run in runs}, key=rank)


def beyond_the_edge(rates: Sequence[float], best: float) -> list[float]:
    """Two more learning rates on the side on which `best` is the last of at least two; none where it is inside."""
    if len(rates) < 2:
        return []
    if best == min(rates):
        return [best / 10, best / SPACING]
    if best == max(rates):
        return [best * SPACING, best * 10]
    return []


def values(runs: Sequence[dict[str, Any]], rate: float, name: str) -> list[float]:
    """A number of every seed's run at one rate: 0 for the accuracy and ∞ for the loss of one that diverged.

    The accuracy of what has none is 0 too.
    """
    found = [run.get(name) for run in runs if run["learning_rate"] == rate]
    worst = _WORST[name.rpartition("_")[2]]
    return [worst if x is None else x for x in found]


def median(runs: Sequence[dict[str, Any]], rate: float, name: str) -> float:
    """The median over the seeds."""
    return statistics.median(values(runs, rate, name))
