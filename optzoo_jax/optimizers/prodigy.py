"""Prodigy."""

from __future__ import annotations

import math

from optzoo_jax.arguments import Decay, Epsilon, Factor, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import raw_ema
from optzoo_jax.pieces.distances import Growth, estimate_distance, inverse_root_at_distance
from optzoo_jax.pieces.moments import second_moment
from optzoo_jax.pieces.trust import times_factor
from optzoo_jax.pieces.updates import decay_inside
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1.0, decays_inside="decoupled", calls={"optax": {"bias_correction": True}, "authors": {}})
def prodigy(
    learning_rate: LearningRate = 1.0,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    *,
    d0: Factor = 1e-6,
    d_coef: Factor = 1.0,
    growth_rate: Growth = math.inf,
    bias_correction: bool = False,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Prodigy: Adam that finds its learning rate, the distance from the start to the minimum.

        a = dαk,  k = 1;  β₃ = √β₂
        r ← β₃r + (d/d₀)a⟨g, θ₀−θ⟩
        s ← β₃s + (d/d₀)a·g
        m ← β₁m + d(1−β₁)g
        v ← β₂v + d²(1−β₂)g²
        d̂ = c·r/‖s‖₁;  where d = d₀: d ← max(d, d̂);  d_max ← max(d_max, d̂);  d ← min(d_max, d·growth)
        θ ← θ − a(m/(√v + dε) + λθ)        a of the old d, ε of the new

    Sums are over the whole tree. As long as ‖s‖₁ = 0 the parameters do not move.

    Full name: Prodigy.

    Difference from adam: times one number for the tree, an estimate from below of the way to the minimum.

    Args:
      learning_rate: α ≥ 0, a number or a schedule: a share of what is found, 1 to begin with.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      d0: d₀ > 0 [θ], the first distance.
      d_coef: c > 0, what the estimate is multiplied by.
      growth_rate: ≥ 1, how much d may grow in a step.
      bias_correction: k = √(1−β₂ᵗ)/(1−β₁ᵗ).

    Not claimed:
      translation: a move of the parameters between two steps is taken for a part of the way.

    No counterpart:
      betas: b1 and b2.
      beta3: it is √β₂.
      estim_lr0: d0.
      estim_lr_coef: d_coef.
      safeguard_warmup: the gradients' sum is one of steps, learning rate included.

    Departures: optax.contrib.prodigy always has k, which is 7 to 84 % of the path off without, and is NaN in a warm-up
    from 0 and after a first gradient of zeros.

    Reference: Mishchenko & Defazio, 2023, "Prodigy: an expeditiously adaptive parameter-free learner",
    arXiv:2306.06101, Algorithm 4.
    """
    found = estimate_distance(
        learning_rate, b2, b1=b1, d0=d0, d_coef=d_coef, growth_rate=growth_rate, bias_correction=bias_correction
    )
    adam = precondition(raw_ema(b1), chain(second_moment(b2), inverse_root_at_distance(eps)))
    return chain(found, adam, decay_inside(**decay), times_factor())


scale_by_prodigy = step_of(prodigy, learning_rate=1.0)
