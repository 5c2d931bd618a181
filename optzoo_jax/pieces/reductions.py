"""x → x of fewer numbers: how much of an array shares one number. What stands behind takes the smaller shape.

An axis that is reduced keeps a length of 1, so that what is made of it is multiplied on as it is.
"""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import math

import jax.numpy as jnp

from optzoo_jax.arguments import Array
from optzoo_jax.piece import piece


def reduced(x: Array, axis: int | None, keep: int | None) -> tuple[int, ...]:
    """The axes that are reduced: one, or all but the one that is kept; without either all.

    An array of fewer than two axes has none beside the one that is kept.
    """
    if axis is not None:
        return (axis,)
    if keep is None:
        return tuple(range(x.ndim))
    return tuple(i for i in range(x.ndim) if i != keep % x.ndim) if x.ndim > 1 else ()


@piece("x → x", over="array")
def mean_over(x, *, axis: int | None = None, keep: int | None = None):
    """The mean over one axis, over all but one, or over the whole array.

    Args:
      axis: the axis that the mean is over.
      keep: the axis that it is not over, where no `axis` is named; of an array of fewer than two axes every number is
        its own mean. Without either the mean is over all.
    """
    axes = reduced(x, axis, keep)
    n = math.prod(x.shape[i] for i in axes)
    return jnp.sum(x / max(1, n), axis=axes, keepdims=True)  # a sum of squares may overflow where their mean does not
