"""The race: every method gets the same trials, and its learning rate is chosen on validation data."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from optzoo_jax.experiments import problems
from optzoo_jax.experiments.data import digits, sha256
from optzoo_jax.experiments.entries import Entry
from optzoo_jax.experiments.selection import best_rate, beyond_the_edge, grid, steps_to
from optzoo_jax.experiments.training import checkpoints, examples_a_step, trainer


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every method gets: steps of training, learning rates, seeds, examples in a batch."""

    steps: int = 400
    rates: int = 5
    seeds: int = 3
    batch_size: int = 64


@functools.cache
def problem(name: str) -> problems.Problem:
    """The problem of a name: "mlp" or "logistic regression", both on the digits."""
    return {"mlp": problems.mlp, "logistic regression": problems.logistic_regression}[name](digits())


def race(
    entries: Sequence[Entry], budget: Budget, report: Callable[[str, float], None] = lambda what, done: None
) -> Iterator[dict[str, Any]]:
    """Trains one method after the other and yields its record, plain data, as soon as it is finished.

    Args:
      entries: the methods.
      budget: what each gets.
      report: called with what is going on and how many methods are done, in fractions.
    """
    for i, entry in enumerate(entries):
        yield race_one(entry, budget, lambda what, done, i=i: report(what, i + done))


def race_one(entry: Entry, budget: Budget, report: Callable[[str, float], None]) -> dict[str, Any]:
    """The record of one method: all its runs, and the learning rate that validation data chose.

    Where the best learning rate is on the edge of the grid, the grid grows by two on that side, once.
    """
    began = time.perf_counter()
    trained_on = problem(entry.problem)
    marks = checkpoints(trained_on, budget.steps)
    done = 0.0
    report(entry.name, done)

    def on_checkpoint(step: int) -> None:
        nonlocal done
        done = max(done, step / marks[-1])
        report(entry.name, done)

    train = trainer(
        trained_on,
        entry.make_optimizer,
        range(budget.seeds),
        steps=budget.steps,
        batch_size=budget.batch_size,
        on_checkpoint=on_checkpoint,
    )
    rates = grid(entry.learning_rate, budget.rates)
    runs = train(rates)
    more = beyond_the_edge(rates, best_rate(runs))
    if more:
        # As many as before, so that the program need not be compiled again.
        trial = train([*more, *[more[-1]] * (len(rates) - 2)])
        runs = sorted(runs + trial[: 2 * budget.seeds], key=lambda run: (run["learning_rate"], run["seed"]))
    best = best_rate(runs)
    return {
        "name": entry.name,
        "problem": trained_on.name,
        "data_sha256": sha256(trained_on.data),
        "steps": marks[-1],
        "batch_size": examples_a_step(trained_on, budget.batch_size),
        "learning_rates": sorted({run["learning_rate"] for run in runs}),
        "extended": bool(more),
        "on_edge": bool(beyond_the_edge([*rates, *more], best)),
        "best_learning_rate": best,
        "steps_to_95": steps_to(runs, best, marks),
        "diverged_runs": sum(run["diverged"] for run in runs),
        "seconds": time.perf_counter() - began,
        "checkpoints": marks,
        "runs": runs,
    }
