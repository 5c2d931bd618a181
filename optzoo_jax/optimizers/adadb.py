"""AdaDB."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate, Weight
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.friction import adadb_friction
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack

Variant = Literal["survey", "printed"]


@optimizer(learning_rate=1e-3, calls={"survey": {}})
def adadb(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    eps_root: EpsilonRoot = 0.0,
    *,
    bias_correction: bool = True,
    b3: Decay = 0.9,
    lam: Weight = 0.5,
    variant: Variant = "survey",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdaDB: friction where the gradient turns, a push where it does not.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        Δ = β₃(g_{t−1}−g_t) + β₃²(g_{t−2}−g_{t−1}) + β₃³(g_{t−3}−g_{t−2})
        S = 1/(1 + e^−|Δ|)
        ξ = 1 + λS where g_t·g_{t−1} ≥ 0, else S
        θ ← θ − αξm̂/(√(v̂ + ε_root) + ε)

    Difference from diffgrad: friction from three past differences, and a speed-up where the gradient keeps its sign.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False for m and v in the place of m̂ and v̂.
      b3: β₃ in [0, 1).
      lam: λ ≥ 0.
      variant: "survey" (above) or "printed" (β₂² in the middle of Δ).

    Variants:
      survey: weights β₃, β₃², β₃³.
      printed: weights β₃, β₂², β₃³, as the survey has it in print.

    Not claimed:
      scale: friction measures the change of the gradient against scale = 1 [g].

    Departures: the survey prints β₂² in the middle of Δ between powers of β₃, and leaves g₀, g₋₁, g₋₂ open (here 0).
    No public code exists: the defaults of β₃ and λ and the rule at g_t·g_{t−1} = 0 are this library's choice.

    Reference: Khan, Jawad & Khan, 2021, "AdaDB: an adaptive gradient method with data-dependent bound", IEEE Access
    9:99581; survey, Algorithm 11.
    """
    friction = adadb_friction(b3, lam, b_middle=b2 if variant == "printed" else None)
    rate = inverse_rms(b2, eps, eps_root, bias_correction=bias_correction)
    return precondition(debiased_ema(b1, bias_correction=bias_correction), chain(rate, friction))


scale_by_adadb = step_of(adadb)
