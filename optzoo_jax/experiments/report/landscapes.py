"""Landscapes that play: every method's ways at every learning rate, and from where it finds a minimum."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np

from optzoo_jax.experiments.landscapes.map import heights
from optzoo_jax.experiments.landscapes.paths import RATES, most_often_lowest
from optzoo_jax.experiments.landscapes.surfaces import Surface, surface
from optzoo_jax.experiments.look.pictures import FEATURED
from optzoo_jax.experiments.methods.entries import Entry
from optzoo_jax.experiments.report.basins import goal_of, walks_and_basins
from optzoo_jax.experiments.report.cards import has_card
from optzoo_jax.experiments.report.section import Section, static
from optzoo_jax.experiments.training.selection import grid

SURFACES = ("beale", "saddle", "rosenbrock", "valley")
QUICK = ("beale", "saddle")
_NOT_FINITE = -(2**15)
_MOST = 2**15 - 1
_FAR = 30.0
_PER_DECADE = 800
_LEAST = 1e-12


def section(
    entries: Sequence[Entry],
    surfaces: Sequence[str] = SURFACES,
    report: Callable[[str, float], None] = lambda what, done: None,
) -> Section:
    """The part of the page; a second or two for each method on each surface.

    Args:
      entries: the methods of the race; those that are `FEATURED` and those without a card are followed, or the first
        eight where there are none.
      surfaces: their names.
      report: called with what is in hand and the share that is done.
    """
    followed = [e for e in entries if e.name in FEATURED or not has_card(e.name)] or entries[: len(FEATURED)]
    total = len(surfaces) * len(followed)
    data = {
        "methods": [{"name": e.name, "rates": grid(e.learning_rate, RATES)} for e in followed],
        "surfaces": [
            _surface(followed, surface(name), lambda what, done, i=i: report(what, (i * len(followed) + done) / total))
            for i, name in enumerate(surfaces)
        ],
        "colours": matplotlib.colormaps["viridis_r"](np.linspace(0, 1, 64), bytes=True)[:, :3].tolist(),
    }
    return Section(
        "Landscapes",
        static("landscapes.html"),
        data,
        static("landscapes.js") + static("basins.js"),
        static("landscapes.css"),
    )


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
