"""`optzoo landscape`: the ways of methods over a surface, in pictures."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.command_line.drawing import Report, add_out, drawing, drawing_one, files_in

_REDDI = "reddi"
_SURFACES = "beale, rosenbrock, saddle, himmelblau, rastrigin, styblinski-tang, valley, plateau"


def add_landscape(commands: Any) -> None:
    """Adds the command to those of a parser."""
    landscape = commands.add_parser(
        "landscape",
        help="draw the paths of optimizers over a surface",
        description="Draws paths over a surface: NAME.gif (from one start), NAME.png and .svg (from four starts), and "
        "NAME-all.png (a panel a method).",
        epilog="Each method tries 13 learning rates at half decades around its default; shown is the one whose f is "
        "the lowest most often, over all steps and starts. The pictures say which.",
    )
    landscape.add_argument(
        "surface", metavar="NAME", help=f"{_SURFACES}; or {_REDDI}, the online problem on which Adam does not converge"
    )
    landscape.add_argument(
        "--optimizers", nargs="+", default=[], metavar="NAME",
        help="such as adam, 'ada*' or 'radam[torch]'; default: eight in one picture, all in small panels",
    )  # fmt: skip
    landscape.add_argument(
        "--play", action="store_true", help="also write NAME.html, in which they play, with a map of where each arrives"
    )
    add_out(landscape)
    landscape.set_defaults(prepare=_landscape)


def _landscape(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.landscapes.animation import animate
    from optzoo_jax.experiments.landscapes.online_picture import online_picture
    from optzoo_jax.experiments.landscapes.panels import panels
    from optzoo_jax.experiments.landscapes.paths import walks
    from optzoo_jax.experiments.landscapes.player import page, played
    from optzoo_jax.experiments.landscapes.still import still
    from optzoo_jax.experiments.landscapes.surfaces import SURFACES
    from optzoo_jax.experiments.look.pictures import FEATURED, save
    from optzoo_jax.experiments.methods.entries import select

    name = known("no surface is called", options.surface, [*SURFACES, _REDDI])
    if name == _REDDI:
        if options.optimizers:
            raise ValueError(f"{_REDDI} is about adam and amsgrad alone: leave out --optimizers.")
        if options.play:
            raise ValueError(f"{_REDDI} is of one dimension, and nothing plays there: leave out --play.")
        return drawing_one(options.out, _REDDI, online_picture)
    surface, entries = SURFACES[name], select(options.optimizers)
    together = [entry.name for entry in entries] if options.optimizers else FEATURED
    moving, *stills, every = files_in(options.out, surface.name, ".gif", ".png", ".svg", "-all.png")
    pages = files_in(options.out, surface.name, ".html") if options.play else []
    playing = [entry for entry in entries if entry.name in together]

    def draw(report: Report) -> None:
        done = len(entries)
        paths = list(walks(entries, surface, report))
        chosen = sorted((p for p in paths if p.name in together), key=lambda p: together.index(p.name))
        report(stills[0].name, done)
        save(still(surface, chosen), *stills)
        report(every.name, done + 1)
        save(panels(surface, paths), every)
        animate(surface, chosen, moving, lambda share: report(moving.name, done + 2 + share))
        for file in pages:
            found = played(playing, [surface], lambda what, walks: report(what, done + 3 + walks))
            file.write_text(page(found), encoding="utf-8")

    return drawing(draw, len(entries) + 3 + len(pages) * len(playing), [moving, *stills, every, *pages])
