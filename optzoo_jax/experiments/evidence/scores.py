"""The normalised score s = (L₀ − L) / (L₀ − L*) of a test loss L: 0 is the best constant prediction, 1 the baselines'.

L₀ is the loss of the best constant prediction and L* that of the best stored baseline, so scores of different problems
can be averaged. A run that diverged scores as the worst that is told apart, `FLOOR`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optzoo_jax.experiments.protocol.record import TRIAL, Cell, Race

FLOOR = -1.0
REASONS = {
    "edge": "its best rate or knob is still on the edge of what was searched",
    "not found": "no optimum was found between the lowest and the highest rate",
}


class Scale(NamedTuple):
    """`constant`: L₀. `best`: L*. `own`: whether L* is of this race, for want of a stored one."""

    constant: float
    best: float
    own: bool

    def score(self, loss: ArrayLike) -> NDArray[Any]:
        """s of each loss; below `FLOOR` and where a loss is not a number, `FLOOR`."""
        s = (self.constant - np.asarray(loss, np.float64)) / (self.constant - self.best)
        return np.where(np.isnan(s), FLOOR, np.maximum(s, FLOOR))


class Trials(NamedTuple):
    """A cell's tuning trials, in the order of their points: trial i is paired with trial i of every other method.

    Attributes:
      rows: (n,) of the cell's arrays.
      rates: (n,) of the trials.
      order: (n,) the trials from the lowest validation loss to the highest, those that diverged last.
      blocks: (n, 20) test loss of each block.
    """

    rows: NDArray[Any]
    rates: NDArray[Any]
    order: NDArray[Any]
    blocks: NDArray[Any]


def scale(race: Race, problem: str) -> Scale:
    """The two losses between which a problem's scores lie.

    Where no method is better than a constant, scores are differences of loss.
    """
    facts = race.facts["problems"][problem]
    constant, best = facts["constant_loss"], facts["best_loss"]
    if best is None or best >= constant:
        return Scale(constant, constant - 1.0, own=True)
    return Scale(constant, best, own=facts["early"] is None)  # the targets are stored together with L*


def ranked(race: Race, problem: str) -> dict[str, Cell]:
    """The cells of a problem whose optimum was found inside what was searched."""
    return {m: cell for (p, m), cell in race.cells.items() if p == problem and cell.facts["status"] == "interior"}


def left_out(race: Race, problem: str) -> dict[str, str]:
    """Why the other methods of a problem are not in its groups."""
    others = {m: cell.facts["status"] for (p, m), cell in race.cells.items() if p == problem}
    return {method: REASONS[status] for method, status in others.items() if status != "interior"}


def trials(cell: Cell) -> Trials:
    """A cell's trials; of one that ran in several schedules the best by validation loss."""
    rows = np.flatnonzero(cell.stage == TRIAL)
    # The seed is the trial's number; NaN sorts last.
    rows = rows[np.lexsort((cell.validation_end[rows], cell.seed[rows]))]
    rows = rows[np.unique(cell.seed[rows], return_index=True)[1]]
    blocks = cell.test_blocks[rows].astype(np.float64)
    # A weight of 0 takes NaN from an infinite block either way, but not without a warning.
    order = np.argsort(cell.validation_end[rows], kind="stable")
    return Trials(rows, cell.rate[rows], order, np.where(np.isinf(blocks), np.nan, blocks))
