"""Simplified AdEMAMix."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import mix, scale_by_momentum
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-5, calls={"authors": {}})
def simplified_ademamix(
    learning_rate: LearningRate,
    b1: Decay = 0.99,
    b2: Decay = 0.95,
    alpha: Weight = 0.0,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Simplified AdEMAMix: a sum of the gradients, and the gradient of now once more.

        m ← β₁m + g
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        θ ← θ − α_lr(m + αg)/(√v̂ + ε)

    Full name: Adam with a sum and the gradient.

    Difference from ademamix: a sum in the place of the slow average, and the gradient in that of the fast one.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      alpha: α ≥ 0, the weight of the gradient; no learning rate.
      eps: ε ≥ 0 [g], outside the root.

    Departures: none. m is a sum, and grows to g/(1−β₁): the learning rate is about (1−β₁) times Adam's.
    optax.contrib has the same; pytorch_optimizer 4.1 is 55 to 65 % of the path away.

    Reference: Morwani, Vyas, Zhang & Kakade, 2025, "Connections between Schedule-Free optimizers, AdEMAMix, and
    accelerated SGD variants", arXiv:2502.02431.
    """
    return precondition(chain(scale_by_momentum(b1), mix(1.0, alpha)), inverse_rms(b2, eps))
