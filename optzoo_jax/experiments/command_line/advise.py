"""`optzoo advise`: its arguments, and what is made of them."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from typing import Any

from optzoo_jax.experiments.advice.reasons import CONDITIONS, TASKS


def add_advise(commands: Any) -> None:
    """Adds the command to those of a parser."""
    advise = commands.add_parser(
        "advise",
        help="which optimizer? Two or three, with reasons",
        description="Names two or three optimizers for a task, a learning rate to start from, and the reasons, each "
        "with what it rests on.",
        epilog="tasks:\n" + "\n".join(f"  {name:<9} {meaning}" for name, meaning in TASKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    advise.add_argument("--task", required=True, metavar="NAME", help=", ".join(TASKS))
    for name, meaning in CONDITIONS.items():
        advise.add_argument(f"--{name}", dest="conditions", action="append_const", const=name, help=meaning)
    advise.set_defaults(prepare=_advise)


def _advise(options: argparse.Namespace) -> Callable[[], None]:
    from optzoo_jax.experiments.advice.words import in_terminal

    return functools.partial(print, in_terminal(options.task, options.conditions or []))
