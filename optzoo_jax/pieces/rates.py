"""moment [g²] → rate [1/g] → rate [1/g]: how far to go along each coordinate."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from optzoo_jax.combine import chain
from optzoo_jax.leafwise import leafwise
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.moments import abs_square, second_moment
from optzoo_jax.precision import zeros_real
from optzoo_jax.transformation import Array, Numeric, Transformation, part


@part("moment [g²] → rate [1/g]")
def inverse_root(eps: Numeric = 0.0, eps_root: Numeric = 0.0) -> Transformation:
    """1/(√(v + ε_root) + ε), with v + ε_root no less than the smallest normal number, so that 0/0 is 0.

    Args:
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
    """

    def maths(v: Array, eps: Numeric, eps_root: Numeric) -> Array:
        return 1 / _plus(jnp.sqrt(jnp.maximum(_plus(v, eps_root), jnp.finfo(v.dtype).tiny)), eps)

    return leafwise(maths, once=lambda t: (eps, eps_root))


def _plus(x: Array, eps: Numeric) -> Array:
    """x + ε without an operation where ε is the number 0: most methods have one of their two ε."""
    return x if isinstance(eps, float | int) and eps == 0 else x + eps


@part("gradient [g] → rate [1/g]")
def inverse_rms(
    decay: Numeric = 0.999, eps: Numeric = 1e-8, eps_root: Numeric = 0.0, *, bias_correction: bool = True
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


@part("gradient [g] → rate [1/g]")
def inverse_raw_rms(
    decay: Numeric = 0.999, eps: Numeric = 1e-8, eps_root: Numeric = 0.0, *, bias_correction: bool = True
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


class UpdateRmsState(NamedTuple):
    """`e_x`: the average of the squared updates."""

    e_x: Any


@part("rate [1/g] → rate [θ/g]")
def update_rms(rho: Numeric = 0.9, eps: Numeric = 1e-6) -> Transformation:
    """√(u + ε)·rate;  Δ = √(u + ε)·rate·direction;  u ← ρu + (1−ρ)|Δ|²: Adadelta's correction of units.

    The root mean square of the updates so far gives the step the units of the parameters. Stands in a rate branch.

    Args:
      rho: ρ in [0, 1).
      eps: ε ≥ 0 [θ²], inside the root; at 0 nothing ever moves.

    Raises:
      TypeError: outside a rate branch.

    Reference: Zeiler, 2012, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, Algorithm 1.
    """

    def maths(rate: Array, u: Array, b: Numeric, eps: Numeric, direction: Array) -> tuple[Array, Array]:
        # Let q = |rate·d|², so that |Δ|² = (u + ε)q and u' + βε = (u + ε)(β + (1−β)q). The root is taken of u + ε
        # found from the new u', since XLA:CPU would copy the old u before it is overwritten; and q is written in two
        # ways, since it would store what both need (rate·rate it knows as 1/v). Without either: three times slower.
        q = jnp.minimum(rate * rate * abs_square(direction), jnp.finfo(rate.dtype).max)
        u = u + (1 - b) * ((u + eps) * q - u)
        growth = b + (1 - b) * abs_square(rate * jnp.abs(direction))
        return jnp.sqrt((u + b * eps) / jnp.maximum(growth, jnp.finfo(u.dtype).tiny)) * rate, u

    return leafwise(maths, slots=UpdateRmsState(zeros_real), once=lambda t: (rho, eps), reads=("direction",))
