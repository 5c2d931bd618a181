"""RAdam."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate, Threshold
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.rates import inverse_raw_rms, inverse_rms
from optzoo_jax.pieces.rectification import hold_until_rectified, rectify
from optzoo_jax.pieces.updates import descent
from optzoo_jax.versions import Unpack

Variant = Literal["survey", "torch", "authors"]


@optimizer(
    learning_rate=1e-3,
    calls={
        "torch": {"variant": "torch", "threshold": 5.0, "weight_decay_mode": "l2"},
        "optax": {"threshold": 5.0},
        "authors": {"variant": "authors", "threshold": 5.0},
        "survey": {},
    },
)
def radam(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    eps_root: EpsilonRoot = 0.0,
    threshold: Threshold = 4.0,
    *,
    bias_correction: bool = True,
    variant: Variant = "survey",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """RAdam, rectified where ρₜ > 4, as in its paper (optax.radam: 5): Adam with its warm-up derived, not tuned.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        ρ_∞ = 2/(1−β₂) − 1,   ρₜ = ρ_∞ − 2tβ₂ᵗ/(1−β₂ᵗ)
        rₜ = √[(ρₜ−4)(ρₜ−2)ρ_∞ / ((ρ_∞−4)(ρ_∞−2)ρₜ)]
        ρₜ > threshold:  θ ← θ − α·rₜ·m̂/(√(v̂ + ε_root) + ε)
        else:            θ ← θ − αm̂

    Full name: Rectified Adam.

    Difference from adam: the early rate is scaled to the variance of the late one, and left out while that has no
    bound.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1); with β₂ ≤ 0.6 ρₜ never reaches 4 and every step is m̂.
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      threshold: ≥ 4; 4 in the paper, 5 in most code.
      bias_correction: False for m and v in the place of m̂ and v̂.
      variant: "survey" (above), "torch" (ε beside the uncorrected √v) or "authors" (no step before the threshold).

    Variants:
      survey: ρₜ > threshold: rₜ·m̂/(√v̂ + ε), else m̂ (also the paper's and optax's).
      torch: as survey, with √(1−β₂ᵗ)/(√v + ε).
      authors: as torch, from ρₜ ≥ threshold on; before it no step at all, and no decay.

    Not claimed:
      scale: its first steps have the units of the gradient, the later ones none.

    No counterpart:
      nesterov: `precondition` with `nesterov_ema` as the direction.

    Departures: the survey leaves ρ_∞ undefined; it is the paper's.

    Reference: Liu et al., 2019, "On the variance of the adaptive learning rate and beyond", arXiv:1908.03265,
    Algorithm 2; survey, Algorithm 14.
    """
    inverse = inverse_rms if variant == "survey" else inverse_raw_rms
    rate = inverse(b2, eps, eps_root, bias_correction=bias_correction)
    rectified = chain(rate, rectify(b2, threshold=threshold, inclusive=variant == "authors"))
    step = precondition(debiased_ema(b1, bias_correction=bias_correction), rectified)
    if variant != "authors":
        return step
    held = hold_until_rectified(b2, threshold=threshold)
    # The decay waits too. Without a learning rate it is the step alone that is asked for, by scale_by_radam.
    return chain(step, held) if learning_rate is None else chain(descent(step, learning_rate, **decay), held)


scale_by_radam = step_of(radam)
