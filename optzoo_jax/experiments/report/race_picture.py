"""A race as a picture: what the learning rate does to each method, and how its best runs went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

from optzoo_jax.experiments.look.pictures import FEATURED, look, style

_OTHERS = "#c8c8c8"


def race_picture(records: Sequence[dict[str, Any]], problems: Mapping[str, Mapping[str, Any]]) -> Figure:
    """A row a problem: left, the validation error or loss at every rate; right, the fresh runs at the best rate.

    Thin lines and points are single runs, thick lines medians. Eight methods are in colour, all others in grey: those
    of `FEATURED`, where they took part.

    Args:
      records: of all methods and problems.
      problems: name → facts.
    """
    names = list(dict.fromkeys(record["name"] for record in records))
    shown = [*(n for n in FEATURED if n in names), *(n for n in names if n not in FEATURED)][: len(FEATURED)]
    raced = [name for name in problems if any(record["problem"] == name for record in records)]
    height = 2.5 * len(raced) + 0.9
    with look():
        figure = Figure(figsize=(8, height))
        rows = figure.subplots(len(raced), 2, squeeze=False)
        for (left, right), problem in zip(rows, raced, strict=True):
            of_it = [record for record in records if record["problem"] == problem]
            of_it.sort(key=lambda record: (record["name"] in shown, record["name"]))
            score = of_it[0]["score"]
            for record in of_it:
                _sensitivity(left, record, shown)
                _curves(right, record, shown)
            left.set_title(problems[problem]["title"], loc="left")
            left.set_xscale("log")
            left.set_ylabel("validation loss" if score == "loss" else "validation error")
            target = _low(of_it[0]["target"], score)
            right.axhline(target, color="#444444", lw=0.6)
            right.annotate(
                "target ", (1, target), xycoords=("axes fraction", "data"), fontsize=7, ha="right", va="bottom"
            )
            for axes in (left, right):
                axes.set_yscale("log")
                axes.set_ylim(*_limits(of_it, score))
                axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
                axes.yaxis.set_minor_locator(NullLocator())
        rows[-1][0].set_xlabel("learning rate: every run on the tuning seeds")
        rows[-1][1].set_xlabel("step: fresh seeds at the best rate")
        handles = [_line(name) for name in shown]
        if len(shown) < len(names):
            handles.append(Line2D([], [], color=_OTHERS, lw=1.5, label=f"{len(names) - len(shown)} others"))
        figure.legend(handles=handles, ncols=5, loc="lower center", handlelength=3)
        figure.subplots_adjust(
            left=0.085, right=0.985, top=1 - 0.3 / height, bottom=0.95 / height, hspace=0.35, wspace=0.16
        )
    return figure


def _sensitivity(axes: Axes, record: dict[str, Any], shown: Sequence[str]) -> None:
    name = f"validation_{record['score']}"
    if record["name"] in shown:
        axes.plot(
            [run["learning_rate"] for run in record["runs"]],
            [_low(run[name], record["score"]) for run in record["runs"]],
            style(record["name"]).marker,
            color=style(record["name"]).color,
            ms=2.5,
            alpha=0.35,
            lw=0,
        )
    medians = [
        np.median([_low(run[name], record["score"]) for run in record["runs"] if run["learning_rate"] == rate])
        for rate in record["learning_rates"]
    ]
    axes.plot(record["learning_rates"], medians, **_drawn(record["name"], shown))


def _curves(axes: Axes, record: dict[str, Any], shown: Sequence[str]) -> None:
    score = record["score"]
    runs = [[_low(x, score) for x in run[f"validation_{score}_curve"]] for run in record["tuned"]]
    if record["name"] in shown:
        for run in runs:
            axes.plot(record["checkpoints"], run, color=style(record["name"]).color, lw=0.4, alpha=0.5)
    axes.plot(record["checkpoints"], np.median(runs, axis=0), **_drawn(record["name"], shown))


def _limits(records: Sequence[dict[str, Any]], score: str) -> tuple[float, float]:
    """From the best of all runs to the worst first measurement of a tuned one: runs that blew up would squeeze it.

    Where all did, from a tenth to 1.
    """
    curves = [run[f"validation_{score}_curve"] for record in records for run in record["tuned"]]
    least = min((_low(x, score) for curve in curves for x in curve if x is not None), default=0.1)
    most = max((_low(curve[0], score) for curve in curves if curve[0] is not None), default=1.0)
    return least / 1.15, most * 1.15


def _drawn(name: str, shown: Iterable[str]) -> dict[str, Any]:
    if name not in shown:
        return {"color": _OTHERS, "lw": 0.8, "zorder": 1}
    chosen = style(name)
    return {"color": chosen.color, "ls": chosen.line, "lw": 1.5, "zorder": 3}


def _line(name: str) -> Line2D:
    chosen = style(name)
    return Line2D([], [], color=chosen.color, ls=chosen.line, marker=chosen.marker, ms=3.5, lw=1.5, label=name)


def _low(x: float | None, score: str) -> float:
    """The lower, the better; 1 in 1,000 stands for no error at all, which has no logarithm."""
    if x is None:
        return np.nan
    return x if score == "loss" else max(1 - x, 1e-3)
