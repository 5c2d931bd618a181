"""What numbers on the command line may be."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def number(text: str) -> float:
    """The number that a text is, NaN where it is none: outside of every range."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def at_least_one(what: str) -> Callable[[str], int]:
    """A parser of 1, 2, 3, …"""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < 1:
            raise argparse.ArgumentTypeError(f"{text!r} is outside 1, 2, 3, …: it is the {what}")
        return int(text)

    return parse
