"""`optzoo anatomy`: what each part of a method does, or a figure of the sources, as a picture."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from optzoo_jax import list_optimizers
from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.command_line.drawing import add_out, drawing_one

_FIGURES = "sgd-and-momentum, look-ahead, window, abssig, closing-bounds, fast-and-slow"


def add_anatomy(commands: Any) -> None:
    """Adds the command to those of a parser."""
    anatomy = commands.add_parser(
        "anatomy",
        help="draw what each part of an optimizer does, step by step",
        description="Draws what enters and leaves every part of a method, fed with gradients that are steady, then "
        "flip their sign, then are small: anatomy-NAME.png and .svg. Or a figure of the sources: NAME.png and .svg.",
    )
    anatomy.add_argument("name", metavar="NAME", help=f"a method, such as adabound; or a figure: {_FIGURES}")
    add_out(anatomy)
    anatomy.set_defaults(prepare=_anatomy)


def _anatomy(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.landscapes.anatomy import anatomy, check_streams
    from optzoo_jax.experiments.landscapes.figures import FIGURES
    from optzoo_jax.experiments.methods.entries import default_names, select

    if options.name in FIGURES:
        return drawing_one(options.out, options.name, FIGURES[options.name])
    try:
        entries = select([options.name])
    except ValueError:
        if "[" not in options.name and options.name not in list_optimizers():
            known("no method and no figure is called", options.name, [*default_names(), *FIGURES])
        raise
    if len(entries) > 1:
        raise ValueError(
            f"{options.name!r} means {len(entries)} methods: draw one at a time, such as {entries[0].name}."
        )
    (entry,) = entries
    check_streams(entry)
    return drawing_one(options.out, f"anatomy-{entry.name}", lambda: anatomy(entry))
