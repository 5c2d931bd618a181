"""Grams."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition, scoped
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.rates import inverse_raw_rms
from optzoo_jax.pieces.signs import sign_of_gradient
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def grams(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-6,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Grams: as far as Adam goes, the way that the gradient says.

        m ← β₁m + (1−β₁)g
        v ← β₂v + (1−β₂)g²
        θ ← θ − α·√(1−β₂ᵗ)/(1−β₁ᵗ)·sign(g)·|m|/(√v + ε)

    Full name: Gradient descent with adaptive momentum scaling.

    Difference from adam: the sign of the gradient in the place of the average's.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    Departures: none; ε is outside the root of v before its correction, as in the authors' code. A complex sign is
    g/|g|. pytorch_optimizer is 5e-6 away.

    Reference: Cao, Li & Song, 2024, "Grams: gradient descent with adaptive momentum scaling", arXiv:2412.17107,
    Algorithm 1.
    """
    return scoped(chain(precondition(debiased_ema(b1), inverse_raw_rms(b2, eps)), sign_of_gradient()))
