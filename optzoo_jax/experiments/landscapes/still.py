"""All starts side by side, several methods in each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from optzoo_jax.experiments.landscapes.map import draw_paths, draw_start, draw_surface, footnote, handle
from optzoo_jax.experiments.landscapes.paths import Path
from optzoo_jax.experiments.landscapes.surfaces import Surface
from optzoo_jax.experiments.look.pictures import look


def still(surface: Surface, paths: Sequence[Path]) -> Figure:
    """A panel a start, every method's path in each.

    Args:
      surface: under them.
      paths: of few enough methods to be told apart.
    """
    with look():
        figure = Figure(figsize=(8, 6.2))
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for i, axes in enumerate(panels.flat):
            draw_surface(axes, surface)
            draw_paths(axes, paths, i)
            draw_start(axes, surface.starts[i])
            axes.xaxis.set_major_locator(MaxNLocator(7, prune="both"))
            axes.set_title("from ({:g}, {:g})".format(*surface.starts[i]), loc="left")
        for axes in panels[-1]:
            axes.set_xlabel("x")
        for axes in panels[:, 0]:
            axes.set_ylabel("y")
        rows = int(np.ceil(len(paths) / 4))
        bottom = 0.165 + 0.036 * rows
        figure.subplots_adjust(left=0.075, right=0.985, top=0.895, bottom=bottom, hspace=0.17, wspace=0.06)
        figure.suptitle(f"{surface.title}: {surface.steps} steps from four starts (○)", x=0.075, ha="left", fontsize=13)
        figure.legend(handles=[handle(p) for p in paths], ncols=4, loc="lower center", bbox_to_anchor=(0.52, 0.085))
        figure.text(0.075, 0.012, f"{footnote(paths)}\n★ minima: {surface.source}.", fontsize=8, color="#444444")
    return figure
