"""step → step or update: where the parameters themselves are held."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Any, Literal

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array, Axis, Decay, Epsilon, LearningRate, Weight
from optzoo_jax.matrices import placed_as, whole
from optzoo_jax.piece import of_params, piece
from optzoo_jax.pieces.updates import decay, decayed
from optzoo_jax.precision import norm, wide_copy, widen


def growing_rate(t: Array, learning_rate: LearningRate, eps: Epsilon = 0.0) -> Any:
    """(α + ε)·√t."""
    rate = jnp.asarray(learning_rate + eps, dtype=getattr(learning_rate, "dtype", float))
    return rate * jnp.sqrt(t.astype(rate.dtype))


@piece("x → x·[α]", facts=[growing_rate])
def times_growing_rate(x, growing_rate):
    """(α + ε)·√t·x: the weight of a gradient in a dual average.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      eps: ε ≥ 0, so that no weight is 0.

    Reference: Defazio & Jelassi, 2021, arXiv:2101.11075, Algorithm 1.
    """
    return growing_rate * x


@piece("step [g^1/3·α^2/3] → step [g^1/3·α]", anchor=of_params(wide_copy))
def pull_to_anchor(x, anchor, params, momentum: Decay = 0.9):
    """(1−c)(θ − z), z = θ₀ − x: part of the way to where a dual average puts the parameters.

    Args:
      momentum: c in [0, 1), the share of the parameters that stays; the paper's c is 1 − this.

    Raises:
      ValueError: where update is called without params.

    Reference: Defazio & Jelassi, 2021, "Adaptivity without compromise: a momentumized, adaptive, dual averaged
    gradient method for stochastic optimization", arXiv:2101.11075, Algorithm 1.
    """
    return (1 - momentum) * (params - anchor + x), anchor


def radius(p: Any) -> Array:
    """‖θ₀‖."""
    return norm(widen(p))


@piece("step [1] → update [θ·α]", over="array", radius=of_params(radius))
def stay_on_sphere(u, radius, params, learning_rate: LearningRate):
    """y = θ − αR·u/‖u‖; from θ to R·y/‖y‖, R = ‖θ₀‖: an array keeps the length that it had at first.

    Args:
      learning_rate: α ≥ 0 [1], the angle of a step, a number or a schedule.

    Raises:
      ValueError: where update is called without params.

    Reference: Wen, 2025, "Hyperball", notes after arXiv:2509.02046.
    """
    n = norm(u)
    y = params - learning_rate * radius * (u / jnp.where(n > 0, n, 1))
    length = norm(y)
    return y * (radius / jnp.where(length > 0, length, 1)) - params, radius


@piece("x → x", over="array", publishes=["decay_share"])
def project_out(
    u, params, grad, delta: Weight = 0.1, wd_ratio: Weight = 0.1, eps: Epsilon = 1e-8, *, output_axis: Axis = -1
):
    """u − p(p·u), p = θᵢ/(‖θᵢ‖ + ε): without its part along the weights, where these have no say in the size.

    For each output's weights θᵢ, and else for all of an array: the first of the two for which the largest |cos(θᵢ, gᵢ)|
    is below δ/√n, n the number of weights in θᵢ. An array of fewer than two axes stays as it is. Publishes what the
    weight decay is multiplied by: the ratio where something was projected, else 1.

    Args:
      delta: δ ≥ 0.
      wd_ratio: what the decay is multiplied by where weights are projected.
      eps: ε ≥ 0 [θ], and [g] under the cosine.
      output_axis: the axis that counts the outputs: −1 for kernels (input, output), 0 for weights (output, input).

    Reference: Heo et al., 2020, "AdamP: slowing down the slowdown for momentum optimizers on scale-invariant weights",
    arXiv:2006.08217, Algorithm 2.
    """
    one = jnp.ones((), jnp.finfo(u.dtype).dtype)
    if u.ndim < 2 or not u.size:
        return u, one
    given, (u, params, grad) = u, (whole(x) for x in (u, params, grad))  # whose views have no other sharding
    shape = jnp.moveaxis(u, output_axis, 0).shape

    def along(x: Array) -> Array:
        return jnp.moveaxis(x, output_axis, 0).reshape(shape[0], -1)

    def back(x: Array) -> Array:
        return jnp.moveaxis(x.reshape(shape), 0, output_axis)

    projected, share = u, one
    of_all = ((lambda x: x.reshape(1, -1)), (lambda x: x.reshape(u.shape)))
    for view, unview in (of_all, (along, back)):  # the last that applies is the one that counts
        theta, g, step = view(params), view(grad), view(u)
        size, slope = _lengths(theta), _lengths(g)
        cosine = jnp.abs(_inner(theta, g)) * _inverse(jnp.maximum(size, eps)) * _inverse(jnp.maximum(slope, eps))
        p = theta * _inverse(size + eps)
        applies = jnp.max(cosine) < delta / theta.shape[1] ** 0.5
        projected = jnp.where(applies, unview(step - p * _inner(p, step)), projected)
        share = jnp.where(applies, wd_ratio, share)
    return placed_as(projected, given), share


def _lengths(x: Array) -> Array:
    return jax.vmap(norm)(x)[:, None]


def _inner(x: Array, y: Array) -> Array:
    """Of every row, as vectors of real numbers."""
    return jnp.sum((x.conj() * y).real, axis=1, keepdims=True)


def _inverse(x: Array) -> Array:
    """1/x, and 1 of 0, the length of what is 0 itself."""
    return 1 / jnp.where(x > 0, x, 1)


@piece("x → x", facts=[decay, "decay_share"])
def decay_weights_by_share(
    x, decay, decay_share, params, *, mode: Literal["plain", "proximal", "cautious"] = "plain"
):  # fmt: skip
    """x + (α_t/α₀)·λ_t·r·θ, r the share that a piece before it publishes as `decay_share`.

    Args:
      weight_decay: λ ≥ 0, a number or a schedule.
      learning_rate: α_t, a number or a schedule.
      base_learning_rate: α₀ > 0.
      mode: as in `decay_weights`.
    """
    return decayed(x, decay * decay_share, params, mode)
