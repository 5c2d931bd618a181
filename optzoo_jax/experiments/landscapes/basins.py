"""From where a method finds a minimum, and in how many steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.experiments.landscapes.paths import walk
from optzoo_jax.experiments.landscapes.surfaces import Surface
from optzoo_jax.experiments.methods.entries import Entry

SIDE = 64
NEVER = -1
# A share of the region and not a height: on a surface of any scale, the goal is as large as one cell of the map.
SHARE = 1 / SIDE**2
_FINE = 1000


class Walks(NamedTuple):
    """A method's ways over a surface, at every learning rate.

    Attributes:
      xy: (rates, starts, steps + 1, 2), from the surface's own starts.
      f: (rates, starts, steps + 1), the values there.
      steps: (rates, side, side), how many steps it takes to a minimum from the middle of each cell of the region, rows
        from the bottom up; `NEVER` where it is not reached.
    """

    xy: np.ndarray
    f: np.ndarray
    steps: np.ndarray


def walks_and_basins(entry: Entry, surface: Surface, rates: Sequence[float], goal: float, side: int = SIDE) -> Walks:
    """All ways from the surface's starts and from a grid of them, in the one program of `walk`.

    Args:
      entry: the method.
      surface: where it walks.
      rates: learning rates.
      goal: the f that counts as a minimum, as from `goal_of`.
      side: of the grid, in cells.
    """
    own = len(surface.starts)
    starts = (*surface.starts, *map(tuple, _centres(surface, side).reshape(-1, 2).tolist()))
    xy, f = walk(entry, dataclasses.replace(surface, starts=starts), rates)
    return Walks(xy[:, :own], f[:, :own], steps_to(f[:, own:], goal).reshape(-1, side, side))


def steps_to(f: np.ndarray, goal: float) -> np.ndarray:
    """The first step from which f stays at or below the goal to the end; `NEVER` where its last value is above.

    Args:
      f: (…, steps + 1), the value at the start first; what is not finite is above.
      goal: the highest f that counts.
    """
    stays = np.logical_and.accumulate((f <= goal)[..., ::-1], axis=-1).sum(axis=-1)
    return np.where(stays > 0, f.shape[-1] - stays, NEVER)


def goal_of(surface: Surface) -> float:
    """The f that only `SHARE` of the region lies below."""
    return float(np.quantile(np.asarray(jax.jit(surface.f)(jnp.asarray(_centres(surface, _FINE)))), SHARE))


def _centres(surface: Surface, side: int) -> np.ndarray:
    """(side, side, 2), the middles of cells that divide the region, rows from the bottom up."""
    left, right, bottom, top = surface.region
    middles = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(left + middles * (right - left), bottom + middles * (top - bottom)), axis=-1)
