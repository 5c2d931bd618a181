"""The commands `optzoo bench`, `bench-precision`, `bench-sweep` and `bench-states`."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.arguments.numbers import at_least_one
from optzoo_jax.experiments.command_line.one_by_one import one_by_one


def add_bench(commands: Any) -> None:
    """Adds them to the subcommands of a parser."""
    bench = commands.add_parser("bench", help="measure what a step costs, beside optax's and the memory floor")
    bench.add_argument("names", nargs="*", metavar="NAME", help="such as adam or 'ada*'; default: all first-order ones")
    bench.add_argument(
        "--trees",
        nargs="*",
        default=["array", "transformer"],
        metavar="TREE",
        help="parameters to time steps on: array, transformer (150 arrays), tiny (2,000 arrays; compiles for minutes); "
        "default: array transformer",
    )
    bench.add_argument("--size", type=at_least_one("size"), default=2**24, help="how many parameters these have (2^24)")
    bench.add_argument(
        "--leaves",
        type=at_least_one("number of leaves"),
        nargs="*",
        default=[10, 100, 1000],
        help="arrays to time compilation for (10 100 1000)",
    )
    bench.add_argument("--repeats", type=at_least_one("number of repeats"), default=15, help="steps timed (15)")
    _add_out(bench, "bench")
    bench.set_defaults(prepare=_bench)

    precision = commands.add_parser("bench-precision", help="measure what float32 costs in digits, beside optax")
    precision.add_argument("--steps", type=at_least_one("number of steps"), default=10_000, help="of training (10000)")
    precision.add_argument(
        "--coordinates", type=at_least_one("number of coordinates"), default=500, help="of the gradients (500)"
    )
    _add_out(precision, "precision")
    precision.set_defaults(prepare=_precision)

    sweep = commands.add_parser("bench-sweep", help="measure a sweep beside the usual ways through many settings")
    sweep.add_argument(
        "--settings",
        type=at_least_one("number of settings"),
        nargs="+",
        default=[16, 64, 256],
        help="learning rates, several numbers of them (16 64 256)",
    )
    sweep.add_argument("--steps", type=at_least_one("number of steps"), default=200, help="of training (200)")
    _add_out(sweep, "sweep")
    sweep.set_defaults(prepare=_sweep)

    states = commands.add_parser("bench-states", help="train with compressed states beside float32 ones")
    states.add_argument(
        "--problems",
        nargs="+",
        default=["digits-mlp", "mnist-cnn", "transformer"],
        metavar="PROBLEM",
        help="default: digits-mlp mnist-cnn transformer",
    )
    states.add_argument("--steps", type=at_least_one("number of steps"), default=200, help="of training (200)")
    states.add_argument("--seeds", type=at_least_one("number of seeds"), default=5, help="runs of each (5)")
    _add_out(states, "states")
    states.set_defaults(prepare=_states)


def _add_out(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument("--out", type=Path, default=Path(f"results/{name}.json"), help="where results go (%(default)s)")


def _bench(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.bench.methods import bench_all
    from optzoo_jax.experiments.bench.picture import bench_picture
    from optzoo_jax.experiments.bench.rows import BENCH_NOTE, bench_rows
    from optzoo_jax.experiments.bench.subjects import pairs
    from optzoo_jax.experiments.bench.trees import TREES

    chosen = pairs(options.names)
    for tree in options.trees:
        known("no tree is called", tree, TREES)
    settings = {name: getattr(options, name) for name in ("trees", "size", "leaves", "repeats")}
    measure = functools.partial(bench_all, chosen)
    return _measured(options, settings, len(chosen), measure, bench_rows, BENCH_NOTE, bench_picture)


def _precision(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.bench.precision import COUNT, precision
    from optzoo_jax.experiments.bench.rows import precision_rows

    settings = {"steps": options.steps, "coordinates": options.coordinates}
    return _measured(options, settings, COUNT, precision, precision_rows)


def _sweep(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.bench.rows import sweep_rows
    from optzoo_jax.experiments.bench.sweeps import COUNT, sweeps

    return _measured(options, {"settings": options.settings, "steps": options.steps}, COUNT, sweeps, sweep_rows)


def _states(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.bench.picture import states_picture
    from optzoo_jax.experiments.bench.rows import state_rows
    from optzoo_jax.experiments.bench.small_states import RATES, count, small_states

    for name in options.problems:
        known("there is no rate for the problem", name, RATES)
    settings = {"problems": options.problems, "steps": options.steps, "seeds": options.seeds}

    return _measured(options, settings, count(options.problems), small_states, state_rows, picture=states_picture)


def _measured(
    options: argparse.Namespace,
    settings: dict[str, Any],
    total: int,
    measure: Callable[..., Any],
    rows: Callable[[list[dict[str, Any]]], Any],
    note: str = "",
    picture: Callable[[list[dict[str, Any]]], Any] | None = None,
) -> Callable[[], int]:
    from optzoo_jax.experiments.keeping.files import check_writable
    from optzoo_jax.experiments.keeping.provenance import machine
    from optzoo_jax.experiments.look.pictures import save
    from optzoo_jax.experiments.look.tables import in_terminal

    check_writable(options.out)

    def draw(document: dict[str, Any]) -> list[Path]:
        if picture is None:
            return []
        file = options.out.with_suffix(".png")
        save(picture(document["methods"]), file)
        return [file]

    return one_by_one(
        options.out,
        total,
        lambda report: measure(report, **settings),
        lambda: {"provenance": {**machine(), **settings}},
        lambda found: in_terminal(rows(found), note),
        width=100,
        draw=draw,
    )
