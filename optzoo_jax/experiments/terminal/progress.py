"""How far a race is: a bar in a terminal, a line a method elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from optzoo_jax.experiments.terminal.interrupt import deferred_interrupt


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[str, float], None]]:
    """A function to be called with the method in hand and how many are done, in fractions; on standard error.

    Args:
      total: the number of methods.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<18}"), BarColumn(), TextColumn("{task.fields[done]}"))
    clocks = (TimeElapsedColumn(), TextColumn("gone,"), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, *clocks, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total, done=f"0/{total}")
        announced = ""

        def report(name: str, done: float) -> None:
            nonlocal announced
            if not console.is_terminal and name != announced:
                console.print(f"{int(done) + 1}/{total} {name}", markup=False, highlight=False)
            announced = name
            bar.update(task, description=name, completed=done, done=f"{int(done)}/{total}")

        yield report


@contextlib.contextmanager
def interruptible_progress(total: int) -> Iterator[Callable[[str, float], None]]:
    """The same function, which also raises KeyboardInterrupt where Ctrl-C was pressed since it was last called.

    Args:
      total: as for `progress`.
    """
    with deferred_interrupt() as check, progress(total) as show:

        def report(name: str, done: float) -> None:
            check()
            show(name, done)

        yield report
