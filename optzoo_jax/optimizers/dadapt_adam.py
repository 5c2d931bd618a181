"""D-Adaptation of Adam."""

from __future__ import annotations

import math

from optzoo_jax.arguments import Decay, Epsilon, Factor, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation
from optzoo_jax.pieces.distances import Growth, dadapt_step
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1.0, calls={"optax": {"bias_correction": True}, "authors": {}})
def dadapt_adam(
    learning_rate: LearningRate = 1.0,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    *,
    d0: Factor = 1e-6,
    growth_rate: Growth = math.inf,
    bias_correction: bool = False,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """DAdaptAdam: Adam that finds its learning rate from the gradients that it has seen.

        a = dαk,  k = 1;  q = √β₂
        A = Σ a⟨g, s/(√v + ε)⟩
        m ← β₁m + a(1−β₁)g
        v ← β₂v + (1−β₂)g²
        s ← qs + a(1−q)g
        n ← qn + (1−q)A
        d ← max(d, min(n/((1−q)‖s‖₁), d·growth))
        θ ← θ − m/(√v + ε)

    Sums are over the whole tree. As long as ‖s‖₁ = 0 the parameters do not move.

    Full name: D-Adaptation of Adam.

    Difference from prodigy: the distance comes from products of gradients, not from that to the start.

    Args:
      learning_rate: α ≥ 0, a number or a schedule: a share of what is found, 1 to begin with.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      d0: d₀ > 0 [θ], the first distance.
      growth_rate: ≥ 1, how much d may grow in a step.
      bias_correction: k = √(1−β₂ᵗ)/(1−β₁ᵗ).

    No counterpart:
      betas: b1 and b2.
      estim_lr0: d0.

    Departures: optax.contrib.dadapt_adamw always has k, which is 1 to 65 % of the path off without, and is NaN where
    ‖s‖₁ is 0.

    Reference: Defazio & Mishchenko, 2023, "Learning-rate-free learning by D-adaptation", arXiv:2301.07733,
    Algorithm 5.
    """
    return dadapt_step(learning_rate, b1, b2, eps, d0=d0, growth_rate=growth_rate, bias_correction=bias_correction)


scale_by_dadapt_adam = step_of(dadapt_adam, learning_rate=1.0)
