"""What a race leaves: one zip file, from which every table, picture and sentence is computed. NumPy reads it.

`race.json` holds the facts of the race; `PROBLEM/METHOD.npz` the curves of a method's runs on a problem, a row a run.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optzoo_jax.experiments.keeping.files import write_bytes

FORMAT = 2
BRACKET, TRIAL, FRESH, UNTUNED, MOVED = 0, 1, 2, 3, -1  # stages; MOVED: trials before the box moved


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    """The runs of one method on one problem, n rows; NaN from where a run diverged.

    Attributes:
      facts: the cell's entry in race.json.
      stage: (n,) 0 bracket, 1 trial, 2 fresh seeds at the chosen trial, 3 the card's own call, -1 before the box moved.
      rate, knob, seed, schedule: (n,) what the run was called with; `knob` is NaN where the method has none.
      train, validation, accuracy: (n, checkpoints).
      validation_end, test_accuracy, diverged_at: (n,) at the end; -1 where no step diverged.
      test_blocks: (n, 20) test loss of each fixed block.
      seconds, gradient_seconds: (rounds,) of a step, in interleaved rounds; empty where there was no clock.
    """

    facts: dict[str, Any]
    stage: NDArray[Any]
    rate: NDArray[Any]
    knob: NDArray[Any]
    seed: NDArray[Any]
    schedule: NDArray[Any]
    train: NDArray[Any]
    validation: NDArray[Any]
    accuracy: NDArray[Any]
    validation_end: NDArray[Any]
    test_blocks: NDArray[Any]
    test_accuracy: NDArray[Any]
    diverged_at: NDArray[Any]
    seconds: NDArray[Any]
    gradient_seconds: NDArray[Any]


ARRAYS = tuple(field.name for field in dataclasses.fields(Cell) if field.name != "facts")


@dataclasses.dataclass(frozen=True, eq=False)
class Race:
    """`facts`: race.json without its cells. `cells`: by (problem, method), in the order of the race."""

    facts: dict[str, Any]
    cells: dict[tuple[str, str], Cell]

    def __str__(self) -> str:
        # By name: the report is made from the record, which is no part of it.
        return importlib.import_module("optzoo_jax.experiments.report.terminal").text(self)


def write(race: Race, path: str | Path) -> None:
    """Writes a race to a file; the same race gives the same bytes."""
    facts = {**race.facts, "format": FORMAT, "cells": [cell.facts for cell in race.cells.values()]}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        _add(file, "race.json", json.dumps(facts, indent=1, allow_nan=False).encode())
        for (problem, method), cell in race.cells.items():
            buffer = io.BytesIO()
            np.savez(buffer, **{name: getattr(cell, name) for name in ARRAYS})
            _add(file, f"{problem}/{method}.npz", buffer.getvalue())
    write_bytes(Path(path), content.getvalue())


def read(path: str | Path) -> Race:
    """Reads a race from a file.

    Raises:
      FileNotFoundError, ValueError: where there is no file, or none that `write` wrote, with the remedy.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"race file: {path} is not there; `optzoo race` writes one, OUT/race.zip")
    try:
        with zipfile.ZipFile(path) as file:
            facts = json.loads(file.read("race.json"))
            if facts.get("format") != FORMAT:
                raise ValueError(
                    f"race file: {path} has format {facts.get('format')!r}, and {FORMAT} is what this version reads; "
                    "run `optzoo race` again"
                )
            cells = {(cell["problem"], cell["method"]): _cell(file, cell) for cell in facts.pop("cells")}
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ValueError(
            f"race file: {path} is not one that `optzoo race` wrote ({error}); pass an OUT/race.zip"
        ) from error
    return Race(facts, cells)


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name)  # without a date, which would differ from one writing to the next
    info.external_attr = 0o644 << 16
    file.writestr(info, content, zipfile.ZIP_DEFLATED)


def _cell(file: zipfile.ZipFile, facts: dict[str, Any]) -> Cell:
    with np.load(io.BytesIO(file.read(f"{facts['problem']}/{facts['method']}.npz"))) as arrays:
        return Cell(facts, **{name: arrays[name] for name in ARRAYS})
