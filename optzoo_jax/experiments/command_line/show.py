"""`optzoo show`: equations, variants and parts of one method."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from typing import Any


def add_show(commands: Any) -> None:
    """Adds the command to those of a parser."""
    show = commands.add_parser("show", help="equations, variants and parts of one method")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(prepare=_show)


def _show(options: argparse.Namespace) -> Callable[[], None]:
    from optzoo_jax.experiments.methods.in_words import page

    return functools.partial(print, page(options.name))
