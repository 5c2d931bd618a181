"""x → x: no larger than a limit."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import jax.numpy as jnp

from optzoo_jax.arguments import Array, Unit
from optzoo_jax.piece import piece
from optzoo_jax.precision import norm, times


def limit(t: Array) -> Array:
    """(t−1)^¼."""
    return jnp.sqrt(jnp.sqrt(t.astype(float) - 1))


@piece("step [1] → step [1]", facts=[limit])
def clip_growing(x, limit):
    """x, cut to |x| ≤ (t−1)^¼: ADOPT's limit, which is 0 in the first step and opens slowly.

    Reference: Taniguchi et al., 2024, "ADOPT", arXiv:2411.02853, Algorithm 2 and Section 5.
    """
    if jnp.iscomplexobj(x):
        size = jnp.abs(x)
        return times(x, jnp.where(size > limit, limit / jnp.where(size > limit, size, 1), 1))
    return jnp.clip(x, -limit, limit)


@piece("x → x", over="array")
def clip_norm(x, most: Unit = 1.0):
    """x/max(1, ‖x‖/c): an array of a length of at most c.

    Args:
      most: c > 0, in units of what comes in.
    """
    return x / jnp.maximum(1, norm(x) / most)
