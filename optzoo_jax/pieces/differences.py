"""gradient [g] → gradient [g]: how the gradient changed since the step before."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import operator
from typing import Literal

import jax.numpy as jnp

from optzoo_jax.arguments import Array, Decay, Weight
from optzoo_jax.piece import Transformation, chain, join, named, piece
from optzoo_jax.pieces.directions import identity, scale
from optzoo_jax.pieces.schedules import lag
from optzoo_jax.precision import cut, zeros


def onto(slot: Array, x: Array) -> Array:
    """x, written into a slot's place; a NaN leaves the slot as it was.

    A slot that is simply x is what XLA:CPU computes into an array of its own and copies into the slot's.
    """
    return jnp.where(x == x, x, slot)


@piece("x → x", previous_grad=zeros, publishes=["change"])
def difference(x, previous_grad, t, *, initial: Literal["zero", "first_gradient"] = "zero"):
    """Δ = xₜ − xₜ₋₁; it is published as `change`, which another branch reads without a second copy.

    Where |x| is so large that its square would overflow, it is cut first.

    Args:
      initial: "zero" for x₀ = 0, so that Δ₁ = x₁, or "first_gradient" for x₀ = x₁, so that Δ₁ = 0.
    """
    x = cut(x)
    delta = x - previous_grad
    if initial == "first_gradient":
        delta = jnp.where(t == 1, jnp.zeros_like(delta), delta)
    return delta, onto(previous_grad, x), delta


@piece("x → gradient x", facts=["change"])
def last_change(x, change):
    """Δ, as the `difference` before it found it, whatever came in."""
    return change


@named
def mars_gradient(b1: Decay = 0.95, gamma: Weight = 0.025) -> Transformation:
    """c = g + γβ₁/(1−β₁)·(g − g_{t−1}), g₀ = 0: the gradient, corrected by how it changed.

    An average of c with decay β₁ has, for γ = 1, no lag behind a gradient that moves evenly.

    Args:
      b1: β₁ in [0, 1), the decay of the average that c goes into.
      gamma: γ ≥ 0.

    Reference: Yuan et al., 2024, "MARS: unleashing the power of variance reduction for training large models",
    arXiv:2411.10438, Algorithm 2, in its approximate form.
    """
    return join(operator.add, identity(), chain(difference(), scale(lag(b1, gamma))))
