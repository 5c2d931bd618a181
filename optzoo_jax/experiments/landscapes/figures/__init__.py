"""The figures of the sources, drawn again from what the library computes."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from optzoo_jax.experiments.landscapes.figures.abssig import abssig
from optzoo_jax.experiments.landscapes.figures.closing_bounds import closing_bounds
from optzoo_jax.experiments.landscapes.figures.fast_and_slow import fast_and_slow
from optzoo_jax.experiments.landscapes.figures.look_ahead import look_ahead
from optzoo_jax.experiments.landscapes.figures.sgd_and_momentum import sgd_and_momentum
from optzoo_jax.experiments.landscapes.figures.window import window

FIGURES: dict[str, Callable[[], Figure]] = {
    "sgd-and-momentum": sgd_and_momentum,
    "look-ahead": look_ahead,
    "window": window,
    "abssig": abssig,
    "closing-bounds": closing_bounds,
    "fast-and-slow": fast_and_slow,
}
