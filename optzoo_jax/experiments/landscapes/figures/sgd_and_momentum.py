"""SGD against momentum in a valley: survey, Figure 1."""

from __future__ import annotations

import dataclasses

import numpy as np
from matplotlib.figure import Figure

from optzoo_jax.experiments.landscapes.map import draw_path, draw_start, draw_surface
from optzoo_jax.experiments.landscapes.paths import Path, walk
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.look.pictures import look
from optzoo_jax.experiments.methods.entries import entry

# Almost 2/50, where SGD begins to diverge; momentum as an average, whose step is as long as SGD's.
_RATE = 0.039
_STEPS = 40


def sgd_and_momentum() -> Figure:
    """Both at the same rate, a little below the largest that SGD can bear."""
    valley = dataclasses.replace(surface("valley"), steps=_STEPS)
    with look():
        figure = Figure(figsize=(8, 4.6))
        panels = figure.subplots(2, 1, sharex=True)
        for axes, name in zip(panels, ("sgd", "ema_momentum"), strict=True):
            xy, f = walk(entry(name), valley, [_RATE])
            path = Path(name, _RATE, False, xy[0], f[0])
            draw_surface(axes, valley)
            draw_path(axes, path, 0, width=1.5)
            draw_start(axes, valley.starts[0])
            axes.set_title(f"{name}: crosses the floor {crossings(xy[0, 0])} times", loc="left")
            axes.set_ylabel("y")
        panels[-1].set_xlabel("x")
        figure.subplots_adjust(left=0.08, right=0.985, top=0.85, bottom=0.1, hspace=0.25)
        figure.suptitle(
            f"{_STEPS} steps in a valley, both at the learning rate {_RATE}", x=0.08, ha="left", fontsize=13
        )
    return figure


def crossings(xy: np.ndarray) -> int:
    """How often a path (steps, 2) changes the side of y = 0."""
    return int(np.sum(np.diff(np.sign(xy[:, 1])) != 0))
