"""Finished cells on disk: one file each, found again under the hash of all that its numbers depend on.

A file is the SHA-256 of what follows, an npz of the arrays and the facts: zip's own checksums are not always looked at.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from optzoo_jax.experiments.keeping.files import write_bytes
from optzoo_jax.experiments.race.record import ARRAYS, Cell

_DIGEST = 32  # bytes


def load(file: Path, key: str) -> Cell | str | None:
    """The cell of a file; None where there is none. A damaged file is set aside, and a sentence says so.

    Args:
      file: as `file_of` names it.
      key: of the cell.
    """
    if not file.exists():
        return None
    try:
        content = file.read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            raise ValueError("its checksum is wrong")
        with np.load(io.BytesIO(content[_DIGEST:])) as found:
            facts = json.loads(str(found["facts"]))
            if facts["key"] != key:
                raise ValueError("it is of another cell than its name says")
            return Cell(facts, **{name: found[name] for name in ARRAYS})
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        aside = file.with_suffix(".damaged")
        file.replace(aside)
        return f"A kept result was damaged ({error}) and is measured again; it is set aside as {aside}."


def save(file: Path, cell: Cell) -> None:
    """Keeps a cell.

    Raises:
      OSError: where it cannot be written.
    """
    arrays: dict[str, Any] = {name: getattr(cell, name) for name in ARRAYS}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, facts=np.asarray(json.dumps(cell.facts)), **arrays)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(file, hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())


def file_of(folder: Path, problem: str, method: str, key: str) -> Path:
    """Where a cell is kept."""
    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in f"{problem}-{method}")
    return folder / f"{name}-{key[:16]}.cell"
