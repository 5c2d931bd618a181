"""How far a race is: a bar in a terminal, a line a method elsewhere."""

from __future__ import annotations

import collections
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from optzoo_jax.experiments.terminal.interrupt import deferred_interrupt

Show = Callable[..., None]
_A_LINE = 60  # seconds
_PACE = 300  # seconds that the time left is reckoned from, since a later problem may take longer


@contextlib.contextmanager
def interruptible_progress(total: int) -> Iterator[Callable[[str, float], None]]:
    """A function to be called with the method in hand and how many are done, in fractions; on standard error.

    It raises KeyboardInterrupt where Ctrl-C was pressed since it was last called.

    Args:
      total: the number of methods.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<18}"), BarColumn(), TextColumn("{task.fields[done]}"), *_clocks())
    with deferred_interrupt() as check, Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total, done=f"0/{total}")
        announced = ""

        def report(name: str, done: float) -> None:
            nonlocal announced
            check()
            if not console.is_terminal and name != announced:
                console.print(f"{int(done) + 1}/{total} {name}", markup=False, highlight=False)
            announced = name
            bar.update(task, description=name, completed=done, done=f"{int(done)}/{total}")

        yield report


@contextlib.contextmanager
def runs_progress(*, shown: bool) -> Iterator[Show]:
    """A function to be called with how many runs are done, how many are expected, what is in hand, what is to be said,
    and what is counted where it isn't runs; it shows one bar with the time left in a terminal, and a line every minute
    elsewhere.

    Args:
      shown: whether anything but what is said appears.
    """
    console = Console(stderr=True)
    counts = TextColumn("{task.completed:.0f} of {task.total:.0f} {task.fields[things]}")
    columns = (TextColumn("{task.description}"), BarColumn(), counts, *_clocks())
    last = time.monotonic()
    marks = collections.deque([(last, 0)])
    hidden = not (shown and console.is_terminal)
    with Progress(*columns, console=console, disable=hidden, speed_estimate_period=_PACE) as bar:
        task, counted = bar.add_task("", total=1, things="runs"), "runs"

        def show(done: int, total: int, what: str, said: Sequence[str] = (), things: str = "runs") -> None:
            nonlocal marks, last, counted
            now = time.monotonic()
            if things != counted:  # another pace
                marks, counted = collections.deque([(now, 0)]), things
                bar.reset(task)
            for sentence in said:
                console.print(sentence, markup=False, highlight=False, soft_wrap=True)
            bar.update(task, description=what, completed=done, total=total, things=things)
            if shown and not console.is_terminal and done and now - last > _A_LINE:
                last = now
                while len(marks) > 1 and now - marks[1][0] >= _PACE:
                    marks.popleft()
                since, before = marks[0]
                marks.append((now, done))
                left = (
                    f", {(now - since) * (total - done) / (done - before) / 60:.0f} min left" if done > before else ""
                )
                console.print(f"{what}, {done} of {total} {things}{left}", markup=False, highlight=False)

        yield show


def _clocks() -> tuple[ProgressColumn, ...]:
    return TimeElapsedColumn(), TextColumn("gone,"), TimeRemainingColumn(), TextColumn("left")
