"""Nesterov's look-ahead as vectors: study note, Figure 4 (after Hinton's lecture 6)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import optzoo_jax
from optzoo_jax.experiments.landscapes.map import draw_surface
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.look.pictures import look

_RATE, _MOMENTUM, _BEFORE = 0.0095, 0.9, 3
_CARRY, _GRADIENT, _STEP = "#E69F00", "#0072B2", "#009E73"


def look_ahead() -> Figure:
    """The next step of momentum and of NAG from the same point with the same m."""
    valley = surface("valley")
    slope = jax.grad(valley.f)
    tx = optzoo_jax.nag(_RATE, _MOMENTUM)
    ahead: Any = jnp.array(valley.starts[0])
    state = tx.init(ahead)
    for _ in range(_BEFORE):
        updates, state = tx.update(slope(ahead), state)
        ahead = optax.apply_updates(ahead, updates)
    here = optzoo_jax.base_point(ahead, state, learning_rate=_RATE, momentum=_MOMENTUM)
    with look():
        figure = Figure(figsize=(8, 4.1))
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, at, title in zip(
            panels, (here, ahead), ("momentum: the gradient here", "NAG: the gradient where −αβm leads"), strict=True
        ):
            draw_surface(axes, valley)
            _vectors(axes, *map(np.asarray, (here, ahead, -_RATE * slope(at))))
            axes.plot(*at, "o", ms=9, mfc="none", mec="black", zorder=6)
            axes.set_title(f"{title} (○)", loc="left")
            axes.axhline(0, color="black", lw=1, ls=":")
            axes.text(-4.07, 0.005, "the valley’s floor", ha="right", va="bottom", fontsize=8.5)
            axes.set(xlabel="x", xlim=(-4.32, -4.06), ylim=(-0.47, 0.05))
        panels[0].set_ylabel("y")
        for color, text, x in (
            (_CARRY, "−αβm: what the past carries on", 0.08),
            (_GRADIENT, "−αg: the correction", 0.44),
            (_STEP, "the step", 0.70),
        ):
            figure.text(x, 0.03, f"→ {text}", color=color, fontsize=10)
        figure.subplots_adjust(left=0.08, right=0.985, top=0.82, bottom=0.21, wspace=0.06)
        figure.suptitle("The same point, the same m: where the gradient is taken", x=0.08, ha="left", fontsize=13)
    return figure


def _vectors(axes: Axes, here: np.ndarray, ahead: np.ndarray, correction: np.ndarray) -> None:
    end = ahead + correction
    for start, stop, color in ((here, ahead, _CARRY), (ahead, end, _GRADIENT), (here, end, _STEP)):
        arrow = {"arrowstyle": "-|>", "color": color, "lw": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", tuple(stop), tuple(start), arrowprops=arrow)
