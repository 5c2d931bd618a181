"""x → x of fewer numbers: how much of an array shares one number. What stands behind takes the smaller shape.

An axis that is reduced keeps a length of 1, so that what is made of it is multiplied on as it is.
"""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import math
import operator
from typing import Any

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Epsilon
from optzoo_jax.piece import Transformation, chain, join, masked, named, parted, piece, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.moments import square
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.precision import apart

Axes = int | tuple[int, ...]


def reduced(x: Array, axis: Axes | None, keep: int | None) -> tuple[int, ...]:
    """The axes that are reduced: those named, or all but the one that is kept; without either all.

    An array of fewer than two axes has none beside the one that is kept.
    """
    if axis is not None:
        return (axis,) if isinstance(axis, int) else axis
    if keep is None:
        return tuple(range(x.ndim))
    return tuple(i for i in range(x.ndim) if i != keep % x.ndim)


@piece("x → x", over="array")
def mean_over(x, *, axis: Axes | None = None, keep: int | None = None):
    """The mean over some axes, over all but one, or over the whole array.

    Args:
      axis: the axis, or axes, that the mean is over.
      keep: the axis that it is not over, where no `axis` is named; of an array of fewer than two axes every number is
        its own mean. Without either the mean is over all.
    """
    axes = reduced(x, axis, keep)
    n = math.prod(x.shape[i] for i in axes)
    x, share = apart((x, x.dtype.type(1 / max(1, n))))
    return jnp.sum(x * share, axis=axes, keepdims=True)  # a sum of squares may overflow where their mean does not


@piece("x → x", over="array")
def sum_over(x, *, axis: Axes | None = None, keep: int | None = None):
    """The sum over some axes, over all but one, or over the whole array; it saturates where it would overflow.

    Args:
      axis: the axis, or axes, that the sum is over.
      keep: the axis that it is not over, where no `axis` is named; of an array of fewer than two axes every number is
        its own sum. Without either the sum is over all.
    """
    total = jnp.sum(x, axis=reduced(x, axis, keep), keepdims=True)
    return jnp.minimum(total, jnp.finfo(x.dtype).max / 16)


@named
def over_rms(axis: Axes | None = None, eps: Epsilon = 0.0) -> Transformation:
    """x/(√mean(|x|²) + ε), the mean over some axes or over the whole array; 0 where that is 0.

    Args:
      axis: the axis, or axes, that the mean is over; None for all.
      eps: ε ≥ 0, in units of x.
    """
    return precondition(identity(), chain(square(), mean_over(axis=axis), inverse_root(eps)))


@piece("x → [1]", over="array")
def over_its_mean(r, eps: Epsilon | None = 0.0):
    """r/max(mean(r), ε), the mean over the last axis but one: how much larger than the others a row is.

    Args:
      eps: ε ≥ 0 [g²]; None for the distance of 1 to the next number of the array's dtype.
    """
    least = jnp.finfo(r.dtype).eps if eps is None else eps
    mean = jnp.sum(r / max(1, r.shape[-2]), axis=-2, keepdims=True)
    return r / jnp.maximum(jnp.maximum(mean, least), jnp.finfo(r.dtype).tiny)


@named
def factored(average: optax.GradientTransformation, eps: Epsilon | None = 0.0) -> Transformation:
    """r·c/mean(r): a moment from the averages r of its rows' means and c of its columns', of the last two axes.

    Args:
      average: moment → its average, such as `moment_ema(0.999)`, one for the rows and one for the columns.
      eps: ε ≥ 0 [g²], what the mean is at least; None for the distance of 1 to the next number of the array's dtype.

    Reference: Shazeer & Stern, 2018, "Adafactor: adaptive learning rates with sublinear memory cost",
    arXiv:1804.04235, Algorithm 2.
    """
    rows = chain(mean_over(axis=-1), average, over_its_mean(eps))
    return join(operator.mul, rows, chain(mean_over(axis=-2), average), units="product", over="array")


@named
def by_axes(matrices: optax.GradientTransformation, others: optax.GradientTransformation) -> Transformation:
    """One thing for arrays of two or more axes, another for those of fewer.

    Args:
      matrices: what is done to arrays of two or more axes.
      others: what is done to vectors and single numbers.
    """
    return parted(masked(matrices, has_two_axes), masked(others, has_fewer_axes))


def has_two_axes(tree: Any) -> Any:
    """For each array, whether it has two or more axes."""
    return jax.tree.map(lambda x: len(x.shape) >= 2, tree)


def has_fewer_axes(tree: Any) -> Any:
    """For each array, whether it has fewer than two axes."""
    return jax.tree.map(operator.not_, has_two_axes(tree))
