"""diffGrad."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.friction import dfc_friction
from optzoo_jax.pieces.rates import inverse_raw_rms, inverse_rms
from optzoo_jax.versions import Unpack

Variant = Literal["survey", "authors"]


@optimizer(learning_rate=1e-3, calls={"authors": {"variant": "authors"}, "survey": {}})
def diffgrad(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    eps_root: EpsilonRoot = 0.0,
    *,
    bias_correction: bool = True,
    variant: Variant = "survey",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """diffGrad: Adam with friction where the gradient stands still.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        ξ = 1/(1 + e^−|g_{t−1}−g_t|),   g₀ = 0
        θ ← θ − αξm̂/(√(v̂ + ε_root) + ε)

    Difference from adam: a friction from ½ to 1, which slows coordinates whose gradient hardly changes.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False for m and v in the place of m̂ and v̂.
      variant: "survey" (above) or "authors" (ε beside the uncorrected √v).

    Variants:
      survey: ξm̂/(√v̂ + ε) (also the paper's).
      authors: ξm̂·√(1−β₂ᵗ)/(√v + ε).

    Not claimed:
      scale: friction measures the change of the gradient against scale = 1 [g].

    Departures: g₀ is 0, which paper and survey leave open. ξ depends on the scale of the loss: where gradients are
    small everywhere it is ½ everywhere.

    Reference: Dubey et al., 2019, "diffGrad: an optimization method for convolutional neural networks",
    arXiv:1909.11015; survey, Algorithm 10.
    """
    inverse = inverse_rms if variant == "survey" else inverse_raw_rms
    rate = inverse(b2, eps, eps_root, bias_correction=bias_correction)
    return precondition(debiased_ema(b1, bias_correction=bias_correction), chain(rate, dfc_friction()))


scale_by_diffgrad = step_of(diffgrad)
