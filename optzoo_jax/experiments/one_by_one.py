"""The commands that measure one method after the other, and keep what is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

INTERRUPTED = 130


def one_by_one(
    out: Path,
    total: int,
    measure: Callable[[Callable[[str, float], None]], Iterable[dict[str, Any]]],
    provenance: Callable[[], dict[str, Any]],
    table: Callable[[list[dict[str, Any]]], Any],
    width: int,
) -> Callable[[], int]:
    """A run over methods that saves after each, so that Ctrl-C leaves what is finished.

    Args:
      out: the file.
      total: how many methods there are.
      measure: what yields them, and is given a function to call with the method in hand and how many are done.
      provenance: where the numbers come from.
      table: what is printed of the finished ones.
      width: of the table at least; narrower, numbers would be cut.
    """
    from rich.console import Console

    from optzoo_jax.experiments.interrupt import deferred_interrupt
    from optzoo_jax.experiments.progress import progress
    from optzoo_jax.experiments.results import write

    def run() -> int:
        origin = provenance()
        finished = []
        interrupted = False
        try:
            with deferred_interrupt() as check, progress(total) as show:

                def report(name: str, done: float) -> None:
                    check()
                    show(name, done)

                for method in measure(report):
                    finished.append(method)
                    write(out, {"complete": len(finished) == total, "provenance": origin, "methods": finished})
        except KeyboardInterrupt:
            interrupted = True
        if finished:
            console = Console(highlight=False)
            console.width = max(console.width, width)
            console.print(table(finished))
        if interrupted:
            print(f"Interrupted: {len(finished)} of {total} methods finished.")
        print(f"Saved in {out}." if finished else "Nothing is saved.")
        return INTERRUPTED if interrupted else 0

    return run
