"""rate [1/g] → rate [1/g]: slower or faster by how the gradient changed."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Decay, Unit, Weight
from optzoo_jax.piece import of_params, piece
from optzoo_jax.pieces.differences import onto
from optzoo_jax.precision import zeros

# Of the parameter, not of the stream: a rate is real where the gradient is complex.
_gradient = of_params(zeros)


@piece("rate x → rate x", previous_grad=_gradient)
def dfc_friction(rate, previous_grad, grad, scale: Unit = 1.0):
    """ξ·rate, ξ = 1/(1 + exp(−|g_{t−1} − g_t|/c)), g₀ = 0: diffGrad's friction coefficient, from ½ to 1.

    Where the gradient hardly changes, near a minimum, the step is halved. Stands in a rate branch.

    Args:
      scale: c > 0 [g]; 1 in the paper, which ties ξ to the scale of the loss.

    Raises:
      TypeError: outside a rate branch.

    Reference: Dubey et al., 2019, "diffGrad: an optimization method for convolutional neural networks",
    arXiv:1909.11015.
    """
    xi = jax.nn.sigmoid(jnp.abs(previous_grad - grad) / scale)
    return xi * rate, onto(previous_grad, grad)


@piece("rate x → rate x", previous_grad=_gradient, previous_grad_2=_gradient, previous_grad_3=_gradient)
def adadb_friction(
    rate, previous_grad, previous_grad_2, previous_grad_3, grad,
    b3: Decay = 0.9, lam: Weight = 0.5, *, b_middle: Decay | None = None, scale: Unit = 1.0,
):  # fmt: skip
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
    # Each slot is written after the one that takes what it held, and read as that: of what has no order XLA:CPU makes
    # copies, three of them.
    g3, b = previous_grad_3, b3 if b_middle is None else b_middle
    g2 = onto(g3, previous_grad_2)
    g1 = onto(g2, previous_grad)
    delta = b3 * (g1 - grad) + b**2 * (g2 - g1) + b3**3 * (g3 - g2)
    s = jax.nn.sigmoid(jnp.abs(delta) / scale)
    # The product of the signs: that of two tiny gradients would underflow to −0, which is not below 0.
    same_sign = (jnp.sign(grad) * jnp.sign(g1).conj()).real >= 0
    return jnp.where(same_sign, 1 + lam * s, s) * rate, onto(g1, grad), g1, g2
