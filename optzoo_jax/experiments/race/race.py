"""The race: every method gets the same trials, and its learning rate is chosen on validation data."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from optzoo_jax.experiments.data.split import sha256
from optzoo_jax.experiments.entries import Entry
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.race.selection import best_rate, beyond_the_edge, grid, steps_to
from optzoo_jax.experiments.training.schedules import schedule
from optzoo_jax.experiments.training.trainer import checkpoints, examples_a_step, trainer


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every method gets.

    Attributes:
      steps: of training.
      rates: learning rates, at first.
      seeds: runs at every rate.
      batch_size: examples in a step.
      schedule: of the learning rate, one of `SCHEDULES`.
      gradient_noise: η of the noise added to the gradient, None for none.
      patience: measurements without improvement after which a run stops, None for never.
    """

    steps: int = 400
    rates: int = 5
    seeds: int = 3
    batch_size: int = 64
    schedule: str = "constant"
    gradient_noise: float | None = None
    patience: int | None = None


def race(
    entries: Sequence[Entry],
    chosen: Problem,
    budget: Budget,
    report: Callable[[str, float], None] = lambda what, done: None,
) -> Iterator[dict[str, Any]]:
    """Trains one method after the other and yields its record, plain data, as soon as it is finished.

    Args:
      entries: the methods.
      chosen: the problem of all that can be trained on any.
      budget: what each gets.
      report: called with what is going on and how many methods are done, in fractions.
    """
    for i, entry in enumerate(entries):
        yield race_one(entry, chosen, budget, lambda what, done, i=i: report(what, i + done))


def race_one(entry: Entry, chosen: Problem, budget: Budget, report: Callable[[str, float], None]) -> dict[str, Any]:
    """The record of one method: all its runs, and the learning rate that validation data chose.

    Where the best learning rate is on the edge of the grid, the grid grows by two on that side, once.
    """
    began = time.perf_counter()
    trained_on = chosen if entry.problem is None else load_problem(entry.problem)
    batch_size = examples_a_step(trained_on, budget.batch_size if trained_on is chosen else trained_on.batch_size)
    steps = min(budget.steps, entry.most_steps or budget.steps)
    marks = checkpoints(trained_on, steps)
    scheduled = schedule(budget.schedule, steps)
    done = 0.0
    report(entry.name, done)

    def on_progress(share: float) -> None:
        nonlocal done
        done = max(done, share)
        report(entry.name, done)

    train = trainer(
        trained_on,
        lambda rate: entry.make_optimizer(scheduled(rate)),
        steps=steps,
        batch_size=batch_size,
        gradient_noise=budget.gradient_noise,
        patience=budget.patience,
        rates_at_once=budget.rates,
        on_progress=on_progress,
    )
    rates = grid(entry.learning_rate, budget.rates)
    runs = train(rates, range(budget.seeds))
    more = beyond_the_edge(rates, best_rate(runs))
    if more:
        runs = sorted(runs + train(more, range(budget.seeds)), key=lambda run: (run["learning_rate"], run["seed"]))
    best = best_rate(runs)
    return {
        "name": entry.name,
        "problem": trained_on.name,
        "data_sha256": sha256(trained_on.data),
        "steps": steps,
        "batch_size": batch_size,
        "learning_rates": sorted({run["learning_rate"] for run in runs}),
        "extended": bool(more),
        "on_edge": bool(beyond_the_edge([*rates, *more], best)),
        "best_learning_rate": best,
        "target": trained_on.target,
        "steps_to_target": steps_to(runs, best, marks, trained_on.target, trained_on.score),
        "diverged_runs": sum(run["diverged"] for run in runs),
        "seconds": time.perf_counter() - began,
        "checkpoints": marks,
        "runs": runs,
    }
