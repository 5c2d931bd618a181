"""AbsSig, diffGrad's friction coefficient: survey, Section on diffGrad."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import optzoo_jax
from optzoo_jax.experiments.landscapes.bounds import ones
from optzoo_jax.experiments.look.pictures import BRANCH, look


def abssig() -> Figure:
    """The factor on the rate against the change of the gradient, for three units of that change."""
    change = np.linspace(-6, 6, 241)
    with look():
        figure = Figure(figsize=(8, 3.4))
        axes = figure.add_subplot()
        for scale, line, text in ((1.0, "-", "1 (the paper's)"), (0.1, "--", "0.1"), (10.0, ":", "10")):
            axes.plot(change, friction(change, scale), line, color=BRANCH["rate"], lw=1.8, label=f"scale = {text}")
        axes.axhline(0.5, color="black", lw=0.5)
        axes.annotate("the gradient stands still: half of Adam’s step", (0, 0.5), (0.25, 0.455), fontsize=9)
        axes.annotate("it changes by far more than the scale: Adam", (3, 1.0), (-5.9, 1.015), fontsize=9)
        axes.set(xlabel="g(t−1) − g(t), change of the gradient", ylim=(0.43, 1.05), xlim=(-6, 6))
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.45))
        axes.set_title("factor on the rate", loc="left")
        figure.subplots_adjust(left=0.06, right=0.985, top=0.80, bottom=0.14)
        figure.suptitle("dfc_friction: ξ = 1/(1 + exp(−|Δg|/scale))", x=0.06, ha="left", fontsize=13)
    return figure


def friction(change: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """What `dfc_friction` makes of the rate 1 where the gradient went from 0 to −`change`.

    Args:
      change: g_{t−1} − g_t, any shape.
      scale: > 0.
    """
    tx = optzoo_jax.precondition(ones(), optzoo_jax.chain(rate_of_one(), optzoo_jax.dfc_friction(scale)))
    g = -jnp.asarray(change)
    factor, _ = tx.update(g, tx.init(g))
    return np.asarray(factor)


@optzoo_jax.piece("gradient [g] → rate [1/g]")
def rate_of_one(g):
    """A rate of 1."""
    return jnp.ones_like(g)
