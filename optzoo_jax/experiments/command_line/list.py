"""`optzoo list`: the methods, a line each."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from typing import Any

_A_LINE_EACH = 160


def add_list(commands: Any) -> None:
    """Adds the command to those of a parser."""
    names = commands.add_parser("list", help="list the methods")
    names.add_argument("pattern", nargs="?", default="*", metavar="PATTERN", help="such as 'ada*'; default: all")
    names.set_defaults(prepare=_list)


def _list(options: argparse.Namespace) -> Callable[[], None]:
    from rich.console import Console

    from optzoo_jax.experiments.methods.in_words import catalogue

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _A_LINE_EACH
    return functools.partial(console.print, catalogue(options.pattern))
