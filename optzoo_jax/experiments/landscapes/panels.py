"""Small multiples: a panel a method."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from optzoo_jax.experiments.landscapes.map import draw_path, draw_start, draw_surface, footnote, label
from optzoo_jax.experiments.landscapes.paths import Path
from optzoo_jax.experiments.landscapes.surfaces import Surface
from optzoo_jax.experiments.look.pictures import look

_COLUMNS = 5


def panels(surface: Surface, paths: Sequence[Path]) -> Figure:
    """A panel a method, its paths from all starts in each.

    Args:
      surface: under them.
      paths: of any number of methods.
    """
    rows = math.ceil(len(paths) / _COLUMNS)
    height = 1.35 * rows + 1.2
    with look():
        figure = Figure(figsize=(8, height))
        grid = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False)
        for axes, path in zip(grid.flat, paths, strict=False):
            draw_surface(axes, surface, contours=6)
            for i, start in enumerate(surface.starts):
                draw_start(axes, start, size=4)
                draw_path(axes, path, i, width=1.0)
            axes.set_title(label(path).replace(", ", "\n"), fontsize=8, loc="left", pad=3)
            axes.tick_params(labelsize=6, length=2)
        for axes in grid.flat[len(paths) :]:
            axes.remove()
        figure.subplots_adjust(
            left=0.045, right=0.985, top=1 - 0.75 / height, bottom=0.72 / height, hspace=0.28, wspace=0.08
        )
        figure.suptitle(
            f"{surface.title}: {surface.steps} steps from four starts (○)",
            x=0.045, y=1 - 0.18 / height, va="top", ha="left", fontsize=13,
        )  # fmt: skip
        figure.text(0.045, 0.12 / height, footnote(paths), fontsize=8, color="#444444")
    return figure
