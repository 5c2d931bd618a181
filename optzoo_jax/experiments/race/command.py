"""`optzoo race`: its arguments, and what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optzoo_jax.experiments.one_by_one import one_by_one
from optzoo_jax.experiments.options import at_least_one, batch_size, variance
from optzoo_jax.experiments.problems import PROBLEMS, load_problem

if TYPE_CHECKING:
    from optzoo_jax.experiments.entries import Entry

_DEFAULT = "digits-mlp"
_EPILOG = f"""\
problems:
{{problems}}
{_DEFAULT} has a guest: newton, of second order, runs on logistic at its side.

schedules, whose peak is the learning rate:
{{schedules}}
"""


def add_race(commands: Any) -> None:
    """Adds the command to those of a parser."""
    from optzoo_jax.experiments.training.schedules import SCHEDULES

    race = commands.add_parser(
        "race",
        help="train every optimizer on a real problem and compare them",
        description="Train optimizers on a real problem, each at the same number of learning rates, and compare them.",
        epilog=_EPILOG.format(problems=_listed(PROBLEMS), schedules=_listed(SCHEDULES)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    race.add_argument("names", nargs="*", metavar="NAME", help="such as adam, 'ada*' or 'radam[torch]'; default: all")
    race.add_argument("--optimizers", nargs="+", default=[], metavar="NAME", help="more names")
    race.add_argument(
        "--optimizer", action="append", default=[], metavar="MODULE:FACTORY@RATE",
        help="one of your own, which joins them: a function from the learning rate to an optax transformation, and the "
        "middle of its learning rates (else the default of its first argument); such as optax:lion@1e-4",
    )  # fmt: skip
    race.add_argument("--problem", default=_DEFAULT, metavar="NAME", help="what is trained (%(default)s)")
    race.add_argument("--schedule", default="constant", metavar="NAME", help="of the learning rate (%(default)s)")
    race.add_argument(
        "--steps", type=at_least_one("number of steps"), help="of training (the problem's: 400 for digits-mlp)"
    )
    race.add_argument("--rates", type=at_least_one("number of rates"), default=5, help="learning rates for each (5)")
    race.add_argument("--seeds", type=at_least_one("number of seeds"), default=3, help="runs at every rate (3)")
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
    race.add_argument("--out", type=Path, default=Path("results/race.json"), help="where results go (%(default)s)")
    race.set_defaults(prepare=_race)


def _race(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.entries import select
    from optzoo_jax.experiments.race.race import Budget, race
    from optzoo_jax.experiments.race.table import race_table
    from optzoo_jax.experiments.results import check_writable, provenance
    from optzoo_jax.experiments.training.schedules import schedule
    from optzoo_jax.experiments.training.trainer import examples_a_step
    from optzoo_jax.experiments.user_optimizer import user_entry

    words = [*options.names, *options.optimizers]
    own = [user_entry(text) for text in options.optimizer]
    entries = [*_able(select(words), options.problem, named=bool(words)), *own]
    chosen = load_problem(options.problem)
    budget = Budget(
        steps=options.steps or chosen.steps,
        rates=options.rates,
        seeds=options.seeds,
        batch_size=examples_a_step(chosen, options.batch_size or chosen.batch_size),
        schedule=options.schedule,
        gradient_noise=options.gradient_noise,
        patience=options.patience,
    )
    schedule(budget.schedule, budget.steps)
    check_writable(options.out)

    return one_by_one(
        options.out,
        len(entries),
        lambda report: race(entries, chosen, budget, report),
        lambda: provenance(chosen, budget),
        lambda methods: race_table(methods, chosen, budget),
        width=80,
    )


def _able(entries: list[Entry], chosen: str, named: bool) -> list[Entry]:
    """Those that can be trained on a problem, or are guests of it."""
    unable = [e for e in entries if e.problem not in (None, chosen)] if chosen != _DEFAULT else []
    if unable and named:
        first = unable[0]
        raise ValueError(
            f"{first.name} cannot be trained on {chosen}: leave it out, or race it on its own problem, "
            f"--problem {first.problem}."
        )
    return [e for e in entries if e not in unable]


def _listed(meanings: dict[str, str]) -> str:
    width = max(map(len, meanings))
    return "\n".join(f"  {name:<{width}}  {meaning}" for name, meaning in meanings.items())
