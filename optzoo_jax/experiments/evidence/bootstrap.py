"""How certain a score is: a resampling of trials, seeds and test blocks, the same for all methods of a problem.

**Trials.** Sorted by rate, a method's n trials are cut into k neighbourhoods. A draw has one trial of each, as a user's k
trials would be spread over the rates; of them the one with the lowest validation loss is chosen, and its test score is
the draw's. The mean over all such draws is known without drawing (`chances`): the score to be expected after k trials.
The deviation of a draw from it, times √(k/(n − k)), has the variance of that mean (the delete-d jackknife). With n = 2k
the factor is 1; a baseline has n = 4k: its number is more certain and, k being the same, no better.

**Seeds.** Each trial has a seed of its own, so the seeds' variance σ² is in the trials' scores. The mean weighs trial j
by its chance pⱼ ≤ k/n to be chosen, so its own share of seed noise is σ²Σpⱼ². The draws hold that much already, in
expectation: σ²(1 − Σpⱼ²)·(k/n)/(1 − k/n) is no less. But they take few values, and by luck these may lie together. So
noise of exactly that variance, the deviations of the fresh seeds from their mean, takes the place of as much of the
draws': the sum has the larger of the two variances, with nothing lost and nothing counted twice.

**Test blocks.** The chosen trial's score on resampled blocks, minus that on all: the same blocks for all methods.
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optzoo_jax.experiments.evidence.scores import Scale, Trials, ranked, scale, trials
from optzoo_jax.experiments.race.record import FRESH, Cell, Race

DRAWS = 4000
_MULTIPLE = 2**4 * 3**2 * 5 * 7 * 11 * 13  # of all usual numbers of seeds


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    mean: float
    low: float
    high: float


class Resamples(NamedTuple):
    """Random numbers that all methods of a problem share.

    Attributes:
      keys: (draws, trials) the trial with the lowest key of a neighbourhood is drawn.
      seeds: (draws,) which fresh seed, modulo their number.
      blocks: (draws, 20) the weight of each test block; a row sums to 1.
    """

    keys: NDArray[Any]
    seeds: NDArray[Any]
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
    kept, between = ranked(race, problem), scale(race, problem)
    shared = resamples(problem, max((len(cell.stage) for cell in kept.values()), default=0), seed, n)
    found = [_of_method(cell, between, k or half(race), shared) for cell in kept.values()]
    means = np.array([mean for mean, _ in found])
    return Draws(tuple(kept), means, np.stack([s for _, s in found], 1) if found else np.empty((n, 0)))


def half(race: Race) -> int:
    """k of the main numbers: half of the trials that every method has."""
    return max(1, race.facts["budget"]["trials"] // 2)


def resamples(problem: str, most: int, seed: int = 0, n: int = DRAWS) -> Resamples:
    """The random numbers of a problem, which do not depend on what else was raced."""
    random = np.random.default_rng([seed, zlib.crc32(problem.encode())])
    blocks = random.multinomial(20, np.full(20, 1 / 20), size=n) / 20
    seeds = random.integers(0, _MULTIPLE, n)
    # Trial by trial, so that a trial's keys are the same however many there are.
    return Resamples(random.random((most, n)).T, seeds, blocks)


def strata(one: Trials, k: int) -> NDArray[Any]:
    """(n, k) which of k neighbourhoods, from the lowest rates to the highest, each trial belongs to."""
    among = np.zeros((len(one.rows), k), bool)
    for i, members in enumerate(np.array_split(np.argsort(one.rates, kind="stable"), k)):
        among[members, i] = True
    return among


def drawn(shared: Resamples, among: NDArray[Any]) -> NDArray[Any]:
    """(draws, n) whether each of a method's n trials is among the k drawn."""
    keys = shared.keys[:, : len(among)]
    lowest = np.stack([keys[:, members].min(1) for members in among.T], 1)
    return keys <= lowest @ among.T


def chances(one: Trials, among: NDArray[Any]) -> NDArray[Any]:
    """(n,) how probably each trial is the one chosen: it is drawn, and what is drawn elsewhere is worse."""
    place = np.argsort(one.order)
    worse = (place[:, None] < place).astype(float) @ among / among.sum(0)
    return np.where(among, 1 / among.sum(0), worse).prod(1)


def expected(one: Trials, between: Scale, k: int) -> float:
    """The mean score of the trial that is chosen of k, over all draws of k trials."""
    return float(chances(one, strata(one, k)) @ between.score(one.blocks.mean(1)))


def estimate(mean: float, values: NDArray[Any]) -> Estimate:
    """A mean with the middle 95 % of its draws."""
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(mean), float(low), float(high))


def _of_method(cell: Cell, between: Scale, k: int, shared: Resamples) -> tuple[float, NDArray[Any]]:
    one, again = trials(cell), between.score(cell.test_blocks[cell.stage == FRESH].mean(1))
    n, among = len(one.rows), strata(one, k)
    chosen = one.order[np.argmax(drawn(shared, among)[:, one.order], axis=1)]
    scores, chance = between.score(one.blocks.mean(1)), chances(one, among)
    mean = chance @ scores
    deviation = np.sqrt(k / max(n - k, 1)) * (scores[chosen] - mean)
    if len(again) > 1:
        seeds = np.sqrt(chance @ chance * len(again) / (len(again) - 1)) * (again - again.mean())
        variance = deviation @ deviation / len(deviation)
        left = max(0.0, 1 - seeds @ seeds / len(seeds) / variance) if variance else 0.0
        deviation = np.sqrt(left) * deviation + seeds[shared.seeds % len(seeds)]
    # All blocks of the test set are there, so what they add needs no factor.
    resampled = between.score((shared.blocks @ one.blocks.T)[np.arange(len(chosen)), chosen])
    return float(mean), mean + deviation + resampled - scores[chosen]
