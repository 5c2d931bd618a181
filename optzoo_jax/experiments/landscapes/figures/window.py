"""The window 1/(1 − β) of a moving average, and its first steps: study note, on RMSProp and Adam."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import optzoo_jax
from optzoo_jax.experiments.landscapes.stream import gradients
from optzoo_jax.experiments.landscapes.watch import watch
from optzoo_jax.experiments.look.pictures import COLORS, look

_DECAYS = (0.8, 0.9, 0.95)


def window() -> Figure:
    """Left: what a gradient of k steps ago still weighs. Right: averages of noisy gradients, corrected and not."""
    with look():
        figure = Figure(figsize=(8, 3.6))
        left, right = figure.subplots(1, 2)
        noisy = gradients()[:50]
        right.plot(noisy, color="#b0b0b0", lw=1, label="gradients")
        for decay, color in zip(_DECAYS, (COLORS[2], COLORS[5], COLORS[6]), strict=True):
            weight, size = weights(decay), 1 / (1 - decay)
            share = weight[: round(size)].sum()
            left.plot(weight, color=color, lw=1.5)
            left.plot(size, weight[round(size)], "o", color=color, ms=6)
            left.annotate(
                f"β = {decay}: {share:.0%} within {size:.0f} steps", (size, weight[round(size)]), (8, 6),
                textcoords="offset points", color=color, fontsize=8.5,
            )  # fmt: skip
            plain, corrected = (s.values for s in watch(optzoo_jax.debiased_ema(decay), noisy))
            right.plot(plain, "--", color=color, lw=1)
            right.plot(corrected, color=color, lw=1.5)
        left.set(xlabel="age of the gradient, steps", xlim=(0, 50), ylim=(0, 0.21))
        left.set_title("weight in the average; ● at 1/(1−β)", loc="left")
        right.set(xlabel="step", xlim=(0, 49), ylim=(0, 1.6))
        right.set_title("noisy gradients, averaged; dashed: no debias", loc="left")
        figure.subplots_adjust(left=0.06, right=0.985, top=0.82, bottom=0.14, wspace=0.14)
        figure.suptitle("How far back an average looks", x=0.06, ha="left", fontsize=13)
    return figure


def weights(decay: float, ages: int = 60) -> np.ndarray:
    """What `raw_ema(decay)` still holds of a single 1 that it was fed 0, 1, … steps ago.

    Args:
      decay: β in [0, 1).
      ages: how many.
    """
    return watch(optzoo_jax.raw_ema(decay), np.asarray(jnp.eye(ages)[0]))[-1].values
