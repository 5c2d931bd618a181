"""The command `optzoo`: race, bench, landscape, anatomy, advise, claims, list, show."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from optzoo_jax.experiments.command_line.advise import add_advise
from optzoo_jax.experiments.command_line.bench import add_bench
from optzoo_jax.experiments.command_line.claims import add_claims
from optzoo_jax.experiments.command_line.landscape import add_landscape
from optzoo_jax.experiments.command_line.race import add_race
from optzoo_jax.experiments.terminal.interrupt import INTERRUPTED

_EXTRA = ("flax", "matplotlib", "mlxtend", "rich", "sklearn")
_A_LINE_EACH = 160


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, 1 without the extra, 2 for a wrong argument, 130 if interrupted.

    Args:
      arguments: in the place of those of the command line.
    """
    options = _parser().parse_args(arguments)
    try:
        task = options.prepare(options)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in _EXTRA:
            raise
        return _complain(options.command, f'{package} is not installed: pip install "optzoo_jax[experiments]"', 1)
    except ValueError as error:
        return _complain(options.command, str(error), 2)
    except KeyboardInterrupt:
        return INTERRUPTED
    return task()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("optzoo", description="The optimizers of optzoo_jax: race, bench, draw, list.")
    commands = parser.add_subparsers(dest="command", required=True)

    add_race(commands)
    add_bench(commands)
    add_landscape(commands)
    add_advise(commands)
    add_claims(commands)

    names = commands.add_parser("list", help="list the methods")
    names.add_argument("pattern", nargs="?", default="*", metavar="PATTERN", help="such as 'ada*'; default: all")
    names.set_defaults(prepare=_list)

    show = commands.add_parser("show", help="equations, variants and parts of one method")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(prepare=_show)
    return parser


# Each checks its arguments, which may raise ValueError, and returns what is left to do. They import what they need
# when they are called: without the extra, the command must get as far as saying so.


def _list(options: argparse.Namespace) -> Callable[[], int]:
    from rich.console import Console

    from optzoo_jax.experiments.command_line.show import catalogue

    table = catalogue(options.pattern)

    def run() -> int:
        console = Console(highlight=False)
        if not console.is_terminal:
            console.width = _A_LINE_EACH
        console.print(table)
        return 0

    return run


def _show(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.command_line.show import page

    text = page(options.name)

    def run() -> int:
        print(text)
        return 0

    return run


def _complain(command: str, message: str, code: int) -> int:
    print(f"optzoo {command}: error: {message}", file=sys.stderr)
    return code
