"""What a step costs in seconds, as a ratio to adamw's, and when the clock is not to be believed."""

from __future__ import annotations

import itertools

import numpy as np

from optzoo_jax.experiments.evidence.bootstrap import Estimate
from optzoo_jax.experiments.evidence.scores import trials
from optzoo_jax.experiments.protocol.record import Cell, Race

_ALIKE = 1e-4  # of a loss: what rounding makes of one formula written in two ways


def seconds_ratio(cell: Cell, other: Cell) -> Estimate | None:
    """Median of the quotients, round by round, with their quartiles; None where there was no clock."""
    if not len(cell.seconds) or len(cell.seconds) != len(other.seconds):
        return None
    low, middle, high = np.quantile(cell.seconds / other.seconds, [0.25, 0.5, 0.75])
    return Estimate(float(middle), float(low), float(high))


def twins(race: Race, problem: str) -> list[tuple[str, str]]:
    """Pairs of methods whose trials have the same rates, seeds and, to 1e-4, training curves."""
    cells = {method: cell for (name, method), cell in race.cells.items() if name == problem and cell.facts["chosen"]}
    return [(a, b) for a, b in itertools.combinations(cells, 2) if _alike(cells[a], cells[b])]


def clock(race: Race, problem: str) -> str:
    """Why the seconds of a problem are thrown away: twins whose quartiles do not overlap. "" where they are kept."""
    for a, b in twins(race, problem):
        one, other = race.cells[problem, a].seconds, race.cells[problem, b].seconds
        if len(one) and len(other) and _apart(one, other):
            return f"The clock is thrown away: {a} and {b} do the same and were timed differently."
    return ""


def _alike(a: Cell, b: Cell) -> bool:
    one, other = trials(a).rows, trials(b).rows
    n = min(len(one), len(other))  # a baseline has more
    one, other = one[:n], other[:n]
    same = np.array_equal(a.rate[one], b.rate[other]) and np.array_equal(a.seed[one], b.seed[other])
    return same and np.allclose(a.train[one], b.train[other], rtol=_ALIKE, atol=0, equal_nan=True)


def _apart(one: np.ndarray, other: np.ndarray) -> bool:
    (low, high), (other_low, other_high) = np.quantile(one, [0.25, 0.75]), np.quantile(other, [0.25, 0.75])
    return bool(high < other_low or other_high < low)
