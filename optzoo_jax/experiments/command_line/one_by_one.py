"""The commands that measure one method after the other, and keep what is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.terminal.interrupt import INTERRUPTED


def one_by_one(
    out: Path,
    total: int,
    measure: Callable[[Callable[[str, float], None]], Iterable[dict[str, Any]]],
    origin: Callable[[], dict[str, Any]],
    table: Callable[[list[dict[str, Any]]], Any],
    width: int,
    draw: Callable[[dict[str, Any]], Iterable[Path]] = lambda document: (),
    things: str = "methods",
) -> Callable[[], int]:
    """A run over methods that saves after each, so that Ctrl-C leaves what is finished.

    Args:
      out: the file.
      total: how many methods there are.
      measure: what yields them, and is given a function to call with the method in hand and how many are done.
      origin: what the file says besides: where the numbers come from.
      table: what is printed of the finished ones.
      width: of the table at least; narrower, numbers would be cut.
      draw: what makes pictures or pages of what the file holds in the end, and returns their names.
      things: what they are, if not methods.
    """
    from rich.console import Console

    from optzoo_jax.experiments.keeping.files import write
    from optzoo_jax.experiments.terminal.progress import interruptible_progress

    def run() -> int:
        document = {"complete": False, **origin(), things: (finished := [])}
        interrupted = False
        try:
            with interruptible_progress(total) as report:
                for method in measure(report):
                    finished.append(method)
                    document["complete"] = len(finished) == total
                    write(out, document)
        except KeyboardInterrupt:
            interrupted = True
        if finished:
            console = Console(highlight=False)
            console.width = max(console.width, width)
            console.print(table(finished))
        files = [out] if finished else []
        if document["complete"]:
            try:
                files += draw(document)
            except KeyboardInterrupt:
                interrupted = True
        if interrupted:
            print(f"Interrupted: {len(finished)} of {total} {things} finished.")
        print(f"Saved in {', '.join(map(str, files))}." if files else "Nothing is saved.")
        return INTERRUPTED if interrupted else 0

    return run
