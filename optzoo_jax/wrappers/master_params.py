"""16-bit parameters that are trained as in float32: what rounding takes from them is kept."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array
from optzoo_jax.elementwise import inlined
from optzoo_jax.precision import applied, as_array, as_updates, rounded, wide, wide_copy, widen
from optzoo_jax.wrapper import Transformation, as_transformation

_SCATTER = -25033 << 16  # 2³² over the golden ratio, as an int32: half of the low digits' multiples are negative


class MasterParamsState(NamedTuple):
    """`inner_state`: the optimizer's. `rest`: what rounding took, in last digits of float32, int16."""

    inner_state: Any
    rest: Any


@as_transformation(moves_parameters=True)
def master_params(inner: optax.GradientTransformation) -> Transformation:
    """Trains bfloat16 or float16 parameters as float32 would be trained: it keeps what rounding takes from them.

        q ← (θ + r) + inner step from θ + r
        θ ← round(q),   r ← q − θ

    Stream: gradient [g] → update [θ].

    An update smaller than half of what separates a parameter from its neighbour, 1/512 of it in bfloat16, would
    otherwise be lost; here one of 2⁻²³ is not. The optimizer sees θ + r as its parameters, and the gradients in
    float32. Parameters in float32 or wider have no rest, and get its updates as they are.

    A rest takes 2 bytes, and is a part of its parameter's last digit. So the parameters are the truth: what is loaded,
    frozen or projected between two steps stays what it is.

    A trap: what stands behind this wrapper acts on rounded updates. Half of one moves half as far, on average, but of
    less a parameter may see nothing: what changes the length of updates goes inside.

    Args:
      inner: the optimizer, of this library or of optax.

    Raises:
      ValueError: where update is called without params.

    Departures: the paper keeps a copy of the parameters in float32, 4 bytes each. With 16-bit gradients an update
    has 16 bits too, so that a step much longer than what it leads to is exact to 2⁻⁹ of the step.

    Reference: Micikevicius et al., 2017, "Mixed precision training", arXiv:1710.03740, section 3.1; Zamirai, Zhang,
    Aberger & De Sa, 2020, "Revisiting bfloat16 training", arXiv:2010.06192.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> MasterParamsState:
        rest = jax.tree.map(
            lambda p: jnp.zeros_like(p, dtype=jnp.int16) if _is_narrow(p) else optax.MaskedNode(), params
        )
        return MasterParamsState(inner.init(jax.tree.map(wide_copy, params)), rest)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, MasterParamsState]:
        masters = jax.tree.map(lambda p, r: _with_rest(p, r) if _is_narrow(p) else p, params, state.rest)
        step, inner_state = inner.update(widen(updates), state.inner_state, masters, **extra)
        new = optax.apply_updates(masters, step)
        step = jax.tree.map(
            lambda p, u, q: _move(p, u, q) if _is_narrow(p) else u, params, as_updates(step, updates, params), new
        )
        rest = jax.tree.map(
            lambda p, u, q, r: _rest(q, applied(p, u)) if _is_narrow(p) else r, params, step, new, state.rest
        )
        return step, MasterParamsState(inner_state, rest)

    return Transformation(init, update)


def _is_narrow(p: Any) -> bool:
    dtype = as_array(p).dtype
    return wide(dtype) != dtype


@jax.jit
@inlined
def _with_rest(p: Array, r: Array) -> Array:
    """The parameter with what rounding took from it."""
    wide_p = widen(p)
    return wide_p + r.astype(wide_p.dtype) * _digit(wide_p, r.astype(jnp.int32), p.dtype)[0]


@jax.jit
@inlined
def _move(p: Array, u: Array, q: Array) -> Array:
    """What takes p to q rounded, as an update like u, and half of what is rounded away, to this side or that.

    The second is rounded away, but from a share of the update: half of one digit would else be a tie, and from every
    second number go nowhere.
    """
    new = widen(rounded(q, p.dtype))
    # From the middle between two numbers up: a rest has no code for the half of a digit above a parameter.
    new = jnp.where(_digits(q - new, new, p.dtype) > _most(p.dtype), new + 2 * (q - new), new)
    half = jnp.where(jax.lax.bitcast_convert_type(q, jnp.int32) * _SCATTER < 0, -0.5, 0.5).astype(q.dtype)
    move = new - widen(p)
    return jnp.where(move == 0, move, move + half * (q - new)).astype(u.dtype)


@jax.jit
@inlined
def _rest(q: Array, p: Array) -> Array:
    """What rounding q to p took, at most half of what separates numbers: more would be that of another parameter."""
    most, wide_p = _most(p.dtype), widen(p)
    return jnp.round(jnp.clip(_digits(q - wide_p, wide_p, p.dtype), -most - 1, most)).astype(jnp.int16)


def _most(dtype: Any) -> float:
    return 2.0 ** (22 - jnp.finfo(dtype).nmant) - 1


def _digits(r: Array, p: Array, dtype: Any) -> Array:
    return r * _digit(p, jax.lax.bitcast_convert_type(r, jnp.int32), dtype)[1]


def _digit(p: Array, side: Array, dtype: Any) -> tuple[Array, Array]:
    """A last digit of float32 next to p, on the side of a number of that sign; and one over it."""
    bits = jax.lax.bitcast_convert_type(p, jnp.int32)
    # Towards 0 from a power of two numbers are half as far apart, as they are around the one before it.
    exponent = ((bits & 0x7FFFFFFF) + ((bits ^ side) >> 31)) >> 23
    # The smallest numbers of a dtype are evenly spaced. Where a digit would underflow, it is 0.
    digit = jnp.maximum(jnp.maximum(exponent, jnp.finfo(dtype).minexp + 127) - 23, 0) << 23
    as_float = functools.partial(jax.lax.bitcast_convert_type, new_dtype=jnp.float32)
    return as_float(digit), as_float((254 << 23) - digit)
