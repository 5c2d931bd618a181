"""A float32 copy of 16-bit parameters, so that small updates are not lost."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import optax

from optzoo_jax.arguments import Array
from optzoo_jax.precision import as_array, wide, wide_copy, widen
from optzoo_jax.wrapper import Transformation, as_transformation


class MasterParamsState(NamedTuple):
    """`inner_state`: the optimizer's. `master`: the parameters in float32."""

    inner_state: Any
    master: Any


@as_transformation(moves_parameters=True)
def master_params(inner: optax.GradientTransformation) -> Transformation:
    """Trains a float32 copy of bfloat16 or float16 parameters, which follow it, rounded.

    Stream: gradient [g] → update [θ], in float32.

    An update smaller than half of what separates a parameter from its neighbour, 1/512 of it in bfloat16, would
    otherwise be lost. The optimizer sees the copy as its parameters, and the gradients in float32. Parameters in
    float32 or wider have no copy.

    The updates are in float32, for `optax.apply_updates(params, updates)`, which adds before it rounds: the parameters
    are then the copy rounded to the nearest, to 2⁻²⁴ of the larger of old and new parameter.

    Args:
      inner: the optimizer, of this library or of optax.

    Raises:
      ValueError: where update is called without params.

    Reference: Micikevicius et al., 2017, "Mixed precision training", arXiv:1710.03740, section 3.1.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> MasterParamsState:
        master = jax.tree.map(lambda p: wide_copy(p) if _is_narrow(p) else optax.MaskedNode(), params)
        return MasterParamsState(inner.init(_trained(master, params)), master)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, MasterParamsState]:
        old = _trained(state.master, params)
        step, inner_state = inner.update(widen(updates), state.inner_state, old, **extra)
        new = optax.apply_updates(old, step)

        def update_of(p: Array, u: Array, q: Array) -> Array:
            return _rounded(q, p.dtype) - p.astype(q.dtype) if _is_narrow(p) else u

        master = jax.tree.map(lambda p, q: q if _is_narrow(p) else optax.MaskedNode(), params, new)
        return jax.tree.map(update_of, params, step, new), MasterParamsState(inner_state, master)

    return Transformation(init, update)


def _is_narrow(p: Any) -> bool:
    dtype = as_array(p).dtype
    return wide(dtype) != dtype


def _trained(master: Any, params: Any) -> Any:
    """What the optimizer moves: the copy, and parameters that have none."""
    return jax.tree.map(lambda p, q: q if _is_narrow(p) else p, params, master)


def _rounded(q: Array, dtype: Any) -> Array:
    """q as a number of `dtype`. A conversion there and back XLA takes for superfluous, and leaves out."""
    return jax.lax.optimization_barrier(q.astype(dtype)).astype(q.dtype)
