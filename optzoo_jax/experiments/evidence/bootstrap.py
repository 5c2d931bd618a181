"""How certain a score is: a resampling of trials, seeds and test blocks, the same for all methods of a problem.

**Trials.** Sorted by rate, a method's n trials are cut into k neighbourhoods. A draw has one trial of each, as a
user's k trials would be spread over the rates; of them the one with the lowest validation loss is chosen, and its
test score is the draw's. The mean over all such draws is known without drawing (`chances`): the score to be expected
after k trials. The deviation of a draw from it, times √(k/(n − k)), has the variance of that mean (the delete-d
jackknife). With n = 2k the factor is 1; a baseline has n = 4k: its number is more certain and, k being the same, no
better.

**Seeds.** Each trial has a seed of its own, so the seeds' variance σ² is in the trials' scores. The mean weighs trial j
by its chance pⱼ ≤ k/n to be chosen, so its own share of seed noise is σ²Σpⱼ². The draws hold that much already, in
expectation: σ²(1 − Σpⱼ²)·(k/n)/(1 − k/n) is no less. But they take few values, and by luck these may lie together. So
noise of exactly that variance, the deviations of the fresh seeds from their mean, takes the place of as much of the
draws': the sum has the larger of the two variances, with nothing lost and nothing counted twice.

**Test blocks.** The chosen trial's score on resampled blocks, minus that on all: the same blocks for all methods.
"""

from __future__ import annotations

import functools
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optzoo_jax.experiments.evidence.scores import Scale, Trials, ranked, scale, trials
from optzoo_jax.experiments.protocol.record import FRESH, Cell, Race

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
      keys: (trials, draws) the trial with the lowest key of a neighbourhood is drawn.
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


def draws(race: Race, problem: str, k: int | None = None, n: int = DRAWS) -> Draws:
    """Resamples the scores of a problem's ranked methods.

    Args:
      race: of which.
      problem: a name in it.
      k: trials a user has; half of the race's trials where not given. Of more than half the deviations are those of
        half, which is what the jackknife takes them for.
      n: how many draws.
    """
    kept, between = ranked(race, problem), scale(race, problem)
    shared = resamples(problem, max((len(cell.stage) for cell in kept.values()), default=0), n)
    found = [_of_method(cell, between, k or half(race), shared) for cell in kept.values()]
    means = np.array([mean for mean, _ in found])
    return Draws(tuple(kept), means, np.stack([s for _, s in found], 1) if found else np.empty((n, 0)))


def half(race: Race) -> int:
    """k of the main numbers: half of the trials that every method has."""
    return max(1, race.facts["budget"]["trials"] // 2)


@functools.lru_cache(maxsize=16)
def resamples(problem: str, most: int, n: int = DRAWS) -> Resamples:
    """The random numbers of a problem, which do not depend on what else was raced."""
    random = np.random.default_rng([0, zlib.crc32(problem.encode())])
    blocks = random.multinomial(20, np.full(20, 1 / 20), size=n) / 20
    seeds = random.integers(0, _MULTIPLE, n)
    # Trial by trial, so that a trial's keys are the same however many there are.
    return Resamples(random.random((most, n)), seeds, blocks)


def strata(one: Trials, k: int) -> list[NDArray[Any]]:
    """The trials of each of k neighbourhoods, from the lowest rates to the highest."""
    return np.array_split(np.argsort(one.rates, kind="stable"), k)


def drawn(shared: Resamples, one: Trials, k: int) -> NDArray[Any]:
    """(draws, k) the trials of each draw, one of each neighbourhood."""
    return np.stack([members[shared.keys[members].argmin(0)] for members in strata(one, k)], 1)


def chances(one: Trials, k: int) -> NDArray[Any]:
    """(n,) how probably each trial is the one chosen of k: it is drawn, and what is drawn elsewhere is worse."""
    place, found = np.argsort(one.order), np.ones(len(one.rows))
    for members in strata(one, k):
        worse = (place[members] > place[:, None]).mean(1)
        worse[members] = 1 / len(members)
        found *= worse
    return found


def expected(one: Trials, between: Scale, k: int) -> float:
    """The mean score of the trial that is chosen of k, over all draws of k trials."""
    return float(chances(one, k) @ between.score(one.blocks.mean(1)))


def estimate(mean: float, values: NDArray[Any]) -> Estimate:
    """A mean with the middle 95 % of its draws."""
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(mean), float(low), float(high))


def on_seeds(scores: NDArray[Any], resampled: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """The mean score of runs that differ in their seed alone, and draws of it, paired with those of other runs.

    Of so few seeds the draws follow Student's t: a normal combination of their deviations, each draw scaled alike for
    all methods.

    Args:
      scores: (seeds,) on all blocks.
      resampled: (draws, seeds) on resampled blocks.
    """
    free, random = len(scores) - 1, np.random.default_rng(0)
    if not free:
        return float(scores[0]), resampled[:, 0]
    weights = random.standard_normal((len(resampled), free + 1)) / np.sqrt(random.chisquare(free, (len(resampled), 1)))
    return float(scores.mean()), resampled.mean(1) + weights @ (scores - scores.mean()) / np.sqrt(free + 1)


def deviations(
    one: Trials, scores: NDArray[Any], again: NDArray[Any], k: int, shared: Resamples
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(draws,) the trial that each draw of k chooses, and how far its score is from the mean, with the seeds' noise.

    Args:
      one: the trials, from the one that would be chosen first to the one that would be last.
      scores: (n,) of the trials, on all blocks.
      again: (seeds,) of fresh seeds at the chosen trial.
      k: how many trials a draw has.
      shared: the random numbers.
    """
    chosen, chance = one.order[np.argsort(one.order)[drawn(shared, one, k)].min(1)], chances(one, k)
    deviation = np.sqrt(k / max(len(scores) - k, 1)) * (scores[chosen] - chance @ scores)
    if len(again) > 1:
        seeds = np.sqrt(chance @ chance * len(again) / (len(again) - 1)) * (again - again.mean())
        variance = deviation @ deviation / len(deviation)
        left = max(0.0, 1 - seeds @ seeds / len(seeds) / variance) if variance else 0.0
        deviation = np.sqrt(left) * deviation + seeds[shared.seeds % len(seeds)]
    return chosen, deviation


def _of_method(cell: Cell, between: Scale, k: int, shared: Resamples) -> tuple[float, NDArray[Any]]:
    one, again = trials(cell), between.score(cell.test_blocks[cell.stage == FRESH].mean(1))
    scores = between.score(one.blocks.mean(1))
    chosen, deviation = deviations(one, scores, again, min(k, max(len(scores) // 2, 1)), shared)
    # All blocks of the test set are there, so what they add needs no factor.
    resampled = between.score(np.einsum("db,db->d", shared.blocks, one.blocks[chosen]))
    mean = expected(one, between, k)
    return mean, mean + deviation + resampled - scores[chosen]
