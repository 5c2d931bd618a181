"""The bounds that `bound_lr` keeps a rate between, asked of itself."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import optzoo_jax


def bounds_of(part: Any, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The lower and the upper bound in steps 1, 2, …: what becomes of the rates 0 and ∞.

    Args:
      part: its `clip_rate`, a node of `optzoo_jax.composition_of`.
      steps: how many.
    """
    bound = part.factory(**part.called.arguments)
    tx = optzoo_jax.precondition(ones(), optzoo_jax.chain(given(), bound))

    @jax.jit
    def run() -> jax.Array:
        extremes = jnp.array([0.0, jnp.finfo(jnp.result_type(float)).max])

        def step(state: Any, _: None) -> tuple[Any, Any]:
            clipped, state = tx.update(extremes, state)
            return state, clipped

        return jax.lax.scan(step, tx.init(extremes), None, steps)[1]

    low, high = np.asarray(run()).T
    return low, high


@optzoo_jax.piece("gradient [g] → direction [g]")
def ones(g):
    """A direction of 1, so that the step is the rate."""
    return jnp.ones_like(g)


@optzoo_jax.piece("gradient [g] → rate [1/g]")
def given(g):
    """The numbers that come in, taken for rates."""
    return g
