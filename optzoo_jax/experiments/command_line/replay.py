"""`optzoo replay`: one run of a race trained again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.command_line.problems import HELP


def add_replay(commands: Any) -> None:
    """Adds the command to those of a parser."""
    replay = commands.add_parser(
        "replay",
        help="train one run of a race again, and say how far it is from the stored one",
        description="Trains one trial of a race again. The exit code is 1 where it is another one than the stored.",
    )
    replay.add_argument("race", type=Path, metavar="RACE.zip", help="what `optzoo race` wrote")
    replay.add_argument("problem", metavar="PROBLEM", help=HELP)
    replay.add_argument("method", metavar="METHOD", help="such as adam, or MODULE:FACTORY")
    replay.add_argument("trial", type=int, metavar="TRIAL", help="0, 1, 2, …")
    replay.set_defaults(prepare=_replay)


def _replay(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.command_line.problems import entry_of, problem_of
    from optzoo_jax.experiments.protocol.record import read
    from optzoo_jax.experiments.protocol.replay import EARLY_STEPS, TOLERANCE, replay

    found = replay(read(options.race), problem_of(options.problem), entry_of(options.method), options.trial)
    print(
        f"Within {EARLY_STEPS} steps the losses are {found.early:.1e} of themselves apart at most ({TOLERANCE:g} is "
        f"allowed); after them {found.late:.2g} of the range of the fresh seeds (1 is allowed). "
        + ("It is the same run." if found.agrees else "It is another run: other versions, another device, or an error.")
    )
    return lambda: 0 if found.agrees else 1
