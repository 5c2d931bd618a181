"""The commands that draw pictures into a folder."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.terminal.interrupt import INTERRUPTED

Report = Callable[[str, float], None]


def add_out(parser: argparse.ArgumentParser) -> None:
    """Adds the option that names the folder."""
    parser.add_argument("--out", type=Path, default=Path("results"), help="a folder for pictures (%(default)s)")


def files_in(out: Path, stem: str, *endings: str) -> list[Path]:
    """Pictures to be, in a folder that can be written to."""
    from optzoo_jax.experiments.keeping.files import check_writable

    files = [out / f"{stem}{ending}" for ending in endings]
    for file in files:
        check_writable(file)
    return files


def drawing_one(out: Path, stem: str, draw: Callable[[], Any]) -> Callable[[], int]:
    """A run that draws one figure."""
    from optzoo_jax.experiments.look.pictures import save

    files = files_in(out, stem, ".png", ".svg")

    def draw_and_save(report: Report) -> None:
        report(stem, 0)
        save(draw(), *files)

    return drawing(draw_and_save, 1, files)


def drawing(draw: Callable[[Report], None], total: int, files: Sequence[Path]) -> Callable[[], int]:
    """A run that draws several, and says which.

    Args:
      draw: is given a function to call with what is in hand and how much is done.
      total: how much there is to do.
      files: that are there in the end.
    """
    from optzoo_jax.experiments.terminal.progress import interruptible_progress

    def run() -> int:
        try:
            with interruptible_progress(total) as report:
                draw(report)
        except KeyboardInterrupt:
            print("Interrupted: not all pictures are saved.")
            return INTERRUPTED
        print(f"Saved {', '.join(map(str, files))}.")
        return 0

    return run
