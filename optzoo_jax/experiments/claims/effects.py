"""From numbers to a 95 % interval: over a few starts or seeds, and over trials, seeds and test examples together."""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

from optzoo_jax.experiments.claims.claim import Effect, Rule

DRAWS = 4000


class Judged(NamedTuple):
    """A quantity of a tuned method.

    Attributes:
      judge: (trials,), what the trial is chosen by, the least.
      trials: (trials, blocks), the quantity in each trial; blocks are of test examples, one where it has none.
      fresh: (seeds, blocks), the quantity of fresh seeds at the chosen trial.
    """

    judge: np.ndarray
    trials: np.ndarray
    fresh: np.ndarray


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


def of_samples(samples: np.ndarray, ratio: bool = False) -> tuple[float, float, float]:
    """The mean of starts or seeds, of ratios the geometric one, with the bootstrap's 95 % interval.

    The percentiles are those of a Student interval, since few samples show too little of their own spread: of three or
    four the interval is all of their range (Hesterberg, 2015, "What teachers should know about the bootstrap").
    """
    n = len(samples)
    random = np.random.default_rng(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.log(samples) if ratio else samples
        means = x[random.integers(n, size=(DRAWS, n))].mean(axis=1)
        tail = 0.5 if n == 1 else statistics.NormalDist().cdf(student.ppf(0.025, n - 1) * (n / (n - 1)) ** 0.5)
        found = np.array([x.mean(), *np.quantile(means, [tail, 1 - tail], method="nearest")])
    estimate, low, high = np.exp(found) if ratio else found
    return estimate, low, high


def draws(of: Judged, n: int = DRAWS, fastest: bool = False) -> np.ndarray:
    """(n,): the quantity after tuning with half of the trials, drawn without replacement; paired between methods.

    Methods with as many trials, seeds and blocks meet the same draws. The chosen trial's number has the noise of its
    own seed; so much of fresh seeds' noise is added as the draws do not show because they choose the same trial again
    and again. Where there are no trials it is the mean of the fresh seeds.

    Args:
      of: the quantity.
      n: how many draws.
      fastest: the least of the quantity itself counts, not that of the trial which is chosen in the end.
    """
    random = np.random.default_rng(0)
    trials, (seeds, blocks) = len(of.judge), of.fresh.shape
    seed, weights = random.integers(seeds, size=(n, seeds)), random.multinomial(blocks, np.full(blocks, 1 / blocks), n)
    # The bootstrap's mean of a few seeds varies too little, by (seeds − 1) / seeds.
    noise = (of.fresh[seed].mean(axis=1) - of.fresh.mean(axis=0)) * np.sqrt(seeds / max(1, seeds - 1))
    if not trials:
        return ((of.fresh.mean(axis=0) + noise) * weights).sum(axis=1) / blocks
    halves = np.argsort(random.random((n, trials)), axis=1)[:, : max(1, trials // 2)]
    judge = of.trials.mean(axis=1) if fastest else np.nan_to_num(of.judge, nan=np.inf, posinf=np.inf)
    chosen = halves[np.arange(n), np.argmin(judge[halves], axis=1)]
    repeated = np.sum((np.bincount(chosen, minlength=trials) / n) ** 2)
    drawn = of.trials[chosen] + (0 if fastest else noise * np.sqrt(seeds * repeated))
    return (drawn * weights).sum(axis=1) / blocks


def between(ours: np.ndarray, theirs: np.ndarray, ratio: bool) -> tuple[float, float, float]:
    """The mean of paired draws' differences, or ratios, and the middle 95 % of them."""
    if ratio:
        tiny = np.finfo(np.float32).tiny
        found = np.log(np.maximum(ours, tiny)) - np.log(np.maximum(theirs, tiny))
    else:
        found = ours - theirs
    estimate, low, high = found.mean(), *np.quantile(found, [0.025, 0.975])
    low, high = min(low, estimate), max(high, estimate)
    return tuple(float(np.exp(x) if ratio else x) for x in (estimate, low, high))
