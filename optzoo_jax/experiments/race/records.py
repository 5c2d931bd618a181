"""What a race leaves: a record of every cell, and where the records come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.keeping.provenance import machine
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.race import rounds
from optzoo_jax.experiments.race.cell import Budget, Cell, data_hash, source_hash
from optzoo_jax.experiments.race.store import save
from optzoo_jax.experiments.training.selection import RULES, SPACING


def records(
    cells: Sequence[Cell], kept: Mapping[str, dict[str, Any]], folder: Path, report: Callable[[str, float], None]
) -> Iterator[dict[str, Any]]:
    """The record of every cell, those that are kept first: they cost nothing.

    Args:
      cells: of the race.
      kept: what `load` found.
      folder: where the others are kept.
      report: called with a cell's label and how many are done, in fractions.
    """
    for i, cell in enumerate(sorted(cells, key=lambda cell: cell.digest() not in kept)):
        record = kept.get(cell.digest())
        if record is None:
            report(cell.label, i)
            record = rounds.run_cell(cell, lambda share, i=i, cell=cell: report(cell.label, i + share))
            save(folder, cell, record)
        yield record


def origin(problems: Sequence[Problem], budget: Budget) -> dict[str, Any]:
    """What a reader needs to know of where the numbers come from."""
    seeds = {"to choose": list(range(budget.seeds)), "to report": list(range(budget.seeds, 2 * budget.seeds))}
    return {
        "provenance": {
            **machine(),
            "source_sha256": source_hash(),
            "budget": dataclasses.asdict(budget),
            "seeds": seeds,
            "learning_rates": f"{budget.rates} around the method's default, each {SPACING:.4g} times the one before",
            "choice": dict(RULES),
        },
        "problems": {problem.name: _facts(problem) for problem in problems},
    }


def _facts(problem: Problem) -> dict[str, Any]:
    return {
        "title": problem.title,
        "score": problem.score,
        "target": problem.target,
        "examples": [len(split.y) for split in problem.data],
        "data_sha256": data_hash(problem),
    }
