"""`optzoo advise`: its arguments, and what is made of them."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.advice.tasks import TASKS


def add_advise(commands: Any) -> None:
    """Adds the command to those of a parser."""
    advise = commands.add_parser(
        "advise",
        help="which optimizer for a task, as a race has measured it",
        description="Names the optimizers that lead on a task's problems, the learning rates to search, and what that "
        "rests on.",
        epilog="tasks:\n" + "\n".join(f"  {name:<9} {meaning}" for name, meaning in TASKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    advise.add_argument("task", nargs="?", metavar="TASK", help="one of those below; a line for each where left out")
    much = advise.add_mutually_exclusive_group()
    much.add_argument("--trials", type=int, default=4, metavar="N", help="learning rates that you can try (4)")
    much.add_argument("--untuned", dest="trials", action="store_const", const=0, help="none: the papers' own rates")
    advise.add_argument("--race", type=Path, metavar="RACE.zip", help="your own race, not the published one")
    advise.set_defaults(prepare=_advise)


def _advise(options: argparse.Namespace) -> Callable[[], None]:
    from optzoo_jax.experiments.advice.advise import advise
    from optzoo_jax.experiments.advice.measured import of_race, shipped
    from optzoo_jax.experiments.advice.words import in_terminal, overview

    measured = of_race(options.race) if options.race else shipped()
    if options.task is None:
        return functools.partial(print, overview(measured, options.trials))
    return functools.partial(print, in_terminal(advise(measured, options.task, options.trials)))
