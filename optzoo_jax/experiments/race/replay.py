"""One run of a race trained again, and how far it is from the one that is stored."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from optzoo_jax.experiments.methods.entries import Entry
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.race.cell import Budget, data_hash, trained
from optzoo_jax.experiments.race.record import FRESH, TRIAL, Race

EARLY_STEPS, TOLERANCE = 20, 1e-3


class Replay(NamedTuple):
    """Where a run came out again.

    Attributes:
      early: the largest relative distance from the stored training and validation loss in the first 20 steps.
      late: the largest distance of the validation loss after them, in ranges of the fresh seeds.
      agrees: whether `early` is at most 1e-3 and `late` at most 1: rounding grows as training goes on, but to no more
        than what another seed does.
    """

    early: float
    late: float
    agrees: bool


def replay(race: Race, problem: Problem, entry: Entry, trial: int) -> Replay:
    """Trains one trial of a race again.

    Args:
      race: that has it.
      problem: on which it was raced.
      entry: the method.
      trial: its number, from 0.

    Raises:
      ValueError: for what the race does not have, and for a problem of other data.
    """
    if (problem.name, entry.name) not in race.cells:
        have = ", ".join(sorted({name for pair in race.cells for name in pair}))
        raise ValueError(f"the race has no {entry.name} on {problem.name}; it has {have}.")
    facts = race.facts["problems"][problem.name]
    if data_hash(problem) != facts["data_sha256"]:
        raise ValueError(
            f"the data of {problem.name} are not those of the race (SHA-256 {data_hash(problem)[:16]}… for "
            f"{facts['data_sha256'][:16]}…): another version of Python or of a package has others."
        )
    cell = race.cells[problem.name, entry.name]
    rows = np.flatnonzero(cell.stage == TRIAL)
    if not 0 <= trial < len(rows):
        raise ValueError(f"trial={trial} is outside [0, {len(rows) - 1}]: {entry.name} has {len(rows)} trials.")
    row = rows[trial]
    problem = dataclasses.replace(problem, steps=facts["steps"])
    run = trained(entry, problem, Budget(schedules=tuple(race.facts["budget"]["schedules"])))
    again = run(float(cell.rate[row]), float(cell.knob[row]), int(cell.seed[row]), int(cell.schedule[row]))
    return compared(
        np.asarray(facts["checkpoints"]),
        np.stack([cell.train[row], cell.validation[row]]),
        np.stack([again.train, again.validation]),
        cell.validation[cell.stage == FRESH],
    )


def compared(steps: np.ndarray, stored: np.ndarray, again: np.ndarray, fresh: np.ndarray) -> Replay:
    """The distance of two runs.

    Args:
      steps: (checkpoints,).
      stored, again: (2, checkpoints) training and validation loss, NaN from where the run diverged.
      fresh: (seeds, checkpoints) validation loss of other seeds.
    """
    if not (np.isfinite(stored) == np.isfinite(again)).all():
        return Replay(np.inf, np.inf, False)
    early = steps <= EARLY_STEPS
    relative = np.abs(again - stored) / np.abs(stored)
    with np.errstate(invalid="ignore", divide="ignore"):
        ranges = (
            np.abs(again[1] - stored[1]) / (np.nanmax(fresh, 0) - np.nanmin(fresh, 0)) if len(fresh) else relative[1]
        )
    first, then = (float(np.nanmax(x, initial=0.0)) for x in (relative[:, early], ranges[~early]))
    return Replay(first, then, first <= TOLERANCE and then <= 1)
