"""Results as a file: a write that is whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def check_writable(path: Path) -> None:
    """Makes the folder of a file to be written, before time is spent on what to write.

    Raises:
      ValueError: where the file could not be written.
    """
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file in it, such as {path / 'bench.json'}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error.strerror}): name a file in a folder of yours.") from None


def write(path: Path, results: dict[str, Any]) -> None:
    """Writes JSON; whoever reads the file, whenever, finds all of the old or all of the new."""
    write_bytes(path, json.dumps(results, indent=1, allow_nan=False, ensure_ascii=False).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file, whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def keep_compiled(folder: Path) -> None:
    """Lets JAX keep compiled programs in a folder, unless the user has told it where; a second race starts sooner."""
    import jax  # results are read and written without it too

    if getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        jax.config.update("jax_compilation_cache_dir", str(folder.resolve()))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.01)
