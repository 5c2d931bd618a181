"""rate [1/g] → rate [1/g]: slower or faster by how the gradient changed."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from optzoo_jax.leafwise import leafwise
from optzoo_jax.precision import zeros
from optzoo_jax.transformation import Array, Numeric, Transformation, part


def _onto(slot: Array, x: Array) -> Array:
    """x, written into a slot's place; a NaN leaves the slot as it was.

    A slot that is simply x is what XLA:CPU computes into an array of its own and copies into the slot's.
    """
    return jnp.where(x == x, x, slot)


class DfcFrictionState(NamedTuple):
    """`previous_grad`: g_{t−1}."""

    previous_grad: Any


@part("rate [1/g] → rate [1/g]")
def dfc_friction(scale: Numeric = 1.0) -> Transformation:
    """ξ·rate, ξ = 1/(1 + exp(−|g_{t−1} − g_t|/c)), g₀ = 0: diffGrad's friction coefficient, from ½ to 1.

    Where the gradient hardly changes, near a minimum, the step is halved. Stands in a rate branch.

    Args:
      scale: c > 0 [g]; 1 in the paper, which ties ξ to the scale of the loss.

    Raises:
      TypeError: outside a rate branch.

    Reference: Dubey et al., 2019, "diffGrad: an optimization method for convolutional neural networks",
    arXiv:1909.11015.
    """

    def maths(rate: Array, previous: Array, c: Numeric, grad: Array) -> tuple[Array, Array]:
        xi = jax.nn.sigmoid(jnp.abs(previous - grad) / c)
        return xi * rate, _onto(previous, grad)

    return leafwise(maths, slots=DfcFrictionState(zeros), once=lambda t: (scale,), reads=("grad",), in_rate_branch=True)


class AdaDBFrictionState(NamedTuple):
    """`previous_grad`, `previous_grad_2`, `previous_grad_3`: g_{t−1}, g_{t−2}, g_{t−3}."""

    previous_grad: Any
    previous_grad_2: Any
    previous_grad_3: Any


@part("rate [1/g] → rate [1/g]")
def adadb_friction(
    b3: Numeric = 0.9, lam: Numeric = 0.5, *, b_middle: Numeric | None = None, scale: Numeric = 1.0
) -> Transformation:
    """ξ·rate, Δ = β₃(g_{t−1}−g_t) + β₃²(g_{t−2}−g_{t−1}) + β₃³(g_{t−3}−g_{t−2}), past gradients 0.

    ξ = 1 + λ·S where g_t·g_{t−1} ≥ 0 (the gradient keeps its sign: speed up), else S;  S = 1/(1 + e^{−|Δ|/c}).

    For complex gradients the sign is that of Re(g_t·ḡ_{t−1}). Stands in a rate branch.

    Args:
      b3: β₃ in [0, 1).
      lam: λ ≥ 0, dimensionless.
      b_middle: the decay whose square weighs the middle term; None for β₃.
      scale: c > 0 [g], 1 in the paper.

    Raises:
      TypeError: outside a rate branch.

    Reference: Khan, Jawad & Khan, 2021, "AdaDB: an adaptive gradient method with data-dependent bound",
    IEEE Access 9:99581. No public code exists; the defaults of β₃ and λ and the rule at g_t·g_{t−1} = 0 are this
    library's choice.
    """

    def maths(
        rate: Array, g1: Array, g2: Array, g3: Array, b3: Numeric, b: Numeric, lam: Numeric, c: Numeric, grad: Array
    ) -> tuple[Array, ...]:
        delta = b3 * (g1 - grad) + b**2 * (g2 - g1) + b3**3 * (g3 - g2)
        s = jax.nn.sigmoid(jnp.abs(delta) / c)
        # The product of the signs: that of two tiny gradients would underflow to −0, which is not below 0.
        same_sign = (jnp.sign(grad) * jnp.sign(g1).conj()).real >= 0
        return jnp.where(same_sign, 1 + lam * s, s) * rate, _onto(g1, grad), g1, g2

    return leafwise(
        maths,
        slots=AdaDBFrictionState(zeros, zeros, zeros),
        once=lambda t: (b3, b3 if b_middle is None else b_middle, lam, scale),
        reads=("grad",),
        in_rate_branch=True,
    )
