"""How certain a score is: a resampling of tuning trials and test blocks, the same for all methods of a problem.

A draw is k of a method's n trials without replacement; the one with the lowest validation loss is chosen, and its score
on resampled test blocks is the draw's. The mean over all choices of k trials is known without drawing (`chances`).

Why drawing k of n says how certain that mean is: the deviation of a draw from the mean, times √(k/(n − k)), has the
variance of the mean itself (the delete-d jackknife) or more. With n = 2k the factor is 1; a baseline has n = 4k, so its
number is more certain and, k being the same, no better.

Why no draw adds the noise of the fresh seeds: each trial has a seed of its own, so the trials' scores hold seed noise of
variance σ² already. The mean weighs trial j by its chance pⱼ ≤ f = k/n to be chosen: seeds give it the variance σ²Σpⱼ²,
at most σ²f. The scaled draws hold σ²(1 − Σpⱼ²)·f/(1 − f), at least σ²f. None is lost, and more would count it twice.
Fresh seeds judge what no trial tells: the chosen trial against the card's own call, on seeds that chose neither.
"""

from __future__ import annotations

import zlib
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optzoo_jax.experiments.evidence.scores import Scale, Trials, ranked, scale, trials
from optzoo_jax.experiments.race.record import Race

DRAWS = 4000


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    mean: float
    low: float
    high: float


class Resamples(NamedTuple):
    """Random numbers that all methods of a problem share.

    Attributes:
      keys: (draws, trials) the k trials with the lowest keys are drawn.
      blocks: (draws, 20) the weight of each test block; a row sums to 1.
    """

    keys: NDArray[Any]
    blocks: NDArray[Any]


class Draws(NamedTuple):
    """What is known of the scores of one problem's methods after k trials.

    Attributes:
      methods: those that are ranked.
      means: (methods,) expected score.
      scores: (draws, methods) resampled, paired: differences are taken draw by draw.
    """

    methods: tuple[str, ...]
    means: NDArray[Any]
    scores: NDArray[Any]

    def of(self, method: str) -> Estimate:
        """A method's score."""
        i = self.methods.index(method)
        return estimate(self.means[i], self.scores[:, i])

    def difference(self, method: str, other: str) -> Estimate:
        """A method's score minus another's."""
        i, j = self.methods.index(method), self.methods.index(other)
        return estimate(self.means[i] - self.means[j], self.scores[:, i] - self.scores[:, j])


def draws(race: Race, problem: str, k: int | None = None, seed: int = 0, n: int = DRAWS) -> Draws:
    """Resamples the scores of a problem's ranked methods.

    Args:
      race: of which.
      problem: a name in it.
      k: trials a user has; half of the race's trials where not given.
      seed: of the drawing.
      n: how many draws.
    """
    kept, between = {method: trials(cell) for method, cell in ranked(race, problem).items()}, scale(race, problem)
    k = k or half(race)
    shared = resamples(problem, max((len(t.rows) for t in kept.values()), default=0), seed, n)
    found = [_of_method(one, between, k, shared) for one in kept.values()]
    means = np.array([mean for mean, _ in found])
    return Draws(tuple(kept), means, np.stack([s for _, s in found], 1) if found else np.empty((n, 0)))


def half(race: Race) -> int:
    """k of the main numbers: half of the trials that every method has."""
    return max(1, race.facts["budget"]["trials"] // 2)


def resamples(problem: str, most: int, seed: int = 0, n: int = DRAWS) -> Resamples:
    """The random numbers of a problem, which do not depend on what else was raced."""
    random = np.random.default_rng([seed, zlib.crc32(problem.encode())])
    blocks = random.multinomial(20, np.full(20, 1 / 20), size=n) / 20
    return Resamples(random.random((n, most)), blocks)


def drawn(shared: Resamples, n: int, k: int) -> NDArray[Any]:
    """(draws, n) whether each of a method's n trials is among the k drawn."""
    keys = shared.keys[:, :n]
    return keys <= np.partition(keys, k - 1, axis=1)[:, k - 1 : k]


def chances(n: int, k: int) -> NDArray[Any]:
    """(n,) how probably the trial with the lowest, second lowest, … validation loss is the chosen of k out of n."""
    return np.array([comb(n - 1 - j, k - 1) / comb(n, k) for j in range(n)])


def expected(one: Trials, between: Scale, k: int) -> float:
    """The mean score of the trial that is chosen of k, over all choices of k trials."""
    return float(chances(len(one.rows), k) @ between.score(one.blocks.mean(1))[one.order])


def estimate(mean: float, values: NDArray[Any]) -> Estimate:
    """A mean with the middle 95 % of its draws."""
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(mean), float(low), float(high))


def _of_method(one: Trials, between: Scale, k: int, shared: Resamples) -> tuple[float, NDArray[Any]]:
    n = len(one.rows)
    chosen = one.order[np.argmax(drawn(shared, n, k)[:, one.order], axis=1)]
    whole = between.score(one.blocks.mean(1))[chosen]
    resampled = between.score((shared.blocks @ one.blocks.T)[np.arange(len(chosen)), chosen])
    mean = expected(one, between, k)
    # All blocks of the test set are there, so what they add needs no factor.
    return mean, mean + np.sqrt(k / max(n - k, 1)) * (whole - mean) + resampled - whole
