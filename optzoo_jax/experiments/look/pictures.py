"""How pictures look: fonts, and a colour, a line and a marker that a method keeps in all of them."""

from __future__ import annotations

import contextlib
import zlib
from pathlib import Path as File
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure

from optzoo_jax.experiments.methods.entries import default_names

# The methods of the sources' animations, and two that came later.
FEATURED = ("sgd", "momentum", "nag", "adagrad", "adadelta", "rmsprop", "adam", "adabelief")

# Okabe & Ito, 2008, "Color universal design", with wine in the place of a yellow that white swallows.
COLORS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#882255", "#0072B2", "#D55E00", "#CC79A7")
MINIMUM = "#F0E442"
# What belongs to which branch of an update; a step is direction × rate, and its colour lies between theirs.
BRANCH = {"gradient": "#000000", "direction": "#0072B2", "rate": "#D55E00", "": "#882255", "came in": "#b0b0b0"}
_MARKERS = ("o", "s", "^", "D", "P", "v", "X", "*")
_LINES = ("-", "--", ":", "-.")
_SETTINGS: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "mathtext.fontset": "dejavusans",
    "svg.hashsalt": "optzoo_jax",
}
_DPI = 120


class Style(NamedTuple):
    """What tells a method's line from the others', also without colour."""

    color: str
    marker: str
    line: str


def style(name: str) -> Style:
    """A method's style, the same in every picture; a variant that does not race by default is its method dash-dotted.

    So is an optimizer that is not the library's own; it gets the colour and the marker of some method.

    Args:
      name: as on the command line.
    """
    names = list(dict.fromkeys([*FEATURED, *default_names()]))
    method = name if name in names else name.split("[")[0]
    i = names.index(method) if method in names else zlib.crc32(name.encode())
    return Style(COLORS[i % 8], _MARKERS[i % 8], _LINES[i // 8 % 4] if name in names else _LINES[-1])


def look() -> contextlib.AbstractContextManager[None]:
    """A context in which figures are made and saved; matplotlib's own settings return after it."""
    return matplotlib.rc_context(_SETTINGS)


def save(figure: Figure, *files: File) -> None:
    """Writes a figure in the formats of the files' endings, without a date, so that equal pictures are equal files."""
    with look():
        for file in files:
            date = {"Date": None} if file.suffix == ".svg" else None
            figure.savefig(file, dpi=_DPI, facecolor="white", metadata=date)
