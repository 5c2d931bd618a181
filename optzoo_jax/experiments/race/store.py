"""Records that are kept on disk: one file a cell, written once and never again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.keeping.files import write
from optzoo_jax.experiments.race.cell import Cell


def load(folder: Path, cells: Sequence[Cell]) -> dict[str, dict[str, Any]]:
    """The records of those cells that were finished before, by `Cell.digest`.

    Args:
      folder: where they are kept.
      cells: whose records are wanted.

    Raises:
      ValueError: where a file is not what was written. All such files are set aside, renamed and not overwritten.
    """
    found, broken = {}, []
    for cell in cells:
        file = file_of(folder, cell)
        if file.exists():
            try:
                found[cell.digest()] = _read(file, cell)
            except (ValueError, KeyError, TypeError) as error:
                broken.append(f"{_set_aside(file)} ({error})")
    if broken:
        raise ValueError(
            f"{len(broken)} kept result{'s are' if len(broken) > 1 else ' is'} damaged and set aside: "
            f"{', '.join(broken)}. Run the same command again: what is missing is measured anew."
        )
    return found


def save(folder: Path, cell: Cell, record: dict[str, Any]) -> None:
    """Keeps a cell's record; one that is there already stays."""
    file = file_of(folder, cell)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, {"key": cell.key(), "sha256": _hash(record), "record": record})


def file_of(folder: Path, cell: Cell) -> Path:
    """Where a cell's record is kept."""
    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in cell.entry.name)
    return folder / cell.problem.name / f"{name}-{cell.digest()}.json"


def _read(file: Path, cell: Cell) -> dict[str, Any]:
    kept = json.loads(file.read_text(encoding="utf-8"))
    if kept["key"] != cell.key():
        raise ValueError("it is of another cell than its name says")
    if kept["sha256"] != _hash(kept["record"]):
        raise ValueError("its checksum is wrong")
    return kept["record"]


def _set_aside(file: Path) -> Path:
    number = 1
    while (aside := file.with_suffix(f".damaged-{number}")).exists():
        number += 1
    return file.rename(aside)


def _hash(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True, allow_nan=False).encode()).hexdigest()
