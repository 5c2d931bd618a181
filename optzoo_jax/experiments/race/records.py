"""What a race leaves: the records, where they come from, and files that show them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.keeping.files import machine, write
from optzoo_jax.experiments.look.pictures import save as save_picture
from optzoo_jax.experiments.methods.entries import Entry
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.race import rounds
from optzoo_jax.experiments.race.cell import Budget, Cell, data_hash, source_hash
from optzoo_jax.experiments.race.statistics import in_short
from optzoo_jax.experiments.race.store import save
from optzoo_jax.experiments.report import landscapes
from optzoo_jax.experiments.report.page import write_report
from optzoo_jax.experiments.report.race_picture import race_picture
from optzoo_jax.experiments.terminal.progress import interruptible_progress
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


def drawn(document: dict[str, Any], out: Path, page: Path | None, entries: Sequence[Entry], quick: bool) -> list[Path]:
    """A file that says it in few numbers, a picture, and the page where one is wanted.

    Args:
      document: what the race's file holds.
      out: the folder of the file and the picture.
      page: the folder of the page, None for none.
      entries: who took part.
      quick: whether fewer landscapes do.
    """
    short, picture = out / "race-summary.json", out / "race.png"
    with interruptible_progress(1 if page is None else 3) as report:
        report(picture.name, 0)
        write(short, in_short(document))
        save_picture(race_picture(document["methods"], document["problems"]), picture)
        if page is None:
            return [short, picture]
        surfaces = landscapes.QUICK if quick else landscapes.SURFACES
        played = landscapes.section(entries, surfaces, lambda what, share: report(what, 1 + share))
        file = write_report(document, page, lambda what, share: report(what, 2 + share), more=[played])
        return [short, picture, file]


def _facts(problem: Problem) -> dict[str, Any]:
    return {
        "title": problem.title,
        "score": problem.score,
        "target": problem.target,
        "examples": [len(split.y) for split in problem.data],
        "data_sha256": data_hash(problem),
    }
