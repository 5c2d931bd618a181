"""NAdam."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate, Speed
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, precondition
from optzoo_jax.pieces.directions import nesterov_ema, scheduled_nesterov_ema
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack

Variant = Literal["dozat", "optax", "ruder"]


@optimizer(
    learning_rate=2e-3, calls={"torch": {"weight_decay_mode": "l2"}, "optax": {"variant": "optax"}, "authors": {}}
)
def nadam(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    eps_root: EpsilonRoot = 0.0,
    *,
    bias_correction: bool = True,
    momentum_decay: Speed = 4e-3,
    variant: Variant = "dozat",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """NAdam, with the paper's momentum schedule (optax.nadam: without): Adam whose momentum looks where it is going.

        μₜ = β₁(1 − ½·0.96^(tψ))
        m ← β₁m + (1−β₁)g
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        m̄ = μₜ₊₁m/(1−Π_{i≤t+1}μᵢ) + (1−μₜ)g/(1−Π_{i≤t}μᵢ)
        θ ← θ − αm̄/(√(v̂ + ε_root) + ε)

    Full name: Adam with Nesterov momentum.

    Difference from adam: the average of the gradients is seen one step ahead.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False to leave out the denominators of m̄ and v̂.
      momentum_decay: ψ ≥ 0; read by the variant "dozat" alone.
      variant: "dozat" (μₜ as above), "optax" (μ = β₁) or "ruder" (μ = β₁, and t in the place of t+1).

    Variants:
      dozat: the paper's momentum schedule μₜ (also torch's).
      optax: constant β₁, the momentum corrected for the step to come.
      ruder: constant β₁, both terms corrected for the current step.

    No counterpart:
      mu_dtype: with_state_dtype(…, {'mu': dtype}), around the optimizer.
      nesterov: adam is the method without.

    Departures: none from the paper; torch has the same.

    Reference: Dozat, 2016, "Incorporating Nesterov momentum into Adam", ICLR workshop, Algorithm 8; Ruder, 2016,
    arXiv:1609.04747.
    """
    if variant == "dozat":
        direction = scheduled_nesterov_ema(b1, momentum_decay=momentum_decay, bias_correction=bias_correction)
    else:
        direction = nesterov_ema(b1, ahead=1 if variant == "optax" else 0, bias_correction=bias_correction)
    return precondition(direction, inverse_rms(b2, eps, eps_root, bias_correction=bias_correction))


scale_by_nadam = step_of(nadam)
