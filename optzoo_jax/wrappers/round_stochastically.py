"""Stochastic rounding of bfloat16 parameters, so that small updates are not lost on average."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array
from optzoo_jax.formats.rounding import dither, round_to_bfloat16
from optzoo_jax.precision import as_array, wide_copy, widen
from optzoo_jax.trees import hash_of
from optzoo_jax.wrapper import Transformation, as_transformation


class StochasticRoundingState(NamedTuple):
    """`inner_state`: the optimizer's. `step_count`: of updates."""

    inner_state: Any
    step_count: Any


@as_transformation(moves_parameters=True)
def round_stochastically(inner: optax.GradientTransformation) -> Transformation:
    """Rounds bfloat16 parameters stochastically: on average they go where float32 would, without a copy of them.

    Stream: gradient [g] → update [θ].

    An update smaller than half of what separates a parameter from its neighbour, 1/512 of it, would otherwise be lost.
    `master_params` is exact, and keeps 2 bytes a parameter more. The optimizer sees parameters and gradients in
    float32; parameters of other dtypes get its updates as they are.

    An update is the difference of two parameters, so that whoever applies it has nothing left to round; but with 16-bit
    gradients, where it has 16 bits too, one much longer than what it leads to is exact to 2⁻⁹ of itself.

    Args:
      inner: the optimizer, of this library or of optax.

    Raises:
      ValueError: where update is called without params.
      TypeError: at init, for float16 parameters: there `master_params` is the remedy.

    Reference: Gupta, Agrawal, Gopalakrishnan & Narayanan, 2015, "Deep learning with limited numerical precision",
    arXiv:1502.02551; Zamirai, Zhang, Aberger & De Sa, 2020, "Revisiting bfloat16 training", arXiv:2010.06192.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> StochasticRoundingState:
        for path, p in jax.tree_util.tree_leaves_with_path(params):
            if as_array(p).dtype == jnp.float16:
                where = jax.tree_util.keystr(path) or "the root"
                raise TypeError(
                    f"round_stochastically rounds to bfloat16, and the parameter at {where} is float16: use "
                    "master_params."
                )
        return StochasticRoundingState(inner.init(jax.tree.map(wide_copy, params)), jnp.zeros((), jnp.int32))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, StochasticRoundingState]:
        step, inner_state = inner.update(widen(updates), state.inner_state, widen(params), **extra)

        def update_of(path: tuple, p: Array, u: Array) -> Array:
            if as_array(p).dtype != jnp.bfloat16:
                return u
            bits = dither(p.shape, state.step_count, hash_of(path))
            return round_to_bfloat16(p.astype(u.dtype) + u, bits) - p.astype(jnp.float32)

        step = jax.tree_util.tree_map_with_path(update_of, params, step)
        return step, StochasticRoundingState(inner_state, jnp.asarray(optax.safe_increment(state.step_count)))

    return Transformation(init, update)
