"""`optzoo bench`: its arguments, and what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.arguments.numbers import at_least_one
from optzoo_jax.experiments.command_line.one_by_one import one_by_one


def add_bench(commands: Any) -> None:
    """Adds the command to those of a parser."""
    bench = commands.add_parser(
        "bench",
        help="measure what a step costs, beside optax's, torch's and the memory floor",
        description="Times compiled steps, in turns with optax's, with torch's where it is installed, and with a copy. "
        "Without names it takes some minutes.",
    )
    bench.add_argument(
        "names", nargs="*", metavar="NAME", help="such as adam, 'ada*' or 'pack(adam)'; default: those that tell most"
    )
    bench.add_argument(
        "--trees",
        nargs="+",
        default=["array", "gpt2", "many"],
        metavar="TREE",
        help="parameters: array (one), gpt2 (the 148 arrays of GPT-2), many (1,000 small arrays); default: all three",
    )
    bench.add_argument(
        "--size",
        type=at_least_one("size"),
        help="about how many parameters array and gpt2 have (124,439,808, as GPT-2 small; on a CPU 8,943,488)",
    )
    bench.add_argument("--out", type=Path, default=Path("results/bench.json"), help="where results go (%(default)s)")
    bench.set_defaults(prepare=_bench)


def _bench(options: argparse.Namespace) -> Callable[[], int]:
    import jax

    from optzoo_jax.experiments.bench.in_torch import torch_version
    from optzoo_jax.experiments.bench.picture import bench_picture
    from optzoo_jax.experiments.bench.rows import bench_all, bench_rows
    from optzoo_jax.experiments.bench.subjects import plan
    from optzoo_jax.experiments.bench.trees import TREES, gpt2, size_of
    from optzoo_jax.experiments.keeping.files import check_writable
    from optzoo_jax.experiments.keeping.provenance import machine
    from optzoo_jax.experiments.look.pictures import save
    from optzoo_jax.experiments.look.tables import in_terminal

    for tree in options.trees:
        known("no tree is called", tree, TREES)
    chosen = plan(options.names, options.trees)
    check_writable(options.out)
    size = options.size or size_of(gpt2(128 if jax.default_backend() == "cpu" else 768))

    def draw(document: dict[str, Any]) -> list[Path]:
        file = options.out.with_suffix(".png")
        save(bench_picture(document["rows"]), file)
        return [file]

    return one_by_one(
        options.out,
        len(chosen),
        lambda report: bench_all(chosen, size, report),
        lambda: {"provenance": {**machine(), "torch": torch_version(), "size": size}},
        lambda found: in_terminal(bench_rows(found)),
        width=130,
        draw=draw,
        things="rows",
    )
