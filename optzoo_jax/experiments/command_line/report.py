"""`optzoo report`: the page and the lines of a finished race, from its file alone."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_report(commands: Any) -> None:
    """Adds the command to those of a parser."""
    report = commands.add_parser(
        "report",
        help="write the page of a finished race again, from its file",
        description="Prints what a race has found and writes index.html, both from its file alone: nothing is trained.",
    )
    report.add_argument("race", type=Path, metavar="RACE.zip", help="what `optzoo race` wrote")
    report.add_argument(
        "again", type=Path, nargs="?", metavar="SECOND.zip", help="a second study of the same, to say what it changed"
    )
    report.add_argument("--out", type=Path, metavar="FOLDER", help="where index.html goes (the folder of RACE.zip)")
    report.set_defaults(prepare=_report)


def _report(options: argparse.Namespace) -> Callable[[], None]:
    from optzoo_jax.experiments.keeping.files import check_writable
    from optzoo_jax.experiments.protocol.record import read
    from optzoo_jax.experiments.report.page import write_report
    from optzoo_jax.experiments.report.terminal import text

    folder = options.out or options.race.parent
    race, again = read(options.race), read(options.again) if options.again else None
    check_writable(folder / "index.html")
    words = text(race, again)  # here, because two files of which nothing can be compared are a wrong argument

    def run() -> None:
        print(f"Saved {write_report(race, folder, again)}.\n\n{words}")

    return run
