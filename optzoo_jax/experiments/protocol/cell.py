"""A cell of the race: one method on one problem, from the bracket of its learning rate to its fresh seeds."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

import jax
import numpy as np

import optzoo_jax
from optzoo_jax.experiments.data.split import sha256
from optzoo_jax.experiments.keeping.provenance import versions
from optzoo_jax.experiments.methods.entries import BASELINES, Entry
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.protocol.points import Box, box_around, moved, placed, unit_points
from optzoo_jax.experiments.protocol.record import BRACKET, FRESH, MOVED, TRIAL, UNTUNED, Cell
from optzoo_jax.experiments.training.run import Curves, Run, program
from optzoo_jax.experiments.training.schedules import DEFAULT

FIRST_DECADES = range(-6, 4)
LAST_DECADES = -9, 6
# Seeds of a study: trials count from 0, so that trial i trains with seed i.
_A_STUDY, _FRESH, _BRACKET = 10_000, 1_000, 2_000


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every method gets on every problem; a baseline gets twice the trials.

    Attributes:
      trials: of tuning.
      fresh: seeds at the chosen trial, and as many at the card's own call.
      space: what is tuned: the learning rate, or the method's knob too.
      schedules: of the learning rate; of several each method gets the best.
      study: which points and seeds.
    """

    trials: int = 16
    fresh: int = 5
    space: Literal["rate", "rate+1"] = "rate+1"
    schedules: tuple[str, ...] = (DEFAULT,)
    study: int = 0

    def trials_of(self, entry: Entry) -> int:
        """Of one method."""
        return self.trials * (2 if entry.name in BASELINES else 1)

    def runs_of(self, entry: Entry) -> int:
        """How many runs a cell has where neither its bracket grows nor its box moves."""
        tuning = len(FIRST_DECADES) + 2 + self.trials_of(entry)
        return len(self.schedules) * tuning + self.fresh * (1 if entry.learning_rate is None else 2)


def trained(entry: Entry, problem: Problem, budget: Budget, at_the_end: Callable[[Any], Any] | None = None) -> Run:
    """The program of all runs of a cell; what it measures `at_the_end` is said at `program`."""
    how: dict[str, Any] = {"steps": problem.steps, "batch_size": problem.batch_size, "at_the_end": at_the_end}
    return program(problem, entry.make, schedule=budget.schedules, **how)


def key(entry: Entry, problem: Problem, budget: Budget, run: Run) -> str:
    """A hash of all that a cell's numbers depend on: what is computed, on which data, with which rates and seeds.

    It is the text of the compiled program that stands for the method and the model: a change of a comment is none.
    """
    numbers = [dataclasses.asdict(budget), budget.trials_of(entry), entry.learning_rate, entry.knob, run.checkpoints]
    where = [
        versions()["jaxlib"],
        jax.devices()[0].device_kind,
        str(getattr(jax.config, "jax_default_matmul_precision", None)),
    ]
    parts = [run.text(), data_hash(problem), json.dumps([*numbers, *where], sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


data_hash = functools.cache(lambda problem: sha256(problem.data))


def run_cell(
    entry: Entry,
    problem: Problem,
    budget: Budget,
    run: Run,
    facts: dict[str, Any],
    tick: Callable[[int], None] = lambda expected: None,
) -> Cell:
    """Brackets the learning rate, tunes, trains the chosen trial on fresh seeds and the card's own call on the same.

    Args:
      entry: the method.
      problem: what it is trained on.
      budget: how often.
      run: what `trained` made of them.
      facts: what is known of the cell already, for its own facts.
      tick: called before each run with how many are expected beyond those of `Budget.runs_of`; it may raise to stop.
    """
    rows: list[dict[str, Any]] = []
    beyond = 0
    knob = entry.knob if budget.space == "rate+1" else None
    default = float("nan") if entry.knob is None else entry.knob.default
    first_seed = _A_STUDY * budget.study

    def train(stage: int, rate: float, knob: float, seed: int, schedule: int) -> float:
        tick(beyond)
        curves = run(rate, knob, first_seed + seed, schedule)
        call = {"stage": stage, "rate": rate, "knob": knob, "seed": first_seed + seed, "schedule": schedule}
        rows.append(call | {name: x for name, x in curves._asdict().items() if name != "more"})
        return rank(curves)

    def tune(schedule: int) -> dict[str, Any]:
        """The chosen trial under one schedule, and how it was found."""
        nonlocal beyond
        best, tried = bracket(lambda x: train(BRACKET, 10.0**x, default, _BRACKET, schedule))
        found: dict[str, Any] = {"bracket": [10.0 ** min(tried), 10.0 ** max(tried)], "moved": 0, "loss": np.inf}
        beyond += len(tried) - len(FIRST_DECADES) - 2
        if best is None:
            beyond -= budget.trials_of(entry)
            return found | {"status": "not found", "box": None, "chosen": None}
        points = unit_points(budget.trials_of(entry), budget.study)
        box = box_around(10.0**best, knob)
        while True:
            begin, calls = len(rows), placed(points, box, knob)
            calls = calls if knob is not None else [(rate, default) for rate, _ in calls]
            losses = [train(TRIAL, *call, i, schedule) for i, call in enumerate(calls)]
            other = moved(box, knob, points, losses)
            if other == box or found["moved"] == 2:
                break
            box, found["moved"] = other, found["moved"] + 1
            beyond += len(calls)
            for row in rows[begin:]:
                row["stage"] = MOVED
        i = int(np.argmin(losses))
        status = "edge" if other != box else "interior"
        box_facts = {"rate": list(box.rate), "knob": own_values(box, entry)}
        return found | {"status": status, "box": box_facts, "chosen": (*calls[i], schedule), "loss": losses[i]}

    tuned = [tune(schedule) for schedule in range(len(budget.schedules))]
    best = min(tuned, key=lambda found: found.pop("loss"))
    fresh = range(_FRESH, _FRESH + budget.fresh)
    if best["chosen"] is not None:
        rate, value, schedule = best["chosen"]
        best["chosen"] = {
            "rate": rate,
            "knob": None if np.isnan(value) else value,
            "schedule": budget.schedules[schedule],
        }
        for seed in fresh:
            train(FRESH, rate, value, seed, schedule)
    if entry.learning_rate is not None:
        for seed in fresh:
            train(UNTUNED, entry.learning_rate, default, seed, 0)
    return _cell({**facts, **best}, rows)


def rank(curves: Curves) -> float:
    """What a run is judged by: its loss of all validation examples at the end, ∞ where it diverged."""
    loss = float(curves.validation_end)
    return loss if np.isfinite(loss) else np.inf


def bracket(loss: Callable[[float], float]) -> tuple[float | None, list[float]]:
    """log₁₀ of the best learning rate, None where none lies inside of what was tried, and all that were tried.

    Whole decades first; while the best is the first or the last, two more on that side; then the half decades beside
    the best.

    Args:
      loss: log₁₀ of a rate → the validation loss of a run, ∞ where it diverges.
    """
    tried: dict[float, float] = {float(x): loss(x) for x in FIRST_DECADES}
    while True:
        low, high = int(min(tried)), int(max(tried))
        best = min(tried, key=lambda x: tried[x])
        if tried[best] == np.inf:
            return None, sorted(tried)
        if low < best < high:
            break
        more = [low - 1, low - 2] if best == low else [high + 1, high + 2]
        more = [x for x in more if LAST_DECADES[0] <= x <= LAST_DECADES[1]]
        if not more:
            return None, sorted(tried)
        tried |= {float(x): loss(x) for x in more}
    tried |= {x: loss(x) for x in (best - 0.5, best + 0.5)}
    return min(tried, key=lambda x: tried[x]), sorted(tried)


def own_values(box: Box, entry: Entry) -> list[float] | None:
    """The knob's side of a box in the argument's own values, the lower first."""
    if box.knob is None or entry.knob is None:
        return None
    return sorted(1 - x if entry.knob.complement else x for x in box.knob)


def state_bytes(entry: Entry, problem: Problem) -> float:
    """Bytes of the optimizer's state a parameter."""
    params = jax.eval_shape(problem.init, jax.random.key(0))
    tx = entry.untuned(np.float32(entry.learning_rate or 1e-3))
    return optzoo_jax.state_bytes(tx, params) / size_of(problem)


@functools.cache
def size_of(problem: Problem) -> int:
    """How many parameters a problem has."""
    return sum(p.size for p in jax.tree.leaves(jax.eval_shape(problem.init, jax.random.key(0))))


def _cell(facts: dict[str, Any], rows: Sequence[dict[str, Any]]) -> Cell:
    kinds: dict[str, Any] = {"stage": np.int8, "schedule": np.int8, "seed": np.int64, "diverged_at": np.int32}
    kinds |= {"rate": np.float64, "knob": np.float64}
    arrays = {name: np.asarray([row[name] for row in rows], kinds.get(name, np.float32)) for name in rows[0]}
    return Cell(facts, **arrays, seconds=np.zeros(0), gradient_seconds=np.zeros(0))
