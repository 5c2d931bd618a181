"""From numbers to a 95 % interval: over a few starts or seeds, and over trials, seeds and test examples together."""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

from optzoo_jax.experiments.claims.claim import Effect, Rule
from optzoo_jax.experiments.evidence.bootstrap import DRAWS, Resamples, chances, drawn, resamples

Interval = tuple[float, float, float]
_TINY = float(np.finfo(np.float32).tiny)


class Draws(NamedTuple):
    """A quantity's mean, and what it is in each draw, paired between methods."""

    mean: float
    values: np.ndarray


def effect(rule: Rule, where: str, measured: Any) -> Effect:
    """The effect of what was measured: a number, numbers of starts or seeds, or (estimate, low, high, unfit).

    Args:
      rule: of the quantity.
      where: it was measured.
      measured: the same quantity of each start or seed is paired by whoever measured it.
    """
    if isinstance(measured, tuple):
        estimate, low, high, unfit = measured
    else:
        (estimate, low, high), unfit = of_samples(np.atleast_1d(np.asarray(measured, float)), rule.ratio), ""
    if not np.all(np.isfinite([estimate, low, high])):
        return Effect(rule.quantity, where, None, None, None, unfit or "not finite")
    return Effect(rule.quantity, where, float(estimate), float(low), float(high), unfit)


def of_samples(samples: np.ndarray, ratio: bool = False) -> Interval:
    """The mean of starts or seeds, of ratios the geometric one, with the bootstrap's 95 % interval."""
    n = len(samples)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.log(samples) if ratio else samples
        return _interval(
            x.mean(), x[np.random.default_rng(0).integers(n, size=(DRAWS, n))].mean(axis=1), tail(n), ratio
        )


def tail(n: int) -> float:
    """The share of draws to leave out on each side for a 95 % interval of the mean of n numbers.

    It is that of a Student interval, since few numbers show too little of their own spread: of three or four the
    interval is all of their range (Hesterberg, 2015, "What teachers should know about the bootstrap", section 3).
    """
    return 0.5 if n == 1 else statistics.NormalDist().cdf(student.ppf(0.025, n - 1) * (n / (n - 1)) ** 0.5)


def tuned(judge: np.ndarray, values: np.ndarray) -> Draws:
    """A quantity after tuning with half of the trials; trials and test blocks are drawn, the same for all methods.

    Seeds are drawn with the trials, each of which has its own (see `evidence.bootstrap`).

    Args:
      judge: (trials,), the chosen trial has the least.
      values: (trials, blocks).
    """
    n, k = len(judge), max(1, len(judge) // 2)
    shared, order = resamples("", n, n=DRAWS), np.argsort(judge, kind="stable")
    chosen = order[np.argmax(drawn(shared, n, k)[:, order], axis=1)]
    mean = chances(n, k) @ values.mean(axis=1)[order]
    return Draws(mean, _blocks(shared, values[chosen]))


def seeds(values: np.ndarray) -> Draws:
    """A quantity of fresh seeds alone; seeds and test blocks are drawn, the same for all methods.

    Args:
      values: (seeds, blocks).
    """
    n = len(values)
    picked = np.random.default_rng(0).integers(n, size=(DRAWS, n))
    return Draws(values.mean(), _blocks(resamples("", n, n=DRAWS), values[picked].mean(axis=1)))


def _blocks(shared: Resamples, values: np.ndarray) -> np.ndarray:
    return (values * shared.blocks).sum(axis=1) if values.shape[1] == shared.blocks.shape[1] else values.mean(axis=1)


def between(ours: Draws, theirs: Draws, ratio: bool, tail: float = 0.025) -> Interval:
    """The difference of two paired quantities, or their ratio, and the middle of its draws."""
    a, b = (np.array([one.mean, *one.values]) for one in (ours, theirs))
    found = np.log(np.maximum(a, _TINY)) - np.log(np.maximum(b, _TINY)) if ratio else a - b
    return _interval(found[0], found[1:], tail, ratio)


def _interval(estimate: float, values: np.ndarray, tail: float, ratio: bool) -> Interval:
    low, high = np.quantile(values, [tail, 1 - tail], method="nearest") if np.isfinite(values).all() else [np.nan] * 2
    found = np.array([estimate, min(low, estimate), max(high, estimate)])
    estimate, low, high = (np.exp(found) if ratio else found).tolist()
    return estimate, low, high
