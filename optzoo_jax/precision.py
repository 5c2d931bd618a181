"""The precision policy: arithmetic and state in at least float32, what leaves as narrow as what came in."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.arguments import Array, Numeric


def wide(dtype: Any) -> Any:
    return np.promote_types(dtype, np.float32)


def promoted(a: Any, b: Any) -> Any:
    """The narrowest dtype that has the numbers of both, whatever promotion JAX is set to."""
    with jax.numpy_dtype_promotion("standard"):
        return jnp.promote_types(a, b)


def widest(arrays: Iterable[Any]) -> Any:
    """The precision that arithmetic over several arrays has: at least float32."""
    return functools.reduce(promoted, (jnp.finfo(x.dtype).dtype for x in arrays), np.dtype(np.float32))


def with_precision_of(x: Array, dtype: Any) -> Array:
    """x, real or complex as it is, in the precision of `dtype`."""
    real = jnp.finfo(dtype).dtype
    return x.astype(np.promote_types(real, np.complex64) if jnp.iscomplexobj(x) else real)


def cast(x: Any, real: Any) -> Any:
    """An array of numbers in the precision of `real`; integers, keys and all else as they are."""
    return with_precision_of(x, real) if hasattr(x, "dtype") and jnp.issubdtype(x.dtype, jnp.inexact) else x


def widen(tree: Any) -> Any:
    """Every leaf in at least float32."""
    return jax.tree.map(lambda x: jnp.asarray(x).astype(wide(jnp.asarray(x).dtype)), tree)


def narrow(tree: Any, like: Any) -> Any:
    """Every leaf in the precision of its counterpart in `like`."""
    return jax.tree.map(lambda x, y: with_precision_of(x, jnp.asarray(y).dtype), tree, like)


def as_updates(tree: Any, gradients: Any, params: Any = None) -> Any:
    """Every leaf in the precision of an update: the wider one of gradient and parameter, the gradient's without one."""

    def one(u: Array, g: Any, p: Any) -> Array:
        real, other = (jnp.finfo(jnp.result_type(x)).dtype for x in (g, p))
        return with_precision_of(u, promoted(real, other))

    return jax.tree.map(one, tree, gradients, gradients if params is None else params)


def rounded(x: Array, dtype: Any) -> Array:
    """x as a number of `dtype`. A conversion there and back XLA takes for superfluous, and leaves out."""
    if x.dtype == dtype:
        return x
    if (x.dtype, dtype) == (jnp.float32, jnp.bfloat16):
        return jax.lax.reduce_precision(x, exponent_bits=8, mantissa_bits=7).astype(dtype)
    # To float16 reduce_precision makes 0 of its smallest numbers; a barrier costs a kernel.
    return jax.lax.optimization_barrier(x.astype(dtype))


def applied(p: Array, u: Array) -> Array:
    """The parameter that whoever applies an update has: added in the wider dtype of the two, rounded to its own."""
    both = wide(promoted(p.dtype, u.dtype))  # in 16 bits XLA would leave out the rounding that is to be seen
    return rounded(p.astype(both) + u.astype(both), p.dtype)


def as_array(p: Any) -> Any:
    """A parameter as one of JAX's arrays; a mere shape with a dtype stays what it is."""
    if hasattr(p, "dtype") and not isinstance(p, np.ndarray | np.generic):
        return p
    return jnp.asarray(p, jnp.result_type(p))  # said, since a Python number's would be weak: a state of another type


def zeros(x: Array | jax.ShapeDtypeStruct) -> Array:
    """A slot that starts at 0, real or complex as the stream is."""
    return jnp.zeros_like(x, dtype=wide(x.dtype))


def full(x: Array | jax.ShapeDtypeStruct, initial: Numeric = 0.0) -> Array:
    """A slot that starts at the hyperparameter `initial`."""
    return jnp.full_like(x, initial, dtype=wide(x.dtype))


def wide_copy(p: Any) -> Array:
    """A parameter for an optimizer that may keep it. A copy, since it must survive its donation; 0 for a mere shape."""
    return zeros(p) if isinstance(p, jax.ShapeDtypeStruct) else jnp.array(widen(p), copy=True)


def times(x: Array, r: Array) -> Array:
    """x·r for a real r; a complex product would make NaN of 0·∞ in the part that is not there."""
    return jax.lax.complex(x.real * r, x.imag * r) if jnp.iscomplexobj(x) and not jnp.iscomplexobj(r) else x * r


def cut(g: Array, share: float = 0.25) -> Array:
    """g, cut to a share of the root of the largest number of its dtype (5e18 in float32), so that |g|² is finite.

    An average of large squares would become ∞ − ∞, and a step divided by the root of ∞ would be 0. But ∞ itself, which
    is what an overflow leaves of a gradient, becomes NaN: cut, it would stand still for 10⁴ steps without a word.
    """
    largest = _cut_at(g.dtype, share)
    if jnp.iscomplexobj(g):
        return times(g, jnp.minimum(1, largest / jnp.maximum(jnp.abs(g), 1)))
    # ∞ − ∞ comes first: after the cut it would be one operation too many for XLA:CPU to compute in two kernels.
    return jax.lax.clamp(g.dtype.type(-largest), g + (g - g), g.dtype.type(largest))


def _cut_at(dtype: Any, share: float = 0.25) -> float:
    return share * float(jnp.finfo(dtype).max) ** 0.5


@jax.custom_jvp
def apart(xs: Any) -> Any:
    """xs, of which XLA does not see that they are used elsewhere, too, or are constants.

    XLA:CPU leaves a sum to a library, which computes what stands before it, too, and no array is set aside: as long as
    no other kernel needs a part of that, be it a constant, which is an array there.
    """
    return jax.lax.optimization_barrier(xs)


@apart.defjvp
def _(primals: Any, tangents: Any) -> Any:
    return apart(*primals), tangents[0]  # JAX 0.4 has no rule for a barrier


def cut_apart(g: Array) -> Array:
    """cut(g) for a branch that sums it up, beside one that multiplies it: without a clamp, which that library lacks."""
    if jnp.iscomplexobj(g):
        return cut(g)
    largest = g.dtype.type(_cut_at(g.dtype))
    g, low, high = apart((g, -largest, largest))
    return jnp.maximum(jnp.minimum(g, high) + (g - g), low)


def norm(x: Array, axes: tuple[int, ...] | None = None) -> Array:
    """‖x‖ = √Σ|x|², real: finite where the squares would overflow, and 0 for zeros, with a derivative of 0 there.

    Over all of x it is a number; over some axes, each of them keeps a length of 1.
    """
    return norm_of_result(x, x, axes)


def norm_of_result(x: Array, again: Array, axes: tuple[int, ...] | None = None) -> Array:
    """‖x‖ of what was computed, with x or −x, found otherwise, for its largest: XLA:CPU stores what two sums need."""
    over = {"axis": axes, "keepdims": axes is not None}
    largest = jax.lax.stop_gradient(jnp.max(jnp.abs(again), initial=0, **over))
    scale = jnp.where((largest > 0) & jnp.isfinite(largest), largest, jnp.ones_like(largest))
    x = jnp.abs(x) if jnp.iscomplexobj(x) else x
    x = x / scale
    total = jnp.sum(x * x, **over)
    return jnp.where(total > 0, scale * jnp.sqrt(jnp.where(total > 0, total, jnp.ones_like(total))), total)
