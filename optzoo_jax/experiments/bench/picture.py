"""What was measured, as a picture: steps over the memory floor, a panel a tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from optzoo_jax.experiments.look.pictures import look

_SIDES = {"torch": ("#009E73", "x", "none"), "optax": ("#D55E00", "o", "none"), "ours": ("#0072B2", "o", "#0072B2")}
_WORDS = {"ours": "● optzoo_jax", "optax": "○ optax", "torch": "× torch"}


def bench_picture(found: Sequence[dict[str, Any]]) -> Figure:
    """Medians and quartiles of every method, beside optax's and torch's where these were measured.

    Args:
      found: what `bench` found of each method on each tree.
    """
    measured = [x for x in found if "error" not in x]
    names, trees = ([*dict.fromkeys(x[key] for x in measured)] for key in ("name", "tree"))
    height = 0.2 * len(names) + 1.2
    with look():
        figure = Figure(figsize=(8, height))
        panels = figure.subplots(1, max(1, len(trees)), sharey=True, squeeze=False)[0]
        for axes, tree in zip(panels, trees, strict=False):
            for x in (x for x in measured if x["tree"] == tree):
                y = names.index(x["name"])
                for side, (color, marker, face) in ((s, how) for s, how in _SIDES.items() if s in x):
                    low, median, high = (t / x["floor"]["milliseconds"][1] for t in x[side]["milliseconds"])
                    axes.plot([low, high], [y, y], color=color, lw=1)
                    axes.plot(median, y, marker, color=color, mfc=face, ms=5)
            axes.axvline(1, color="black", lw=0.6)
            axes.set(xscale="log", xlabel="× the floor")
            axes.set_title(tree, loc="left")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter("{x:g}")
            axes.grid(axis="y", lw=0.3)
        panels[0].set_yticks(range(len(names)), names)
        panels[0].set_ylim(len(names) - 0.4, -0.6)
        figure.subplots_adjust(left=0.27, right=0.985, top=1 - 0.65 / height, bottom=0.45 / height, wspace=0.08)
        for i, (side, words) in enumerate(_WORDS.items()):
            if any(side in x for x in measured):
                figure.text(0.27 + 0.14 * i, 1 - 0.1 / height, words, color=_SIDES[side][0], fontsize=10, va="top")
        figure.text(0.69, 1 - 0.1 / height, "medians and quartiles of a step", va="top")
    return figure
