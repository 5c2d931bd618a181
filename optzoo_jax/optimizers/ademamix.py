"""AdEMAMix."""

from __future__ import annotations

import operator

from optzoo_jax.arguments import Decay, Epsilon, LearningRate, Steps, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, join, precondition
from optzoo_jax.pieces.directions import debiased_ema, slow_ema
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def ademamix(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    b3: Decay = 0.9999,
    alpha: Weight = 5.0,
    eps: Epsilon = 1e-8,
    *,
    warmup: Steps | None = None,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdEMAMix: two averages of the gradients, a fast one and one of a very long past.

        m₁ ← β₁m₁ + (1−β₁)g,      m̂₁ = m₁/(1−β₁ᵗ)
        m₂ ← β₃m₂ + (1−β₃)g
        v ← β₂v + (1−β₂)g²,       v̂ = v/(1−β₂ᵗ)
        θ ← θ − α_lr(m̂₁ + αm₂)/(√v̂ + ε)

    Full name: Adam with a mixture of two averages.

    Difference from adamw: a second, slow average of the gradients is added to the first.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      b3: β₃ in [0, 1).
      alpha: α ≥ 0, the weight of the slow average; no learning rate.
      eps: ε ≥ 0 [g], outside the root.
      warmup: T ≥ 1, the steps in which α rises in a straight line to its value, and the half-life of the slow
        average from that of β₁ to that of β₃; None for both constant.

    Departures: none. The slow average is not bias-corrected, as in the paper. pytorch_optimizer 4.1 is 5e-7 to 3e-6
    away under a warm-up.

    Reference: Pagliardini, Ablin & Grangier, 2024, "The AdEMAMix optimizer: better, faster, older",
    arXiv:2409.03137, Algorithm 1.
    """
    slow = slow_ema(b3, alpha, start=b1, warmup=warmup)
    return precondition(join(operator.add, debiased_ema(b1), slow), inverse_rms(b2, eps))
