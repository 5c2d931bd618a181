"""gradient [g] → gradient [g]: how the gradient changed since the step before."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Literal

import jax.numpy as jnp

from optzoo_jax.arguments import Array
from optzoo_jax.piece import piece
from optzoo_jax.precision import zeros


def onto(slot: Array, x: Array) -> Array:
    """x, written into a slot's place; a NaN leaves the slot as it was.

    A slot that is simply x is what XLA:CPU computes into an array of its own and copies into the slot's.
    """
    return jnp.where(x == x, x, slot)


@piece("x → x", previous_grad=zeros, publishes=["change"])
def difference(x, previous_grad, t, *, initial: Literal["zero", "first_gradient"] = "zero"):
    """Δ = xₜ − xₜ₋₁; it is published as `change`, which another branch reads without a second copy.

    Args:
      initial: "zero" for x₀ = 0, so that Δ₁ = x₁, or "first_gradient" for x₀ = x₁, so that Δ₁ = 0.
    """
    delta = x - previous_grad
    if initial == "first_gradient":
        delta = jnp.where(t == 1, jnp.zeros_like(delta), delta)
    return delta, onto(previous_grad, x), delta


@piece("x → gradient x", facts=["change"])
def last_change(x, change):
    """Δ, as the `difference` before it found it, whatever came in."""
    return change
