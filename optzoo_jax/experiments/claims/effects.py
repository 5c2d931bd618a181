"""From numbers to a 95 % interval: over a few starts or seeds, and over trials, seeds and test examples together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

from optzoo_jax.experiments.claims.claim import Effect, Rule
from optzoo_jax.experiments.evidence.bootstrap import DRAWS, Resamples, chances, deviations, on_seeds, resamples
from optzoo_jax.experiments.evidence.scores import Trials

Interval = tuple[float, float, float]
_STARTS = 4
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
        (estimate, low, high, unfit), random = measured, True
    else:
        samples = np.atleast_1d(np.asarray(measured, float))
        (estimate, low, high), unfit, random = of_samples(samples, rule.ratio), "", len(samples) > _STARTS
    if not np.all(np.isfinite([estimate, low, high])):
        return Effect(rule.quantity, where, None, None, None, unfit or "not finite", random)
    return Effect(rule.quantity, where, float(estimate), float(low), float(high), unfit, random)


def of_samples(samples: np.ndarray, ratio: bool = False) -> Interval:
    """The mean, of ratios the geometric one: of seeds with Student's 95 % interval, of four or less with their range.

    So few are starts, which are chosen, not drawn: there is no more to say of them than that all are on one side.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.log(samples) if ratio else samples
        mean, n = x.mean(), len(x)
        half = student.ppf(0.975, n - 1) * x.std(ddof=1) / np.sqrt(n) if n > _STARTS else 0
        found = np.array([mean, mean - half, mean + half] if n > _STARTS else [mean, x.min(), x.max()])
    estimate, low, high = (np.exp(found) if ratio else found).tolist()
    return estimate, low, high


def tuned(one: Trials, values: np.ndarray, again: np.ndarray) -> Draws:
    """A quantity after tuning with half of the trials; trials, seeds and test blocks are drawn as scores are.

    Args:
      one: the trials, from the one that would be chosen first to the one that would be last.
      values: (trials, blocks) the quantity.
      again: (seeds,) of fresh seeds at the chosen trial.
    """
    shared, k = resamples("", len(one.rows)), max(1, len(one.rows) // 2)
    chosen, deviation = deviations(one, values.mean(axis=1), again, k, shared)
    mean = float(chances(one, k) @ values.mean(axis=1))
    return Draws(mean, mean + deviation + _blocks(shared, values)[np.arange(DRAWS), chosen])


def seeds(values: np.ndarray) -> Draws:
    """A quantity of fresh seeds alone: seeds and test blocks are drawn, the same for all methods.

    Args:
      values: (seeds, blocks).
    """
    mean = values.mean(axis=1)
    return Draws(*on_seeds(mean, mean + _blocks(resamples("", len(values)), values)))


def _blocks(shared: Resamples, values: np.ndarray) -> np.ndarray:
    """(draws, runs) what other test blocks would make of each run's value; 0 where it is not of blocks."""
    many = values.shape[1] == shared.blocks.shape[1]
    return shared.blocks @ values.T - values.mean(axis=1) if many else np.zeros((DRAWS, len(values)))


def between(ours: Draws, theirs: Draws, ratio: bool) -> Interval:
    """The difference of two paired quantities, or their ratio, and the middle 95 % of its draws."""
    a, b = (np.array([one.mean, *one.values]) for one in (ours, theirs))
    found = np.log(np.maximum(a, _TINY)) - np.log(np.maximum(b, _TINY)) if ratio else a - b
    found = np.array([found[0], *np.quantile(found[1:], [0.025, 0.975])])
    found[1:] = min(found[0], found[1]), max(found[0], found[2])
    estimate, low, high = (np.exp(found) if ratio else found).tolist()
    return estimate, low, high
