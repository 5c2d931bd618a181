"""The command `optzoo`: race, report, replay, compare, advise, claims, bench, landscape, anatomy, list, show."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from optzoo_jax.experiments.command_line.advise import add_advise
from optzoo_jax.experiments.command_line.anatomy import add_anatomy
from optzoo_jax.experiments.command_line.bench import add_bench
from optzoo_jax.experiments.command_line.claims import add_claims
from optzoo_jax.experiments.command_line.compare import add_compare
from optzoo_jax.experiments.command_line.landscape import add_landscape
from optzoo_jax.experiments.command_line.list import add_list
from optzoo_jax.experiments.command_line.race import add_race
from optzoo_jax.experiments.command_line.replay import add_replay
from optzoo_jax.experiments.command_line.report import add_report
from optzoo_jax.experiments.command_line.show import add_show
from optzoo_jax.experiments.terminal.interrupt import INTERRUPTED

_COMMANDS = (
    *(add_race, add_report, add_replay, add_compare, add_advise, add_claims),
    *(add_bench, add_landscape, add_anatomy, add_list, add_show),
)
_EXTRA = ("flax", "matplotlib", "mlxtend", "rich", "scipy", "sklearn")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, 1 without the extra, 2 for a wrong argument, 130 if interrupted.

    Args:
      arguments: in the place of those of the command line.
    """
    options = _parser().parse_args(arguments)
    try:
        # It checks the arguments, which may raise what is caught here, and returns what is left to do. It imports what
        # it needs when it is called: without the extra, the command must get as far as saying so.
        task = options.prepare(options)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in _EXTRA:
            raise
        return _complain(options.command, f'{package} is not installed: pip install "optzoo_jax[experiments]"', 1)
    except (ValueError, FileNotFoundError) as error:
        return _complain(options.command, str(error), 2)
    except KeyboardInterrupt:
        return INTERRUPTED
    return task() or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("optzoo", description="The optimizers of optzoo_jax: race, bench, draw, list.")
    commands = parser.add_subparsers(dest="command", required=True)
    for add in _COMMANDS:
        add(commands)
    return parser


def _complain(command: str, message: str, code: int) -> int:
    print(f"optzoo {command}: error: {message}", file=sys.stderr)
    return code
