"""How far a learning rate may be off: the decades in which a method's score stays high."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optzoo_jax.experiments.evidence.scores import Scale
from optzoo_jax.experiments.protocol.record import FRESH, UNTUNED, Cell

HIGH = 0.95


class Width(NamedTuple):
    """`at_least`: whether the score is still high at the lowest or the highest rate that was tried."""

    decades: float
    at_least: bool


def width(cell: Cell, between: Scale, high: float = HIGH) -> Width:
    """Decades of the rate in which the best score to be had stays above `high`; 0 where it never gets there.

    At each rate the best score is that of the envelope of all runs of the bracket and the trials, which rises up to the
    best run and falls after it, and is a line in log rate between the runs that it touches.
    """
    runs = (cell.stage != FRESH) & (cell.stage != UNTUNED)
    order = np.argsort(cell.rate[runs], kind="stable")
    x, s = np.log10(cell.rate[runs][order]), between.score(cell.test_blocks[runs].mean(1))[order]
    best = int(s.argmax())
    if s[best] < high:
        return Width(0.0, at_least=False)
    left, left_ends = _reach(x[: best + 1][::-1], s[: best + 1][::-1], high)
    right, right_ends = _reach(x[best:], s[best:], high)
    return Width(float(abs(left) + abs(right)), bool(left_ends or right_ends))


def _reach(x: np.ndarray, s: np.ndarray, high: float) -> tuple[float, bool]:
    """How far from the first point the envelope falls to `high`, and whether the points end before it does.

    A point is on the envelope where none that is further away is higher.
    """
    on = s >= np.maximum.accumulate(s[::-1])[::-1]
    x, s = x[on] - x[0], s[on]
    if s[-1] > high:
        return x[-1], True
    i = int((s <= high).argmax())  # the first that is low; 0 where the best is no higher than that
    if i == 0:
        return 0.0, False
    return x[i - 1] + (s[i - 1] - high) / (s[i - 1] - s[i]) * (x[i] - x[i - 1]), False
