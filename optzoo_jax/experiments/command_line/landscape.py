"""The commands `optzoo landscape` and `optzoo anatomy`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.terminal.interrupt import INTERRUPTED

Report = Callable[[str, float], None]
_REDDI = "reddi"
_SURFACES = "beale, rosenbrock, saddle, himmelblau, rastrigin, styblinski-tang, valley, plateau"
_FIGURES = "sgd-and-momentum, look-ahead, window, abssig, closing-bounds, fast-and-slow"


def add_landscape(commands: Any) -> None:
    """Adds both to the subcommands of a parser."""
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
    landscape.set_defaults(prepare=_landscape)

    anatomy = commands.add_parser(
        "anatomy",
        help="draw what each part of an optimizer does, step by step",
        description="Draws what enters and leaves every part of a method, fed with gradients that are steady, then "
        "flip their sign, then are small: anatomy-NAME.png and .svg. Or a figure of the sources: NAME.png and .svg.",
    )
    anatomy.add_argument("name", metavar="NAME", help=f"a method, such as adabound; or a figure: {_FIGURES}")
    anatomy.set_defaults(prepare=_anatomy)

    for command in (landscape, anatomy):
        command.add_argument("--out", type=Path, default=Path("results"), help="a folder for pictures (%(default)s)")


def _landscape(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.arguments import unknown
    from optzoo_jax.experiments.landscapes.animation import animate
    from optzoo_jax.experiments.landscapes.online_picture import online_picture
    from optzoo_jax.experiments.landscapes.panels import page
    from optzoo_jax.experiments.landscapes.paths import walks
    from optzoo_jax.experiments.landscapes.still import still
    from optzoo_jax.experiments.landscapes.surfaces import SURFACES
    from optzoo_jax.experiments.look.pictures import FEATURED, save
    from optzoo_jax.experiments.methods.entries import select

    if options.surface == _REDDI:
        if options.optimizers:
            raise ValueError(f"{_REDDI} is about adam and amsgrad alone: leave out --optimizers.")
        return _pictures(options.out, _REDDI, online_picture)
    if options.surface not in SURFACES:
        unknown(f"no surface is called {options.surface!r}", options.surface, [*SURFACES, _REDDI])
    surface = SURFACES[options.surface]
    entries = select(options.optimizers)
    together = [entry.name for entry in entries] if options.optimizers else FEATURED
    moving, *stills, every = _files(options.out, surface.name, ".gif", ".png", ".svg", "-all.png")

    def draw(report: Report) -> None:
        done = len(entries)
        paths = list(walks(entries, surface, report))
        chosen = sorted((p for p in paths if p.name in together), key=lambda p: together.index(p.name))
        report(stills[0].name, done)
        save(still(surface, chosen), *stills)
        report(every.name, done + 1)
        save(page(surface, paths), every)
        animate(surface, chosen, moving, lambda share: report(moving.name, done + 2 + share))

    return lambda: _run(draw, len(entries) + 3, [moving, *stills, every])


def _anatomy(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.arguments import unknown
    from optzoo_jax.card import CARDS
    from optzoo_jax.experiments.landscapes.anatomy import anatomy, check_streams
    from optzoo_jax.experiments.landscapes.figures import FIGURES
    from optzoo_jax.experiments.methods.entries import default_names, select

    if options.name in FIGURES:
        return _pictures(options.out, options.name, FIGURES[options.name])
    try:
        entries = select([options.name])
    except ValueError:
        if "[" in options.name or options.name in CARDS:
            raise
        unknown(f"no method and no figure is called {options.name!r}", options.name, [*default_names(), *FIGURES])
    if len(entries) > 1:
        raise ValueError(
            f"{options.name!r} means {len(entries)} methods: draw one at a time, such as {entries[0].name}."
        )
    (entry,) = entries
    check_streams(entry)
    return _pictures(options.out, f"anatomy-{entry.name}", lambda: anatomy(entry))


def _pictures(out: Path, stem: str, draw: Callable[[], Any]) -> Callable[[], int]:
    """A run that draws one figure."""
    from optzoo_jax.experiments.look.pictures import save

    files = _files(out, stem, ".png", ".svg")

    def draw_and_save(report: Report) -> None:
        report(stem, 0)
        save(draw(), *files)

    return lambda: _run(draw_and_save, 1, files)


def _files(out: Path, stem: str, *endings: str) -> list[Path]:
    """Pictures to be, in a folder that can be written to."""
    from optzoo_jax.experiments.keeping.files import check_writable

    files = [out / f"{stem}{ending}" for ending in endings]
    for file in files:
        check_writable(file)
    return files


def _run(draw: Callable[[Report], None], total: int, files: list[Path]) -> int:
    from optzoo_jax.experiments.terminal.progress import interruptible_progress

    try:
        with interruptible_progress(total) as report:
            draw(report)
    except KeyboardInterrupt:
        print("Interrupted: not all pictures are saved.")
        return INTERRUPTED
    print(f"Saved {', '.join(map(str, files))}.")
    return 0
