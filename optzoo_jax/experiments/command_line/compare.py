"""`optzoo compare`: its arguments, and what is made of them."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_compare(commands: Any) -> None:
    """Adds the command to those of a parser."""
    compare = commands.add_parser(
        "compare",
        help="how much of one race holds in a second study of the same",
        description="Says of each problem which differences between methods a second study confirms. "
        "`optzoo race --studies 2` makes two studies.",
    )
    compare.add_argument("race", type=Path, metavar="RACE.zip", help="what `optzoo race` wrote")
    compare.add_argument("again", type=Path, metavar="SECOND.zip", help="another study of the same")
    compare.set_defaults(prepare=_compare)


def _compare(options: argparse.Namespace) -> Callable[[], None]:
    from optzoo_jax.experiments.evidence.compare import compare, table
    from optzoo_jax.experiments.protocol.record import read

    return functools.partial(print, table(compare(read(options.race), read(options.again))))
