"""`optzoo race`: its arguments, and what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from optzoo_jax.experiments.arguments.numbers import at_least_one, batch_size, variance
from optzoo_jax.experiments.command_line.one_by_one import one_by_one
from optzoo_jax.experiments.problems import PROBLEMS, load_problem

if TYPE_CHECKING:
    from optzoo_jax.experiments.methods.entries import Entry
    from optzoo_jax.experiments.problems.problem import Problem


class _Size(NamedTuple):
    """`share`: of each problem's steps. `timed`: whether steps are. `says`: for --help."""

    problems: tuple[str, ...]
    rates: int
    seeds: int
    says: str
    share: float = 1.0
    timed: bool = True


_SIZES = {
    "quick": _Size(
        ("digits-mlp", "logistic"),
        5,
        3,
        "two problems, half of the steps, 3 seeds, no clock; minutes",
        0.5,
        timed=False,
    ),
    "usual": _Size(("digits-mlp", "logistic", "autoencoder", "modules"), 5, 5, ""),
    "full": _Size(tuple(PROBLEMS), 7, 5, "all problems and 7 rates; a night"),
}
_EPILOG = """\
problems:
{problems}
newton, of second order, runs on logistic alone.

schedules, whose peak is the learning rate:
{schedules}

Every finished method is kept in the folder OUT/race, under all that its numbers depend on: the problem, the options,
the versions. The same command goes on where an earlier one was interrupted. OUT/race.json has the whole of this race.
"""


def add_race(commands: Any) -> None:
    """Adds the command to those of a parser."""
    from optzoo_jax.experiments.training.schedules import SCHEDULES

    race = commands.add_parser(
        "race",
        help="train every optimizer on real problems and compare them",
        description="Train optimizers on real problems, each at the same number of learning rates, and compare them.",
        epilog=_EPILOG.format(problems=_listed(PROBLEMS), schedules=_listed(SCHEDULES)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    race.add_argument(
        "names", nargs="*", metavar="NAME", help="such as adam, 'ada*' or 'radam[torch]'; default: the classical ones"
    )
    race.add_argument("--optimizers", nargs="+", default=[], metavar="NAME", help="more names")
    race.add_argument(
        "--optimizer", action="append", default=[], metavar="MODULE:FACTORY@RATE",
        help="one of your own, which joins them: a function from the learning rate to an optax transformation, and the "
        "middle of its learning rates (else the default of its first argument); such as optax:lion@1e-4",
    )  # fmt: skip
    size = race.add_mutually_exclusive_group()
    for name, chosen in _SIZES.items():
        if chosen.says:
            size.add_argument(f"--{name}", dest="size", action="store_const", const=name, help=chosen.says)
    race.add_argument(
        "--problem", action="append", default=[], metavar="NAME",
        help=f"what is trained, once for each ({', '.join(_SIZES['usual'].problems)})",
    )  # fmt: skip
    race.add_argument("--schedule", default="constant", metavar="NAME", help="of the learning rate (%(default)s)")
    race.add_argument(
        "--steps", type=at_least_one("number of steps"), help="of training (the problem's: 400 for digits-mlp)"
    )
    race.add_argument("--rates", type=at_least_one("number of rates"), help="learning rates for each (5)")
    race.add_argument(
        "--seeds", type=at_least_one("number of seeds"), help="runs at every rate, and as many fresh ones to report (5)"
    )
    race.add_argument(
        "--batch-size", type=batch_size, metavar="N",
        help="examples in a step, from 1 to full, which is all (the problem's: 64 for digits-mlp)",
    )  # fmt: skip
    race.add_argument(
        "--gradient-noise", type=variance, metavar="ETA", help="noise for every gradient, η/(1+t)^0.55 its variance"
    )
    race.add_argument(
        "--patience", type=at_least_one("number of measurements"), metavar="N",
        help="stop a run after N measurements without a better validation loss",
    )  # fmt: skip
    page = race.add_mutually_exclusive_group()
    page.add_argument(
        "--report", type=Path, metavar="FOLDER", help="where the page with all results goes, index.html (OUT/report)"
    )
    page.add_argument("--no-report", action="store_true", help="write no page")
    race.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        help="where results are kept: OUT/race and OUT/race.json (%(default)s)",
    )
    race.set_defaults(prepare=_race)


def _race(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.keeping.files import check_writable, keep_compiled
    from optzoo_jax.experiments.look.tables import in_terminal
    from optzoo_jax.experiments.methods.entries import select
    from optzoo_jax.experiments.methods.user_optimizer import user_entries
    from optzoo_jax.experiments.race.cell import Budget, cells
    from optzoo_jax.experiments.race.records import origin, records
    from optzoo_jax.experiments.race.statistics import in_short
    from optzoo_jax.experiments.race.store import load
    from optzoo_jax.experiments.report.standings import WIDTH, protocol, race_rows

    size = _SIZES[options.size or "usual"]
    words = [*options.names, *options.optimizers]
    own = user_entries(options.optimizer)
    problems = [load_problem(name) for name in dict.fromkeys(options.problem or size.problems)]
    entries = [*_able(select(words), problems, named=bool(words)), *own]
    budget = Budget(
        rates=options.rates or size.rates,
        seeds=options.seeds or size.seeds,
        steps=options.steps,
        batch_size=options.batch_size,
        schedule=options.schedule,
        gradient_noise=options.gradient_noise,
        patience=options.patience,
        share=size.share,
        timed=size.timed,
    )
    raced = cells(entries, problems, budget)
    out = options.out / "race.json"
    check_writable(out)
    folder = None if options.no_report else options.report or options.out / "report"
    if folder is not None:
        check_writable(folder / "index.html")
    kept = load(options.out / "race", raced)
    keep_compiled(options.out / "compiled")
    come_from = origin(problems, budget)

    def table(finished: list[dict[str, Any]]) -> Any:
        short = in_short({**come_from, "methods": finished})
        return in_terminal(race_rows(short), *protocol(short))

    return one_by_one(
        out,
        len(raced),
        lambda report: records(raced, kept, options.out / "race", report),
        lambda: come_from,
        table,
        width=WIDTH,
        draw=lambda document: _drawn(document, options.out, folder, entries, quick=options.size == "quick"),
        answer=lambda document: _answer(document, folder),
    )


def _answer(document: dict[str, Any], page: Path | None) -> str:
    from optzoo_jax.experiments.race.statistics import in_short
    from optzoo_jax.experiments.report.answer import answer

    return answer(in_short(document)) + ("" if page is None else f" Every run: {page / 'index.html'}")


def _drawn(document: dict[str, Any], out: Path, page: Path | None, entries: list[Entry], quick: bool) -> list[Path]:
    """A file that says it in few numbers, a picture, and the page where one is wanted.

    Args:
      document: what the race's file holds.
      out: the folder of the file and the picture.
      page: the folder of the page, None for none.
      entries: who took part.
      quick: whether fewer landscapes do.
    """
    from optzoo_jax.experiments.keeping.files import write
    from optzoo_jax.experiments.look.pictures import save
    from optzoo_jax.experiments.race.statistics import in_short
    from optzoo_jax.experiments.report import landscapes
    from optzoo_jax.experiments.report.page import write_report
    from optzoo_jax.experiments.report.race_picture import race_picture
    from optzoo_jax.experiments.terminal.progress import interruptible_progress

    short, picture = out / "race-summary.json", out / "race.png"
    with interruptible_progress(1 if page is None else 3) as report:
        report(picture.name, 0)
        write(short, in_short(document))
        save(race_picture(document["methods"], document["problems"]), picture)
        if page is None:
            return [short, picture]
        surfaces = landscapes.QUICK if quick else landscapes.SURFACES
        played = landscapes.section(entries, surfaces, lambda what, share: report(what, 1 + share))
        file = write_report(document, page, lambda what, share: report(what, 2 + share), more=[played])
        return [short, picture, file]


def _able(entries: list[Entry], problems: Sequence[Problem], named: bool) -> list[Entry]:
    """Those that can be trained on one of the problems."""
    names = [problem.name for problem in problems]
    unable = [entry for entry in entries if entry.problem not in (None, *names)]
    if unable and named:
        first = unable[0]
        raise ValueError(
            f"{first.name} cannot be trained on {' or '.join(names)}: leave it out, or race it on its own problem, "
            f"--problem {first.problem}."
        )
    return [entry for entry in entries if entry not in unable]


def _listed(meanings: dict[str, str]) -> str:
    width = max(map(len, meanings))
    return "\n".join(f"  {name:<{width}}  {meaning}" for name, meaning in meanings.items())
