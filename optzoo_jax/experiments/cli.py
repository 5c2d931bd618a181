"""The command `optzoo`: race, bench, landscape, anatomy, list, show."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from optzoo_jax.experiments.bench.command import add_bench
from optzoo_jax.experiments.interrupt import INTERRUPTED
from optzoo_jax.experiments.landscapes.command import add_landscape
from optzoo_jax.experiments.one_by_one import one_by_one
from optzoo_jax.experiments.options import at_least_one

_EXTRA = ("flax", "matplotlib", "rich", "sklearn")
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

    race = commands.add_parser("race", help="train every optimizer on handwritten digits and compare them")
    race.add_argument("names", nargs="*", metavar="NAME", help="such as adam, 'ada*' or 'radam[torch]'; default: all")
    race.add_argument("--optimizers", nargs="+", default=[], metavar="NAME", help="more names")
    race.add_argument("--steps", type=at_least_one("number of steps"), default=400, help="of training (400)")
    race.add_argument("--rates", type=at_least_one("number of rates"), default=5, help="learning rates for each (5)")
    race.add_argument("--seeds", type=at_least_one("number of seeds"), default=3, help="runs at every rate (3)")
    race.add_argument("--batch-size", type=at_least_one("batch size"), default=64, help="images in a step (64)")
    race.add_argument("--out", type=Path, default=Path("results/race.json"), help="where results go (%(default)s)")
    race.set_defaults(prepare=_race)

    add_bench(commands)

    add_landscape(commands)

    names = commands.add_parser("list", help="list the methods")
    names.add_argument("pattern", nargs="?", default="*", metavar="PATTERN", help="such as 'ada*'; default: all")
    names.set_defaults(prepare=_list)

    show = commands.add_parser("show", help="equations, variants and parts of one method")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(prepare=_show)
    return parser


# Each checks its arguments, which may raise ValueError, and returns what is left to do. They import what they need
# when they are called: without the extra, the command must get as far as saying so.


def _race(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.entries import select
    from optzoo_jax.experiments.race import Budget, problem, race
    from optzoo_jax.experiments.results import check_writable, provenance
    from optzoo_jax.experiments.table import race_table
    from optzoo_jax.experiments.training import examples_a_step

    entries = select([*options.names, *options.optimizers])
    budget = Budget(options.steps, options.rates, options.seeds, options.batch_size)
    examples_a_step(problem("mlp"), budget.batch_size)
    check_writable(options.out)

    return one_by_one(
        options.out,
        len(entries),
        lambda report: race(entries, budget, report),
        lambda: provenance(budget),
        lambda methods: race_table(methods, budget),
        width=80,
    )


def _list(options: argparse.Namespace) -> Callable[[], int]:
    from rich.console import Console

    from optzoo_jax.experiments.catalogue import catalogue

    table = catalogue(options.pattern)

    def run() -> int:
        console = Console(highlight=False)
        if not console.is_terminal:
            console.width = _A_LINE_EACH
        console.print(table)
        return 0

    return run


def _show(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.catalogue import page

    text = page(options.name)

    def run() -> int:
        print(text)
        return 0

    return run


def _complain(command: str, message: str, code: int) -> int:
    print(f"optzoo {command}: error: {message}", file=sys.stderr)
    return code
