"""The bounds that a `bound_lr` keeps a rate between, asked of itself."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import optzoo_jax
from optzoo_jax.transformation import Part


def bounds_of(part: Part, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The lower and the upper bound in steps 1, 2, …: what becomes of the rates 0 and ∞.

    Args:
      part: a `bound_lr`.
      steps: how many.
    """
    bound = optzoo_jax.bound_lr(**part.arguments)

    @jax.jit
    def run() -> jax.Array:
        extremes = jnp.array([0.0, jnp.inf])

        def step(state: Any, _: None) -> tuple[Any, Any]:
            clipped, state = bound.update(extremes, state, grad=extremes, direction=extremes)
            return state, clipped

        return jax.lax.scan(step, bound.init(extremes), None, steps)[1]

    low, high = np.asarray(run()).T
    return low, high
