"""AdaBound's bounds, which close on one rate for all: from Adam to SGD."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import optzoo_jax
from optzoo_jax.experiments.landscapes.bounds import bounds_of
from optzoo_jax.experiments.landscapes.watch import Stream, watch
from optzoo_jax.experiments.look.pictures import BRANCH, COLORS, look

_STEPS = 30_000
_SIZES = (1.0, 0.01, 0.0003)


def closing_bounds() -> Figure:
    """The rates of three coordinates, whose gradients are of different sizes, before and after the bounds."""
    shown = np.unique(np.geomspace(1, _STEPS, 500).astype(int)) - 1
    steps = shown + 1
    free, bounded = rates()
    low, high = (bound[shown] for bound in bounds_of(bounded.part, _STEPS))
    with look():
        figure = Figure(figsize=(8, 4))
        axes = figure.add_subplot()
        axes.fill_between(steps, low, high, color=BRANCH["rate"], alpha=0.15, lw=0)
        for i, (size, color) in enumerate(zip(_SIZES, (COLORS[5], COLORS[3], COLORS[6]), strict=True)):
            axes.plot(steps, free.values[shown, i] * bounded.part.arguments["learning_rate"], "--", color=color, lw=1)
            axes.plot(steps, bounded.values[shown, i], color=color, lw=1.8, label=f"gradients of size {size:g}")
        axes.set(xscale="log", yscale="log", xlabel="step", ylim=(5e-4, 30), xlim=(1, _STEPS))
        axes.set_title("rate of a coordinate; dashed: without the bounds (shaded)", loc="left")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.13))
        figure.subplots_adjust(left=0.075, right=0.985, top=0.83, bottom=0.12)
        figure.suptitle("AdaBound: every rate ends at final_learning_rate = 0.1", x=0.075, ha="left", fontsize=13)
    return figure


def rates(steps: int = _STEPS) -> tuple[Stream, Stream]:
    """The rates of `adabound(1e-3)` before its bounds (without the learning rate) and after them.

    Args:
      steps: how many.
    """
    g = np.random.default_rng(0).standard_normal((steps, 1)) * np.array(_SIZES)
    streams = [s for s in watch(optzoo_jax.adabound(1e-3), g) if s.branch == "rate"]
    return streams[-2], streams[-1]
