"""`optzoo race`: its arguments, its sizes, and what is made of a race."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from optzoo_jax.experiments.arguments.numbers import at_least_one
from optzoo_jax.experiments.command_line.problems import HELP
from optzoo_jax.experiments.problems import DEFAULT, PROBLEMS

if TYPE_CHECKING:
    from optzoo_jax.experiments.methods.entries import Entry
    from optzoo_jax.experiments.problems.problem import Problem
    from optzoo_jax.experiments.protocol.cell import Budget
    from optzoo_jax.experiments.protocol.record import Race


class _Leg(NamedTuple):
    """A problem, which list of `entries` takes part where nobody is named, and its steps, None for its own number."""

    problem: str
    methods: str
    steps: int | None = None


class _Size(NamedTuple):
    """`says`: for --help. `once`: problems too costly for a second study of the size."""

    legs: tuple[_Leg, ...]
    trials: int
    fresh: int
    says: str = ""
    schedules: tuple[str, ...] = ("warmup-cosine",)
    studies: int = 1
    once: tuple[str, ...] = ()
    clock: bool = True


_USUAL = tuple(_Leg(problem, "DEFAULT") for problem in DEFAULT)
_SIZES = {
    "quick": _Size(
        (_Leg("bigram", "QUICK"), _Leg("signals", "FEW", 150)),
        12,
        3,
        "two problems, a dozen methods, 12 trials and 3 fresh seeds of each, no clock; minutes",
        clock=False,
    ),
    "default": _Size(_USUAL, 16, 5),
    "full": _Size(
        (*_USUAL, _Leg("modules", "FEW"), _Leg("mnist-cnn", "FEW"), _Leg("chars", "FEW")),
        24,
        8,
        "eight problems, 24 trials and 8 fresh seeds of each, also at a constant rate, two studies of six; hours",
        ("warmup-cosine", "constant"),
        studies=2,
        once=("mnist-cnn", "chars"),
    ),
}
_EPILOG = """\
problems:
{problems}

schedules, whose peak is the learning rate:
{schedules}

Every method has its learning rate bracketed on each problem, then as many trials as the others over learning rate and
one hyperparameter of its own, in a box that moves where the best trials lie at its border; adamw and nag get twice as
many. Finished methods are kept in OUT/cells under all that their numbers depend on: the same command goes on where an
earlier one was stopped. OUT/race.zip has the whole race, OUT/index.html what it found.
"""


def add_race(commands: Any) -> None:
    """Adds the command to those of a parser."""
    from optzoo_jax.experiments.training.schedules import SCHEDULES

    race = commands.add_parser(
        "race",
        help="tune and train optimizers on real problems and compare them",
        description="Tunes and trains optimizers on real problems, each with the same trials, and compares them.",
        epilog=_EPILOG.format(problems=_listed(PROBLEMS), schedules=_listed(SCHEDULES)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    race.add_argument(
        "names", nargs="*", metavar="NAME", help="such as adam, 'ada*', 'radam[torch]' or 'lookahead(adam)'"
    )
    race.add_argument(
        "--optimizer", action="append", default=[], metavar="MODULE:FACTORY@RATE",
        help="one of your own, which joins them: a function from the learning rate to an optax transformation, and the "
        "learning rate that it is raced at untuned; such as optax:lion@1e-4",
    )  # fmt: skip
    race.add_argument("--problem", action="append", default=[], metavar="NAME", help=HELP)
    size = race.add_mutually_exclusive_group()
    for name, chosen in _SIZES.items():
        if chosen.says:
            size.add_argument(f"--{name}", dest="size", action="store_const", const=name, help=chosen.says)
    usual = _SIZES["default"]
    race.add_argument(
        "--trials", type=at_least_one("number of trials"), metavar="T", help=f"of tuning ({usual.trials})"
    )
    race.add_argument(
        "--fresh", type=at_least_one("number of fresh seeds"), metavar="R",
        help=f"at the chosen trial, and as many at the card's own call ({usual.fresh})",
    )  # fmt: skip
    race.add_argument(
        "--space", choices=("rate", "rate+1"), default="rate+1", help="what is tuned: with +1 a knob of its own too"
    )
    race.add_argument("--schedule", metavar="NAME", help="of the learning rate, or all: each gets the best of them")
    race.add_argument("--steps", type=at_least_one("number of steps"), help="of training (each problem's own)")
    race.add_argument(
        "--studies", type=at_least_one("number of studies"), metavar="N", help="the same again with other seeds (1)"
    )
    race.add_argument("--out", type=Path, default=Path("results"), help="the folder of all results (%(default)s)")
    race.add_argument("--no-report", action="store_true", help="write no page")
    race.set_defaults(prepare=_race, size="default")


def _race(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.keeping.files import check_writable, keep_compiled
    from optzoo_jax.experiments.protocol.cell import Budget
    from optzoo_jax.experiments.protocol.race import check_race
    from optzoo_jax.experiments.training.schedules import SCHEDULES

    size = _SIZES[options.size]
    schedules = tuple(SCHEDULES) if options.schedule == "all" else (options.schedule,)
    schedules = size.schedules if options.schedule is None else schedules
    cells = _cells(options, size)
    every = options.studies or options.problem  # as asked for
    again = [cell for cell in cells if every or cell[0].name not in size.once]
    studies = [
        (
            again if study else cells,
            Budget(options.trials or size.trials, options.fresh or size.fresh, options.space, schedules, study),
        )
        for study in range(options.studies or size.studies)
    ]
    given = (options.names, options.optimizer, options.problem, options.trials, options.fresh, options.steps)
    chosen = any(given) or options.schedule is not None or options.space != "rate+1"
    for one in studies:
        check_race(*one)
    name = "own" if chosen else options.size
    check_writable(options.out / "race.zip")
    keep_compiled(options.out / "compiled")
    return lambda: _run(studies, name, size.clock, options.out, page=not options.no_report)


def _run(
    studies: list[tuple[list[tuple[Problem, Entry]], Budget]], size: str, clock: bool, out: Path, page: bool
) -> int:
    from optzoo_jax.experiments.protocol.race import cannot_write, race_of
    from optzoo_jax.experiments.protocol.record import write
    from optzoo_jax.experiments.terminal.interrupt import INTERRUPTED

    races: list[Race] = []
    files: list[Path] = []
    complaint = ""
    for cells, budget in studies:
        try:
            races.append(race_of(cells, budget, out=out, clock=clock, size=size))
        except KeyboardInterrupt as stopped:
            print(stopped)
            return INTERRUPTED
        try:
            file = out / ("race.zip" if budget.study == 0 else f"race-{budget.study + 1}.zip")
            write(races[-1], file)
            files.append(file)
        except OSError as error:
            complaint = f"The race is not saved: {cannot_write(error)}"
    from optzoo_jax.experiments.report.terminal import text

    again = races[1] if len(races) > 1 else None
    try:
        if page:
            from optzoo_jax.experiments.report.page import write_report

            files.append(write_report(races[0], out, again))
    except OSError as error:
        complaint = complaint or f"The page is not saved: {cannot_write(error)}"
    print(f"Saved {', '.join(map(str, files))}.\n" if files else "Nothing is saved.\n")
    print(text(races[0], again))
    if complaint:
        print(complaint)
    return 1 if complaint else 0


def _cells(options: argparse.Namespace, size: _Size) -> list[tuple[Problem, Entry]]:
    """The problems and the methods of each."""
    import dataclasses

    from optzoo_jax.experiments.command_line.problems import problem_of
    from optzoo_jax.experiments.methods import entries
    from optzoo_jax.experiments.methods.user_optimizer import user_entry

    own = [user_entry(text) for text in options.optimizer]
    methods = {leg.problem: leg.methods for leg in size.legs}
    usual = "QUICK" if options.size == "quick" else "DEFAULT"
    legs = [_Leg(name, methods.get(name, usual)) for name in dict.fromkeys(options.problem)] or size.legs
    found = []
    for leg in legs:
        problem, steps = problem_of(leg.problem), options.steps or leg.steps
        problem = dataclasses.replace(problem, steps=steps) if steps else problem
        raced = entries.racing([*(options.names or getattr(entries, leg.methods)), *own])
        found += [(problem, entry) for entry in raced]
    return found


def _listed(meanings: dict[str, str]) -> str:
    width = max(map(len, meanings))
    return "\n".join(f"  {name:<{width}}  {meaning}" for name, meaning in meanings.items())
