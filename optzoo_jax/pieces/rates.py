"""moment [g²] → rate [1/g] → rate [1/g]: how far to go along each coordinate."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from fractions import Fraction
from typing import Any

import jax.numpy as jnp

from optzoo_jax.arguments import Array, Decay, Epsilon, EpsilonRoot, Hyper, Weight
from optzoo_jax.piece import Transformation, chain, named, piece
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import average
from optzoo_jax.pieces.moments import abs_square, plus, real_zeros, second_moment


@piece("moment x² → rate 1/x")
def inverse_root(v, eps: Epsilon = 0.0, eps_root: EpsilonRoot = 0.0):
    """1/(√(v + ε_root) + ε), with v + ε_root no less than the smallest normal number, so that 0/0 is 0.

    Args:
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
    """
    return 1 / plus(jnp.sqrt(jnp.maximum(plus(v, eps_root), jnp.finfo(v.dtype).tiny)), eps)


def root_above(v: Array, eps: Any) -> Array:
    """max(√v, ε), and never 0, so that 0/0 is 0."""
    tiny = float(jnp.finfo(v.dtype).tiny)
    normal = v >= tiny
    # Of a root next to 0 no derivative: it is one that overflows, times 0.
    return jnp.maximum(jnp.where(normal, jnp.sqrt(jnp.where(normal, v, 1)), tiny**0.5), eps)


@piece("moment x → rate 1/x")
def inverse(v, eps: Epsilon = 0.0):
    """1/(v + ε), with v + ε no nearer to 0 than the smallest normal number, so that 0/0 is 0.

    Args:
      eps: ε ≥ 0, in units of what comes in.
    """
    bottom, tiny = plus(v, eps), jnp.finfo(v.dtype).tiny
    return 1 / jnp.where(jnp.abs(bottom) < tiny, tiny, bottom)


@piece("moment x² → rate 1/x")
def inverse_max_root(v, eps: Epsilon | None = 0.0):
    """1/max(√v, ε), with v no less than the smallest normal number, so that 0/0 is 0.

    Args:
      eps: ε ≥ 0 [g]; None for the distance of 1 to the next number of the array's dtype.
    """
    return 1 / root_above(v, jnp.finfo(v.dtype).eps if eps is None else eps)


@piece("moment [g²] → rate [1/g]")
def inverse_atan2(v, direction, b: Weight = 1.0):
    """atan2(|d|, b√v)/|d|: times d an angle, which is d/(b√v) where that is small, and never more than π/2.

    No ε is needed; 0 where d is 0. Stands in a rate branch.

    Args:
      b: b ≥ 0, without a unit.

    Raises:
      TypeError: outside a rate branch.

    Reference: Everett et al., 2024, "Scaling exponents across parameterizations and optimizers", arXiv:2407.05872.
    """
    d = jnp.abs(direction)
    moves = d > 0
    angle = jnp.arctan2(d, b * jnp.sqrt(jnp.maximum(v, jnp.finfo(v.dtype).tiny)))
    return jnp.where(moves, angle / jnp.where(moves, d, 1), 0)


def to_the_power(exponent: float, times: float) -> str:
    """x → xᵖ"""
    return f"x → x^{Fraction(times * exponent).limit_denominator(1000)}"


@piece(to_the_power)
def power(x, exponent: Hyper, times: Hyper = 1.0):
    """xᵖ, p = times·exponent; 0 where x ≤ 0, and 1 where p = 0.

    Args:
      exponent: a number, or a schedule, after which units are unknown.
      times: what it is multiplied by, so that half or twice a schedule can be said.
    """
    p = times * exponent
    if isinstance(p, float | int) and p == 0:
        return jnp.ones_like(x)
    positive = x > 0
    return jnp.where(positive, jnp.where(positive, x, 1) ** p, jnp.where(p == 0, 1, 0).astype(x.dtype))


@named
def inverse_rms(
    decay: Decay = 0.999, eps: Epsilon = 1e-8, eps_root: EpsilonRoot = 0.0, *, bias_correction: bool = True
) -> Transformation:
    """1/(√(v̂ + ε_root) + ε), v̂ = v/(1−βᵗ): the rate of Adam.

    Args:
      decay: β in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False for v in the place of v̂.
    """
    corrected = (debias(decay),) if bias_correction else ()
    return chain(second_moment(decay), *corrected, inverse_root(eps, eps_root))


@named
def inverse_raw_rms(
    decay: Decay = 0.999, eps: Epsilon = 1e-8, eps_root: EpsilonRoot = 0.0, *, bias_correction: bool = True
) -> Transformation:
    """√(1−βᵗ)/(√(v + ε_root) + ε): Adam's rate with the correction after the root, as most authors' code has it.

    In early steps ε weighs 1/√(1−βᵗ) times as much as in `inverse_rms`.

    Args:
      decay: β in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False to leave √(1−βᵗ) out.
    """
    corrected = (debias(decay, power=-0.5),) if bias_correction else ()
    return chain(second_moment(decay), inverse_root(eps, eps_root), *corrected)


@piece("rate [1/g] → rate [θ/g]", e_x=real_zeros)
def update_rms(rate, e_x, direction, rho: Decay = 0.9, eps: EpsilonRoot = 1e-6):
    """√(u + ε)·rate;  Δ = √(u + ε)·rate·direction;  u ← ρu + (1−ρ)|Δ|²: Adadelta's correction of units.

    The root mean square of the updates so far gives the step the units of the parameters. Stands in a rate branch.

    Args:
      rho: ρ in [0, 1).
      eps: ε ≥ 0 [θ²], inside the root; at 0 nothing ever moves.

    Raises:
      TypeError: outside a rate branch.

    Reference: Zeiler, 2012, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, Algorithm 1.
    """
    # Let q = |rate·d|², so that |Δ|² = (u + ε)q and u' + βε = (u + ε)(β + (1−β)q). The root is taken of u + ε
    # found from the new u', since XLA:CPU would copy the old u before it is overwritten; and q is written in two
    # ways, since it would store what both need (rate·rate it knows as 1/v). Without either: three times slower.
    q = jnp.minimum(rate * rate * abs_square(direction), jnp.finfo(rate.dtype).max)
    u = average(e_x, (e_x + eps) * q, rho)
    growth = rho + (1 - rho) * abs_square(rate * jnp.abs(direction))
    return jnp.sqrt((u + rho * eps) / jnp.maximum(growth, jnp.finfo(u.dtype).tiny)) * rate, u
