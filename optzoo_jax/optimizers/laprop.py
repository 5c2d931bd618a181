"""LaProp."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import debiased_ema, identity
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=4e-4, calls={"authors": {}})
def laprop(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-15,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """LaProp: Adam with the order turned round: first divided, then averaged.

        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        n = g/(√v̂ + ε)
        m ← β₁m + (1−β₁)n,    m̂ = m/(1−β₁ᵗ)
        θ ← θ − αm̂

    Full name: LaProp, momentum of normalized gradients.

    Difference from adam: steps are averaged, not gradients: momentum and normalization no longer mix.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    Departures: the authors' code averages α·n and divides by the average of the α: the same for a constant learning
    rate; here α stands outside the average. The paper's learning rate is 4e-4.

    Reference: Ziyin, Wang & Ueda, 2020, "LaProp: separating momentum and adaptivity in Adam", arXiv:2002.04839.
    """
    return chain(precondition(identity(), inverse_rms(b2, eps)), debiased_ema(b1))
