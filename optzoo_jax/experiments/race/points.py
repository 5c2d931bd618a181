"""Where the trials of a method lie: the same points of the unit square for all, put into the box of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from optzoo_jax.experiments.methods.entries import Knob

_HALF_DECADE = 10**0.5
# Further a knob does not move: 1 − b₁ = 1 is no memory, and 1e-3 one that is longer than a run; a decay of 1e-4 cannot
# be told from none.
_LIMITS = {True: (1e-3, 1.0), False: (1e-4, np.inf)}
_WIDEST_BORDER = 1 / 3  # of a few trials most are near a border


class Box(NamedTuple):
    """The range of the trials, log-uniform: of the learning rate, and of what is varied of the knob, if any."""

    rate: tuple[float, float]
    knob: tuple[float, float] | None


def unit_points(count: int, study: int) -> NDArray[np.float64]:
    """(count, 2) points of a scrambled Sobol sequence, another one for each study; more points begin with the fewer."""
    exponent = max(count - 1, 1).bit_length()  # the sequence is balanced at powers of 2
    generator: dict[str, Any] = {"seed": np.random.default_rng(study)}  # SciPy 1.15 calls it rng, and takes both
    return qmc.Sobol(2, scramble=True, **generator).random_base2(exponent)[:count]


def box_around(rate: float, knob: Knob | None) -> Box:
    """Half a decade on both sides of the bracket's best rate, and the knob's own range."""
    return Box((rate / _HALF_DECADE, rate * _HALF_DECADE), None if knob is None else (knob.low, knob.high))


def placed(points: NDArray[np.float64], box: Box, knob: Knob | None) -> list[tuple[float, float]]:
    """(rate, knob) of each point; the knob is the argument's own value, NaN where the method has none."""
    rates = _log_uniform(points[:, 0], box.rate)
    if knob is None or box.knob is None:
        return [(float(rate), float("nan")) for rate in rates]
    varied = _log_uniform(points[:, 1], box.knob)
    return [(float(r), float(1 - v if knob.complement else v)) for r, v in zip(rates, varied, strict=True)]


def moved(box: Box, knob: Knob | None, points: NDArray[np.float64], losses: Sequence[float]) -> Box:
    """The box, moved by half its width where the best three trials all lie at one border of it.

    A border is a tenth of the box wide, and as wide that four trials are expected in it. A knob stays where it stands
    for what it is. Where fewer than three trials are finite, nothing moves.

    Args:
      box: in which the trials lay.
      knob: what its second side is of.
      points: (trials, 2) in the unit square.
      losses: of the trials, ∞ for one that diverged.
    """
    best = [i for i in np.argsort(losses, kind="stable")[:3] if np.isfinite(losses[i])]
    if len(best) < 3:
        return box
    border = min(max(0.1, 4 / len(losses)), _WIDEST_BORDER)
    rate = _shifted(box.rate, points[best, 0], border, (0.0, np.inf))
    if knob is None or box.knob is None:
        return Box(rate, None)
    return Box(rate, _shifted(box.knob, points[best, 1], border, _LIMITS[knob.complement]))


def _shifted(
    side: tuple[float, float], best: NDArray[np.float64], border: float, limits: tuple[float, float]
) -> tuple[float, float]:
    low, high = side
    half = (high / low) ** 0.5
    if (best < border).all() and low > limits[0]:
        return max(low / half, limits[0]), high / half
    if (best > 1 - border).all() and high < limits[1]:
        return low * half, min(high * half, limits[1])
    return side


def _log_uniform(u: NDArray[np.float64], side: tuple[float, float]) -> NDArray[np.float64]:
    return side[0] * (side[1] / side[0]) ** u
