"""A page that plays: every method's ways at every learning rate, and from where it finds a minimum."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from importlib import resources
from string import Template
from typing import Any

import matplotlib
import numpy as np

from optzoo_jax.experiments.landscapes.basins import goal_of, walks_and_basins
from optzoo_jax.experiments.landscapes.map import heights
from optzoo_jax.experiments.landscapes.paths import RATES, grid, most_often_lowest
from optzoo_jax.experiments.landscapes.surfaces import Surface
from optzoo_jax.experiments.look.pictures import style
from optzoo_jax.experiments.methods.entries import Entry

_NOT_FINITE = -(2**15)
_MOST = 2**15 - 1
_FAR = 30.0
_PER_DECADE = 800
_LEAST = 1e-12
# What dark paper swallows; the yellow is the one that Okabe & Ito chose, and `look` replaces for white paper.
_ON_DARK = {"#000000": "#F4F4F2", "#882255": "#F0E442"}
_DASHES = {"-": "", "--": "7 3.5", ":": "1.5 3", "-.": "8 3 1.5 3"}


def page(data: dict[str, Any]) -> str:
    """One HTML file without a network, light and dark, from what `played` found."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return Template(_static("player.html")).substitute(
        style=_static("player.css"),
        data=text.replace("<", "\\u003c"),  # no name can end the script element
        script="\n".join(map(_static, ("shared.js", "player.js", "basins.js"))),
    )


def played(
    entries: Sequence[Entry],
    surfaces: Sequence[Surface],
    report: Callable[[str, float], None] = lambda what, done: None,
) -> dict[str, Any]:
    """What the page shows; a second or two for each method on each surface.

    Args:
      entries: the methods.
      surfaces: where they walk.
      report: called with what is in hand and the number of walks that are done.
    """
    return {
        "methods": [{"name": e.name, "rates": grid(e.learning_rate, RATES)} for e in entries],
        "looks": {e.name: _look(e.name) for e in entries},
        "surfaces": [
            _surface(entries, ground, lambda what, done, i=i: report(what, i * len(entries) + done))
            for i, ground in enumerate(surfaces)
        ],
        "colours": matplotlib.colormaps["viridis_r"](np.linspace(0, 1, 64), bytes=True)[:, :3].tolist(),
    }


def _static(name: str) -> str:
    return resources.files(__name__.rpartition(".")[0]).joinpath("static", name).read_text(encoding="utf-8")


def _look(name: str) -> dict[str, str]:
    """A colour on light and on dark paper, dashes as SVG has them, and matplotlib's letter of the marker."""
    look = style(name)
    dark = _ON_DARK.get(look.color, look.color)
    return {"light": look.color, "dark": dark, "dash": _DASHES[look.line], "marker": look.marker}


def _surface(entries: Sequence[Entry], ground: Surface, report: Callable[[str, float], None]) -> dict[str, Any]:
    """A surface and all that was walked on it; the first axis of each array is the methods."""
    goal = goal_of(ground)
    xy, f, steps, chosen = [], [], [], []
    for i, e in enumerate(entries):
        report(f"{e.name}, {ground.name}", i)
        walks = walks_and_basins(e, ground, grid(e.learning_rate, RATES), goal)
        xy.append(places(walks.xy, ground))
        f.append(levels(walks.f - ground.least))
        steps.append(walks.steps)
        chosen.append(most_often_lowest(walks.f))
    height = heights(ground)[-1]
    return {
        "title": ground.title,
        "source": ground.source,
        "region": ground.region,
        "starts": ground.starts,
        "minima": ground.minima,
        "steps": ground.steps,
        "goal": goal - ground.least,
        "chosen": chosen,
        "heights": packed(1000 * (height - height.min()) / np.ptp(height)),
        "xy": packed(xy),
        "f": packed(f),
        "basins": packed(steps),
    }


def places(way: np.ndarray, ground: Surface) -> np.ndarray:
    """Points as 16-bit integers q = z/(1 + |z|) · (2¹⁵ − 1), where z is 0 in the middle of the region, ±1 at its edges.

    So half of the integers are for the picture, and the rest reaches far. What is further than 30 is drawn back to
    there: towards the point before where that is in the picture, so that the way leaves it where it did, else to the
    middle.

    Args:
      way: (…, steps, 2), in the coordinates of the surface; points that are not finite become −2¹⁵.
      ground: the surface.
    """
    left, right, bottom, top = ground.region
    z = (way - np.array([left + right, bottom + top]) / 2) / (np.array([right - left, top - bottom]) / 2)
    finite = np.isfinite(z).all(axis=-1, keepdims=True)
    z = np.where(finite, z, 0.0)
    before = np.concatenate([z[..., :1, :], z[..., :-1, :]], axis=-2)
    before = np.where(np.abs(before).max(axis=-1, keepdims=True) <= 1, before, 0.0)
    move = z - before
    z = before + move / np.maximum(1, np.abs(move).max(axis=-1, keepdims=True) / _FAR)
    return np.where(finite, np.rint(z / (1 + np.abs(z)) * _MOST), _NOT_FINITE).astype(np.int16)


def levels(height: np.ndarray) -> np.ndarray:
    """f − min f as 16-bit integers: its decades, in 800 parts each; not finite becomes −2¹⁵, and 10⁻¹² is the least."""
    finite = np.isfinite(height)
    height = np.maximum(np.where(finite, height, 1), _LEAST)
    return np.where(finite, np.rint(_PER_DECADE * np.log10(height)), _NOT_FINITE).astype(np.int16)


def packed(x: Any) -> str:
    """An array of whole numbers as text: 16 bits each, little-endian, deflated by zlib, in base64."""
    return base64.b64encode(zlib.compress(np.rint(x).astype("<i2").tobytes(), 9)).decode("ascii")
