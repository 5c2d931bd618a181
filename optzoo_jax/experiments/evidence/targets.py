"""How many steps a method needs to a target: a validation loss that is stored with the problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optzoo_jax.experiments.evidence.bootstrap import Estimate, drawn, half, resamples
from optzoo_jax.experiments.evidence.scores import ranked, trials
from optzoo_jax.experiments.protocol.record import Race

TARGETS = ("early", "late")
_WORST = 4  # times the steps of the fastest method: where a performance profile ends


def steps_to(curves: NDArray[Any], checkpoints: ArrayLike, target: float) -> NDArray[Any]:
    """(runs,) steps at which each loss curve first crosses the target, ∞ where it does not.

    Between two checkpoints a curve is a line; at the first it is known only from there on.

    Args:
      curves: (runs, checkpoints).
      checkpoints: steps.
      target: a loss.
    """
    at, rows = np.asarray(checkpoints, float), np.arange(len(curves))
    below = curves <= target  # False where a curve is NaN
    i = below.argmax(1)
    before = np.maximum(i - 1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (curves[rows, before] - target) / (curves[rows, before] - curves[rows, i])
        line = at[before] + share * (at[i] - at[before])
    steps = np.where(np.isfinite(curves[rows, before]) & (i > 0), line, at[i])
    return np.where(below.any(1), steps, np.inf)


def fastest(race: Race, problem: str, target: str) -> dict[str, NDArray[Any]]:
    """(draws,) steps of each ranked method's fastest trial of those drawn, which need not be the best at the end.

    The trials are those of `bootstrap.draws`. Empty where the target is not stored.
    """
    facts, cells, k = race.facts["problems"][problem], ranked(race, problem), half(race)
    if facts[target] is None:
        return {}
    shared = resamples(problem, max((len(cell.stage) for cell in cells.values()), default=0))
    found = {}
    for method, cell in cells.items():
        one = trials(cell)
        steps = steps_to(cell.validation[one.rows], facts["checkpoints"], facts[target])
        found[method] = steps[drawn(shared, one, k)].min(1)
    return found


def ratio(steps: NDArray[Any], other: NDArray[Any]) -> Estimate:
    """Median of the quotients, draw by draw, with its interval; 1 where neither reaches the target."""
    with np.errstate(invalid="ignore"):
        quotients = np.where(steps == other, 1.0, steps / other)
    # ∞ has no value beside it to be averaged with.
    low, middle, high = np.quantile(quotients, [0.025, 0.5, 0.975], method="inverted_cdf")
    return Estimate(float(middle), float(low), float(high))


def profile_areas(steps: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """(draws,) area under each method's performance profile ρ(τ), τ from 1 to 4, on one target; at most 1.

    ρ(τ) is 1 where the method needs at most τ times the steps of the fastest, so the area is (4 − its ratio)/3.
    """
    first = np.min(list(steps.values()), axis=0)
    with np.errstate(invalid="ignore"):
        slower = {method: np.where(np.isinf(mine), np.inf, mine / first) for method, mine in steps.items()}
    return {method: np.clip((_WORST - times) / (_WORST - 1), 0, 1) for method, times in slower.items()}
