"""A step of a large batch from the gradients of several small ones."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Range
from optzoo_jax.precision import as_array, as_updates, narrow, zeros
from optzoo_jax.wrapper import Transformation, as_transformation


class AccumulationState(NamedTuple):
    """Between two updates.

    Attributes:
      inner_state: that of the optimizer, as the last update left it.
      mean: of the gradients since then, in at least float32.
      micro_step: how many gradients came since then.
      kept: how many of them are in the mean.
    """

    inner_state: Any
    mean: Any
    micro_step: Any
    kept: Any


@as_transformation()
def accumulate_gradients(
    inner: optax.GradientTransformation,
    k: Annotated[
        int, Range("[1, ∞)", "the number of gradients in a mean; for a schedule of it, optax.MultiSteps", whole=True)
    ],
    *,
    drop_not_finite: bool = False,
) -> Transformation:
    """Every k-th update is the inner optimizer's, from the mean of the last k gradients; the others are 0.

    Stream: gradient [g] → update [θ].

    The inner optimizer runs on the k-th call only, as a branch of `lax.cond`, and so do its counter and its schedules.

    Args:
      inner: the optimizer, of this library or of optax.
      k: ≥ 1, the number of micro-batches in a batch.
      drop_not_finite: leave micro-batches with a NaN or an inf in their gradients out of the mean, which is then of
        the others; where none is left, nothing moves.

    Raises:
      ValueError: where k is less than 1.

    Departures: `optax.MultiSteps` runs the inner optimizer on every call and chooses afterwards; and there one NaN
    stays in the accumulator for ever, since it is emptied by a multiplication with 0.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> AccumulationState:
        mean = jax.tree.map(lambda p: zeros(as_array(p)), params)
        return AccumulationState(inner.init(params), mean, jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, AccumulationState]:
        keep = jnp.asarray(True)
        for g in jax.tree.leaves(updates) if drop_not_finite else ():
            keep &= jnp.all(jnp.isfinite(g))
        kept = state.kept + keep.astype(jnp.int32)

        def average(m: Array, g: Array) -> Array:
            n = jnp.maximum(kept, 1).astype(jnp.finfo(m.dtype).dtype)
            # `where`, not a product with `keep`: NaN·0 is NaN.
            return jnp.where(keep, m + (g.astype(m.dtype) - m) / n, m)

        mean = jax.tree.map(average, state.mean, updates)
        micro_step = state.micro_step + 1
        full = micro_step >= k

        def run() -> tuple[Any, Any, Any, Array]:
            new, inner_state = inner.update(narrow(mean, updates), state.inner_state, params, **extra)
            return (
                as_updates(new, updates, params),
                inner_state,
                jax.tree.map(jnp.zeros_like, mean),
                jnp.zeros_like(kept),
            )

        def wait() -> tuple[Any, Any, Any, Array]:
            return jax.tree.map(jnp.zeros_like, as_updates(updates, updates, params)), state.inner_state, mean, kept

        new, inner_state, mean, kept = jax.lax.cond(full & (kept > 0), run, wait)
        return new, AccumulationState(inner_state, mean, jnp.where(full, 0, micro_step), kept)

    return Transformation(init, update)
