"""Lookahead's fast and slow weights with k = 5: survey, Figure 2."""

from __future__ import annotations

import dataclasses

import numpy as np
from matplotlib.figure import Figure

import optzoo_jax
from optzoo_jax.experiments.landscapes.map import draw_start, draw_surface
from optzoo_jax.experiments.landscapes.paths import walk
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.look.pictures import COLORS, look
from optzoo_jax.experiments.methods.entries import Entry

_PERIOD, _SHARE, _RATE, _ROUNDS = 5, 0.5, 0.035, 8


def fast_and_slow() -> Figure:
    """SGD inside Lookahead: five steps of the fast weights, then half of the way back to the slow ones."""
    valley = dataclasses.replace(surface("valley"), steps=_PERIOD * _ROUNDS)
    inner = Entry.of(lambda rate: optzoo_jax.lookahead(optzoo_jax.sgd(rate), _PERIOD, _SHARE), "lookahead(sgd)", _RATE)
    slow, fast = weights(walk(inner, valley, [_RATE])[0][0, 0])
    with look():
        figure = Figure(figsize=(8, 4))
        axes = figure.add_subplot()
        draw_surface(axes, valley)
        for i, way in enumerate(fast):
            axes.plot(*way.T, ".-", color=COLORS[5], lw=1, ms=5, label="fast weights θ" if not i else None)
            axes.plot(
                *np.stack([way[-1], slow[i + 1]]).T, ":", color=COLORS[5], lw=1.2, label=None if i else "back by half"
            )
        axes.plot(*slow.T, "D-", color=COLORS[6], lw=2, ms=6, mec="white", label="slow weights φ", zorder=6)
        draw_start(axes, valley.starts[0], size=11)
        axes.set(xlabel="x", ylabel="y", xlim=(-4.7, -1.9), ylim=(-0.9, 1.15))
        axes.legend(loc="upper right")
        figure.subplots_adjust(left=0.08, right=0.985, top=0.90, bottom=0.12)
        figure.suptitle(
            f"lookahead(sgd({_RATE}), sync_period={_PERIOD}, slow_step_size={_SHARE})", x=0.08, ha="left", fontsize=12
        )
    return figure


def weights(way: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The slow weights (rounds + 1, 2), and of each round the fast ones, (period + 1, 2), from the parameters' way.

    Every fifth of the parameters is a slow weight; where the fast weights were then follows from φ' = φ + a(θ − φ).
    """
    slow = way[::_PERIOD]
    last = slow[:-1] + np.diff(slow, axis=0) / _SHARE
    fast = [np.concatenate([way[i * _PERIOD : (i + 1) * _PERIOD], last[i : i + 1]]) for i in range(len(slow) - 1)]
    return slow, fast
