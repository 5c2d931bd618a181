"""moment [g²] → rate [1/g] → rate [1/g]: how far to go along each coordinate."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Any

import jax.numpy as jnp

from optzoo_jax.arguments import Array, Decay, Epsilon, EpsilonRoot
from optzoo_jax.piece import Transformation, chain, named, piece
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import average
from optzoo_jax.pieces.moments import abs_square, real_zeros, second_moment


@piece("moment x² → rate 1/x")
def inverse_root(v, eps: Epsilon = 0.0, eps_root: EpsilonRoot = 0.0):
    """1/(√(v + ε_root) + ε), with v + ε_root no less than the smallest normal number, so that 0/0 is 0.

    Args:
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
    """
    return 1 / _plus(jnp.sqrt(jnp.maximum(_plus(v, eps_root), jnp.finfo(v.dtype).tiny)), eps)


def _plus(x: Array, eps: Any) -> Array:
    """x + ε without an operation where ε is the number 0: most methods have one of their two ε."""
    return x if isinstance(eps, float | int) and eps == 0 else x + eps


@piece("moment x → rate 1/x")
def inverse(v, eps: Epsilon = 0.0):
    """1/(v + ε), v ≥ 0, with v + ε no less than the smallest normal number, so that 0/0 is 0.

    Args:
      eps: ε ≥ 0, in units of what comes in.
    """
    return 1 / jnp.maximum(_plus(v, eps), jnp.finfo(v.dtype).tiny)


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
