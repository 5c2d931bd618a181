"""What numbers on the command line may be."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Literal


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


def batch_size(text: str) -> int | Literal["full"]:
    """A parser of 1, 2, 3, … and "full"."""
    return "full" if text == "full" else at_least_one('batch size, or "full" for all examples')(text)


def variance(text: str) -> float:
    """A parser of numbers ≥ 0."""
    found = number(text)
    if not 0 <= found < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is outside [0, ∞): it is η, the variance of the first step's noise")
    return found
