"""gradient [g] → gradient [g]: what is done to a gradient before anything is made of it."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import operator

import jax.numpy as jnp

from optzoo_jax.arguments import Axis, Epsilon, Factor
from optzoo_jax.piece import Transformation, join, masked, named, piece
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.reductions import has_two_axes, mean_over, reduced
from optzoo_jax.precision import norm, times


@named
def centralize(output_axis: Axis = 0) -> Transformation:
    """g − mean(g), the mean over all axes but the output's; vectors as they are.

    Args:
      output_axis: 0 where weights are stored (output, input), as torch and Equinox do; −1 for Flax's kernels.

    Reference: Yong, Huang, Hua & Zhang, 2020, "Gradient centralization: a new optimization technique for deep neural
    networks", arXiv:2004.01461.
    """
    return masked(join(operator.sub, identity(), mean_over(keep=output_axis), over="array"), has_two_axes)


@piece("x → x", over="array")
def orthogonal_gradient(g, params, eps: Epsilon = 1e-30):
    """o = g − (θ·g)/(θ·θ + ε)·θ;  g' = o·‖g‖/(‖o‖ + ε): what of the gradient is at a right angle to the parameters.

    It keeps its length, so that a loss cannot be lowered by making everything larger.

    Args:
      eps: ε ≥ 0, beside θ·θ [θ²] and beside ‖o‖ [g].

    Reference: Prieto, Barsbey, Mediano & Birdal, 2025, "Grokking at the edge of numerical stability",
    arXiv:2501.04697.
    """
    tiny, size = jnp.finfo(params.dtype).tiny, norm(params)
    along = jnp.sum((params.conj() * g).real) / jnp.maximum(size * size + eps, tiny)
    o, length = g - times(params, along), norm(g)
    # What is left of a gradient along the parameters, such as that of one number, is rounding.
    left = norm(o)
    left = jnp.where(left > 4 * jnp.finfo(params.dtype).eps * length, left, 0)
    return times(o, jnp.where(left > 0, length / jnp.maximum(left + eps, tiny), 0))


@piece("x → x", over="array")
def adaptive_grad_clip(g, params, clipping: Factor = 0.01, eps: Epsilon = 1e-3, *, output_axis: Axis = -1):
    """g·m/‖g‖ where ‖g‖ > m = clipping·max(‖θ‖, ε), norms over all axes but the output's; of a vector its own.

    Args:
      clipping: > 0 [g/θ], how long a gradient may be beside its parameters.
      eps: ε ≥ 0 [θ], so that parameters near 0 are moved.
      output_axis: −1 for Flax's kernels (input, output); 0 where weights are stored (output, input).

    Departures: optax's sums over the first axis alone where there are three, and takes a matrix of one row as a vector.
    It, and this, take ‖g‖ as 1e-6 where it is smaller.

    Reference: Brock, De, Smith & Simonyan, 2021, "High-performance large-scale image recognition without
    normalization", arXiv:2102.06171, section 4.
    """
    axes = reduced(g, None, output_axis if g.ndim > 1 else None)
    size, most = norm(g, axes), clipping * jnp.maximum(norm(params, axes), eps)
    return times(g, jnp.where(size > most, most / jnp.maximum(size, 1e-6), 1))
