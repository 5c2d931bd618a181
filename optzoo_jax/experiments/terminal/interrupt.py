"""Ctrl-C between two steps of the work, never in the middle of one."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

INTERRUPTED = 130
_NOTICE = b"\nInterrupted: stops where nothing is lost. Once more stops at once.\n"


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Callable[[], None]]:
    """A function that raises KeyboardInterrupt if Ctrl-C was pressed since; until it is called, work goes on.

    Python would raise inside of JAX, which loses the exception or crashes while it compiles. A second Ctrl-C ends the
    process. For the main thread, the only one that may set what a signal does.
    """
    pressed = False

    def press(number: int, frame: Any) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.write(2, _NOTICE)  # print may not be called again from within print

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
