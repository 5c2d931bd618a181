"""Grokfast-AdamW."""

from __future__ import annotations

import operator

from optzoo_jax.arguments import Decay, Epsilon, LearningRate, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.adam import scale_by_adam
from optzoo_jax.piece import Transformation, chain, join
from optzoo_jax.pieces.directions import identity, slow_ema
from optzoo_jax.pieces.schedules import from_the_second
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def grokfast_adamw(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.99,
    *,
    alpha: Decay = 0.98,
    lam: Weight = 2.0,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Grokfast-AdamW: AdamW of gradients whose slow part is amplified.

        e₁ = g₁,   e ← ae + (1−a)g
        h = g + λe
        m ← β₁m + (1−β₁)h,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)h²,   v̂ = v/(1−β₂ᵗ)
        θ ← θ − αm̂/(√v̂ + ε)

    Full name: AdamW behind a low-pass filter.

    Difference from adamw: a slow average of the gradients is added to each before Adam sees it.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      alpha: a in [0, 1), the decay of the slow average; no learning rate.
      lam: λ ≥ 0, the weight of the slow average.
      eps: ε ≥ 0 [g], outside the root.

    Departures: none; pytorch_optimizer is 3e-9 away.

    Reference: Lee, Kang, Kim & Lee, 2024, "Grokfast: accelerated grokking by amplifying slow gradients",
    arXiv:2405.20233, Algorithm 1.
    """
    amplified = join(operator.add, identity(), slow_ema(from_the_second(alpha), lam))
    return chain(amplified, scale_by_adam(b1, b2, eps))
