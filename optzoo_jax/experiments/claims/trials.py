"""Methods on a problem: rates tuned on some seeds, numbers from fresh ones; measured once, asked by many claims."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

import optzoo_jax
from optzoo_jax.experiments.claims.claim import Value
from optzoo_jax.experiments.methods.entries import Entry, entry
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.race.statistics import first_as_good
from optzoo_jax.experiments.training.schedules import schedule
from optzoo_jax.experiments.training.selection import best_rate, grid
from optzoo_jax.experiments.training.sharpness import sharpness
from optzoo_jax.experiments.training.trainer import Run, Train, checkpoints, trainer

Track = Literal["tuned", "default"]
FRESH = 100
EDGE = "on the edge: 1"
_OWN = {
    "rmsprop + momentum": Entry("rmsprop", 1e-3, lambda rate: optzoo_jax.rmsprop(rate, momentum=0.9)),
    "lookahead(momentum)": Entry("momentum", 0.03, lambda rate: optzoo_jax.lookahead(optzoo_jax.momentum(rate))),
}


@dataclasses.dataclass(frozen=True)
class Trial:
    """How methods are compared.

    Attributes:
      problem: its name.
      steps: of training.
      rates: learning rates at half decades around the method's default.
      tuning: seeds 0, 1, … on which the rate is chosen, by validation data.
      fresh: seeds 100, 101, … whose numbers are reported.
      schedule: of the learning rate.
      every: steps between two measurements.
      sharp: whether the sharpness at the end is measured.
    """

    problem: str
    steps: int
    rates: int = 9
    tuning: int = 3
    fresh: int = 8
    schedule: str = "constant"
    every: int = 10
    sharp: bool = False

    def make_problem(self) -> Problem:
        """The problem, measured as often as the trial says."""
        return _measured(self.problem, self.every)


@functools.cache
def _measured(name: str, every: int) -> Problem:
    return dataclasses.replace(load_problem(name), checkpoint_every=every)


@functools.cache
def sweep(name: str, trial: Trial) -> list[Run]:
    """Every learning rate with every tuning seed."""
    rates = grid(_entry(name).learning_rate, trial.rates)
    return _train(name, trial, range(trial.tuning), rates, sharp=False)


@functools.cache
def fresh(name: str, trial: Trial, track: Track) -> list[Run]:
    """The fresh seeds' runs, at the rate that the sweep chose or at the method's default."""
    rate = best_rate(sweep(name, trial)) if track == "tuned" else _entry(name).learning_rate
    return _train(name, trial, range(FRESH, FRESH + trial.fresh), [rate], sharp=trial.sharp)


def tuned(train: Train, rates: Sequence[float], tuning: Sequence[int], fresh: Sequence[int]) -> tuple[float, list[Run]]:
    """The rate that the tuning seeds choose, and the fresh seeds' runs at it."""
    best = best_rate(train(rates, tuning))
    return best, train([best], fresh)


def _entry(name: str) -> Entry:
    return _OWN[name] if name in _OWN else entry(name)


def _train(name: str, trial: Trial, seeds: Sequence[int], rates: Sequence[float], sharp: bool) -> list[Run]:
    problem = trial.make_problem()
    scheduled = schedule(trial.schedule, trial.steps)

    def at_the_end(params: Any) -> dict[str, Any]:
        return {"sharpness": sharpness(problem, params, *problem.data.train)} if sharp else {}

    train = trainer(
        problem,
        lambda rate: _entry(name).make_optimizer(scheduled(rate)),
        steps=trial.steps,
        batch_size=problem.batch_size,
    )
    return train(rates, seeds, at_the_end)


def table(
    names: Sequence[str], columns: Sequence[str], trial: Trial, track: Track = "tuned"
) -> dict[str, dict[str, Value]]:
    """Of each method its learning rate, and of each fresh seed what the columns, names in `COLUMNS`, say.

    `EDGE` is 1 where the rate is the largest or the smallest that was tried: a better one may lie beyond. Where nothing
    is right or wrong, a column of accuracies is left out.
    """
    found = {}
    if trial.make_problem().accuracy is None:
        columns = [column for column in columns if "accuracy" not in column]
    for name in names:
        runs = fresh(name, trial, track)
        rate, rates = runs[0]["learning_rate"], grid(_entry(name).learning_rate, trial.rates)
        found[name] = {"learning rate": rate, EDGE: float(rate in (min(rates), max(rates)))} | {
            column: [COLUMNS[column](run, trial) for run in runs] for column in columns
        }
    return found


def _named(name: str) -> Callable[[Run, Trial], float | None]:
    return lambda run, trial: run[name]


def _steps_to_target(run: Run, trial: Trial) -> float:
    problem = trial.make_problem()
    return first_as_good(run, checkpoints(problem, trial.steps), problem.score, problem.target)


def _gap(run: Run, trial: Trial) -> float | None:
    return None if run["diverged"] else run["test_loss"] - run["train_loss"]


def _unrest(run: Run, trial: Trial) -> float | None:
    """How much the validation loss rose, all rises in the last half of the run together, over its mean there."""
    late = run["validation_loss_curve"][len(run["validation_loss_curve"]) // 2 :]
    return None if None in late else float(np.clip(np.diff(late), 0, None).sum() / np.mean(late))


COLUMNS: dict[str, Callable[[Run, Trial], float | None]] = {
    "steps to target": _steps_to_target,
    "test accuracy": _named("test_accuracy"),
    "test loss": _named("test_loss"),
    "training loss": _named("train_loss"),
    "test − training loss": _gap,
    "unrest": _unrest,
    "sharpness": _named("sharpness"),
}
