"""One step taken apart: what enters and what leaves every part, and direction × rate = step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import optzoo_jax
from optzoo_jax.experiments.landscapes.bounds import bounds_of
from optzoo_jax.experiments.landscapes.stream import PHASES, gradients
from optzoo_jax.experiments.landscapes.watch import Stream, watch
from optzoo_jax.experiments.look.pictures import BRANCH, look
from optzoo_jax.experiments.methods.entries import Entry

_ROW = 0.98  # inches
_NOT_SHOWN = ("scale_by_learning_rate", "times_learning_rate", "negate", "identity")
GRADIENT = optzoo_jax.composition_of(optzoo_jax.identity()).flow.at()


class Signal(NamedTuple):
    """What flows from one panel to the next: a coordinate over time, and its unit, None where it is not known."""

    values: np.ndarray
    unit: Any


def anatomy(entry: Entry) -> Figure:
    """A panel for each part of a method, at its default learning rate, fed with `stream.gradients`.

    Args:
      entry: the method, one that `check_streams` lets through.
    """
    tx = entry.untuned(entry.learning_rate)
    gradient = Signal(gradients(), GRADIENT)
    direction, rate, after = _sections(watch(tx, gradient.values))
    branches = max(len(direction) + 1, len(rate)) if rate else 1
    height = _ROW * (branches + len(after)) + 1.25
    with look():
        figure = Figure(figsize=(8, height))
        cells = figure.add_gridspec(
            branches + len(after), 2,
            left=0.085, right=0.985, top=1 - 0.85 / height, bottom=0.45 / height, hspace=0.7, wspace=0.22,
        )  # fmt: skip
        figure.text(0.02, 1 - 0.1 / height, f"The anatomy of {entry.name}", fontsize=13, va="top")
        figure.text(0.02, 1 - 0.4 / height, optzoo_jax.in_words(tx), fontsize=8.5, va="top", family="monospace")
        figure.text(0.985, 1 - 0.15 / height, "grey: what came in", fontsize=8.5, va="top", ha="right", color="#808080")
        tall = min(3, branches - len(direction))
        first = figure.add_subplot(cells[:tall, 0] if rate else cells[0, :])
        _draw(first, gradient.values, "gradient [g], fed to both branches" if rate else "gradient [g]", "gradient")
        _mark_phases(first)
        for column, branch in enumerate((direction, rate)):
            signal = gradient
            for row, stream in enumerate(branch, start=branches - len(branch)):
                signal = _panel(figure.add_subplot(cells[row, column]), stream, signal)
        signal = Signal(np.zeros(0), None) if rate else gradient
        for row, stream in enumerate(after, start=branches):
            signal = _panel(figure.add_subplot(cells[row, :]), stream, signal)
        figure.axes[-1].set_xlabel("step")
        if rate:
            row = cells[branches - 1, :].get_position(figure)
            figure.text(0.515, (row.y0 + row.y1) / 2, "×", fontsize=20, ha="center", va="center")
    return figure


def check_streams(entry: Entry) -> None:
    """Raises ValueError for a method that asks a loss for its curvature, since a stream of gradients has none."""
    if entry.name in optzoo_jax.list_optimizers(kind="second-order optimizer"):
        raise ValueError(
            f"{entry.name} asks a loss for its curvature, and a stream of gradients has none: "
            f"optzoo landscape valley --optimizers {entry.name} shows its way over a surface."
        )


def _sections(streams: Sequence[Stream]) -> tuple[list[Stream], list[Stream], list[Stream]]:
    """The two branches of `precondition`, and what is outside of it, less the factors and signs before the end."""
    direction, rate, outside = ([s for s in streams if s.branch == branch] for branch in ("direction", "rate", ""))
    return direction, rate, [*(s for s in outside[:-1] if s.part.name not in _NOT_SHOWN), outside[-1]]


def _panel(axes: Axes, stream: Stream, came: Signal) -> Signal:
    """Draws what left a part over what came in, where both have the same units; returns what left."""
    part, values = stream.part, stream.values
    unit = part.flow.at() if came.unit is None else part.flow.at(came.unit)
    if unit == came.unit and len(came.values) and part.name != "identity":
        axes.plot(_steps(values), came.values, color=BRANCH["came in"], lw=1)
    _draw(axes, values, _title(stream, unit), stream.branch)
    if part.name == "clip_rate":
        low, high = bounds_of(part, len(values))
        axes.plot(_steps(values), part.called.arguments["learning_rate"] * came.values, color=BRANCH["came in"], lw=1)
        axes.fill_between(_steps(values), low, high, color=BRANCH["rate"], alpha=0.15, lw=0)
        axes.set(yscale="log", ylim=(low.min() / 2, high.max() * 2))
    return Signal(values, unit)


def _draw(axes: Axes, values: np.ndarray, title: str, branch: str) -> None:
    axes.plot(_steps(values), values, color=BRANCH[branch], lw=1.2)
    axes.set_title(title, loc="left", fontsize=8.5, color=BRANCH[branch], pad=3)
    axes.margins(x=0.01)
    axes.tick_params(length=2, labelsize=7)
    if values.min() > 0 and values.max() > 20 * values.min():
        axes.set_yscale("log")
    elif values.min() < 0 < values.max():
        axes.axhline(0, color="black", lw=0.4)


def _mark_phases(axes: Axes) -> None:
    axes.set_ylim(-1.9, 2.3)
    end = 0
    for name, length in PHASES.items():
        if end:
            axes.axvline(end + 0.5, color="black", lw=0.5, ls=":")
        axes.text(end + length / 2, 1.65, name, ha="center", fontsize=8, color="#444444")
        end += length


def _steps(values: np.ndarray) -> np.ndarray:
    return np.arange(1, len(values) + 1)


def _title(stream: Stream, unit: Any) -> str:
    part = stream.part
    if part.name == "precondition":
        return "step = direction × rate"
    if part.name in ("scale_by_learning_rate", "negate", "lookahead"):
        return "update [θ], which is added to the parameter"
    numbers = [f"{v:g}" for v in part.called.arguments.values() if type(v) in (float, int) and v]
    branch = f"{stream.branch}: " if stream.branch else ""
    return f"{branch}{part.name}({', '.join(numbers)})" + f"  {unit}"
