"""What was measured, as a picture: steps beside the floor, and compilation beside optax's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from optzoo_jax.experiments.bench.rows import arrays
from optzoo_jax.experiments.look.pictures import look

_OURS, _OPTAX = "#0072B2", "#D55E00"
_FORMATS, _LINES = ("#000000", "#E69F00", "#0072B2", "#D55E00"), ("-", "--", ":", "-.")


def bench_picture(methods: Sequence[dict[str, Any]]) -> Figure:
    """A panel of steps for each tree, and one of compilation.

    Args:
      methods: what `bench` found of each.
    """
    trees = list(methods[0]["steps"])
    panels = len(trees) + bool(methods[0]["compilation"])
    height = 0.2 * len(methods) + 1.3
    with look():
        figure = Figure(figsize=(8, height))
        columns = np.atleast_1d(figure.subplots(1, max(1, panels), sharey=True))
        for axes, tree in zip(columns, trees, strict=False):
            _steps(axes, [m["steps"][tree] for m in methods])
        if methods[0]["compilation"]:
            _compilation(columns[-1], methods)
        columns[0].set_yticks(range(len(methods)), [m["name"] for m in methods])
        columns[0].set_ylim(len(methods) - 0.4, -0.6)
        figure.subplots_adjust(left=0.14, right=0.985, top=1 - 0.75 / height, bottom=0.45 / height, wspace=0.08)
        figure.text(0.14, 1 - 0.12 / height, "● optzoo_jax", color=_OURS, fontsize=10, va="top")
        figure.text(0.28, 1 - 0.12 / height, "○ optax", color=_OPTAX, fontsize=10, va="top")
        figure.text(0.37, 1 - 0.12 / height, "medians and quartiles; the floor: moving the memory once", va="top")
    return figure


def states_picture(found: Sequence[dict[str, Any]]) -> Figure:
    """Validation loss against the step for each problem and optimizer: every run a line, a colour a format."""
    problems = list(dict.fromkeys(x["problem"] for x in found))
    optimizers = list(dict.fromkeys(x["optimizer"] for x in found))
    formats = list(dict.fromkeys(x["format"] for x in found))
    with look():
        figure = Figure(figsize=(8, 1.1 + 2.0 * len(optimizers)))
        panels = figure.subplots(len(optimizers), len(problems), sharex="col", sharey="col", squeeze=False)
        for x in found:
            axes = panels[optimizers.index(x["optimizer"]), problems.index(x["problem"])]
            i = formats.index(x["format"])
            for curve in x["validation_loss_curves"]:
                axes.plot(x["checkpoints"], _numbers(curve), _LINES[i], color=_FORMATS[i], lw=1, alpha=0.8)
        for problem, top, bottom in zip(problems, panels[0], panels[-1], strict=True):
            top.set_title(problem, loc="left")
            bottom.set_xlabel("step")
        for optimizer, row in zip(optimizers, panels, strict=True):
            row[0].set_ylabel(f"{optimizer}: validation loss")
        handles = [Line2D([], [], color=_FORMATS[i], ls=_LINES[i], label=f) for i, f in enumerate(formats)]
        figure.legend(handles=handles, ncols=len(formats), loc="upper left", bbox_to_anchor=(0.07, 0.995))
        figure.subplots_adjust(left=0.11, right=0.985, top=0.87, bottom=0.1, hspace=0.25, wspace=0.3)
    return figure


def _numbers(curve: Sequence[float | None]) -> list[float]:
    return [np.nan if x is None else x for x in curve]


def _steps(axes: Axes, found: Sequence[dict[str, Any]]) -> None:
    for y, x in enumerate(found):
        for side, color, marker, face in (("optax", _OPTAX, "o", "none"), ("ours", _OURS, "o", _OURS)):
            if side in x:
                low, median, high = (t / x["floor_milliseconds"] for t in x[side]["milliseconds"])
                axes.plot([low, high], [y, y], color=color, lw=1)
                axes.plot(median, y, marker, color=color, mfc=face, ms=5)
    axes.axvline(1, color="black", lw=0.6)
    axes.set(xscale="log", xlabel="× the floor")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title(f"step, {arrays(found[0]['arrays'])}", loc="left")
    axes.grid(axis="y", lw=0.3)


def _compilation(axes: Axes, methods: Sequence[dict[str, Any]]) -> None:
    """Until the first step, over optax's time: one mark for each number of arrays."""
    counts = list(methods[0]["compilation"])
    for marker, count in zip("^sDPX", counts, strict=False):
        ratios = [
            sum(found["ours"].values()) / sum(found["optax"].values()) if "optax" in found else np.nan
            for found in (m["compilation"][count] for m in methods)
        ]
        axes.plot(ratios, range(len(methods)), marker, color=_OURS, ms=5, mec="white", mew=0.5, label=count)
    axes.axvline(1, color="black", lw=0.6)
    axes.set(xlabel="× optax, until the first step")
    axes.set_title("compilation, by arrays", loc="left")
    # Above the title: among the marks it would hide some.
    above = (1, 1 + 1.1 / len(methods))  # a row and a half
    axes.legend(
        fontsize=8, ncols=len(counts), handletextpad=0, columnspacing=0.6, loc="lower right", bbox_to_anchor=above
    )
    axes.grid(axis="y", lw=0.3)
