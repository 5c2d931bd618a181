"""Adan."""

from __future__ import annotations

import operator

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, join, precondition
from optzoo_jax.pieces.differences import difference, last_change
from optzoo_jax.pieces.directions import debiased_ema, identity, scale
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}}, weight_decay_mode="proximal")
def adan(
    learning_rate: LearningRate,
    b1: Decay = 0.98,
    b2: Decay = 0.92,
    b3: Decay = 0.99,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Adan, with the authors' 1 − β (optax.adan takes 1 − β₂ for β₂): Adam of the gradient and of its change.

        Δ = g − g_{t−1}, 0 at t = 1
        m ← β₁m + (1−β₁)g,               m̂ = m/(1−β₁ᵗ)
        w ← β₂w + (1−β₂)Δ,               ŵ = w/(1−β₂ᵗ)
        n ← β₃n + (1−β₃)(g + β₂Δ)²,      n̂ = n/(1−β₃ᵗ)
        θ ← θ − α(m̂ + β₂ŵ)/(√n̂ + ε)

    Full name: Adaptive Nesterov momentum.

    Difference from adam: an average of the gradients' changes leads their average, and a change each gradient that
    is squared.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      b3: β₃ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    No counterpart:
      eps_root: `precondition` with `inverse_rms` as the rate.

    Departures: the paper writes 1 − β for these β. optax.adan 0.2.8 has 1 − β₂ where β₂ is meant, 29 % of the path
    away; adan-pytorch 0.1.0, 23 %.

    Reference: Xie, Zhou, Li, Lin & Yan, 2022, "Adan: adaptive Nesterov momentum algorithm for faster optimizing
    deep models", arXiv:2208.06677, Algorithm 1.
    """
    ahead = chain(difference(initial="first_gradient"), debiased_ema(b2), scale(b2))
    direction = join(operator.add, debiased_ema(b1), ahead)
    seen_ahead = join(operator.add, identity(), chain(last_change(), scale(b2)))  # the Δ of `ahead`
    return precondition(direction, chain(seen_ahead, inverse_rms(b3, eps)))
