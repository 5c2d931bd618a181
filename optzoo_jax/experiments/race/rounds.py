"""The race: every method gets the same trials; validation data choose its learning rate, fresh seeds report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

import optzoo_jax
from optzoo_jax.experiments.race.cell import Cell
from optzoo_jax.experiments.training.schedules import schedule
from optzoo_jax.experiments.training.selection import best_rate, beyond_the_edge, grid
from optzoo_jax.experiments.training.sharpness import sharpness
from optzoo_jax.experiments.training.timing import seconds_a_step
from optzoo_jax.experiments.training.trainer import checkpoints, trainer

# Of the training examples, so many have their Hessian taken.
_HESSIAN_EXAMPLES = 512


def run_cell(cell: Cell, report: Callable[[float], None] = lambda share: None) -> dict[str, Any]:
    """The record of one method on one problem, plain data: all its runs, and what chose among them.

    Three rounds. `runs`: every rate of the grid on seeds 0, 1, …; where the best is on the edge of the grid, it grows
    by two on that side, once. `tuned` and `at_defaults`: the best rate and the card's own, on as many fresh seeds.

    Args:
      cell: what is trained.
      report: called with the share of the training that is done.
    """
    began = time.perf_counter()
    budget, problem, entry = cell.budget, cell.problem, cell.entry
    scheduled = schedule(budget.schedule, cell.steps)
    rounds = 0

    def make(rate: Any) -> Any:
        return entry.make_optimizer(scheduled(rate))

    train = trainer(
        problem,
        make,
        steps=cell.steps,
        batch_size=cell.batch_size,
        gradient_noise=budget.gradient_noise,
        patience=budget.patience,
        rates_at_once=budget.rates,
        on_progress=lambda share: report((rounds + share) / 3),
    )
    tuning = range(budget.seeds)
    rates = grid(entry.learning_rate, budget.rates)
    runs = train(rates, tuning)
    more = beyond_the_edge(rates, best_rate(runs))
    rounds = 1
    if more:
        runs = sorted(runs + train(more, tuning), key=lambda run: (run["learning_rate"], run["seed"]))
    best = best_rate(runs)
    rounds = 2
    fresh = range(budget.seeds, 2 * budget.seeds)
    last = train(sorted({best, entry.learning_rate}), fresh, lambda params: {"sharpness": _sharpness(problem, params)})
    params = jax.eval_shape(problem.init, jax.random.key(0))
    size = sum(p.size for p in jax.tree.leaves(params))
    return {
        "name": entry.name,
        "problem": problem.name,
        "score": problem.score,
        "target": problem.target,
        "steps": cell.steps,
        "batch_size": cell.batch_size,
        "checkpoints": checkpoints(problem, cell.steps),
        "learning_rates": sorted({run["learning_rate"] for run in runs}),
        "extended": bool(more),
        "on_edge": bool(beyond_the_edge([*rates, *more], best)),
        "best_learning_rate": best,
        "default_learning_rate": entry.learning_rate,
        "runs": runs,
        "tuned": _at(last, best),
        "at_defaults": _at(last, entry.learning_rate),
        "state_bytes": optzoo_jax.state_bytes(make(best), params) / size,
        "gradients_a_step": 1 + size if entry.second_order else 1,
        "seconds_a_step": seconds_a_step(problem, make, best, cell.batch_size) if budget.timed else None,
        "seconds": time.perf_counter() - began,
    }


def _sharpness(problem: Any, params: Any) -> jax.Array:
    x, y = problem.data.train
    # Evenly spaced, since the examples of a class stand together.
    rows = np.linspace(0, len(y) - 1, min(_HESSIAN_EXAMPLES, len(y))).astype(int)
    return sharpness(problem, params, x[rows], y[rows])


def _at(runs: Sequence[dict[str, Any]], rate: float) -> list[dict[str, Any]]:
    return [run for run in runs if run["learning_rate"] == rate]
