"""AMSGrad."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.moments import running_max, second_moment
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.versions import Unpack

Variant = Literal["survey", "paper", "torch"]


@optimizer(
    learning_rate=1e-3,
    calls={
        "torch": {"variant": "torch", "weight_decay_mode": "l2"},
        "optax": {},
        "authors": {"variant": "paper"},
        "survey": {},
    },
)
def amsgrad(
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
    """AMSGrad: Adam with a long memory, which converges where Adam's forgets rare, large gradients.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        v_max ← max(v_max, v̂)
        θ ← θ − αm̂/(√(v_max + ε_root) + ε)

    Full name: Adam with a rate that never rises.

    Difference from adam: the largest second moment so far in the place of the current one.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False for m and v in the place of m̂ and v̂.
      variant: "survey" (the maximum of v̂), "paper" (of v; nothing corrected) or "torch" (of v; then corrected).

    Variants:
      survey: the maximum of v̂ (also optax's).
      paper: the maximum of v, and nothing is bias-corrected.
      torch: the maximum of v, divided by the current 1−β₂ᵗ.

    No counterpart:
      mu_dtype: with_state_dtype(…, {'mu': dtype}), around the optimizer.
      bias_correction_mu: bias_correction, for both moments.
      bias_correction_nu: bias_correction, for both moments.

    Departures: the paper corrects no bias; the survey does, and leaves its first maximum undefined (here 0).

    Reference: Reddi, Kale & Kumar, 2018, "On the convergence of Adam and beyond", arXiv:1904.09237, Algorithm 2;
    survey, Algorithm 8.
    """
    corrected = bias_correction and variant != "paper"
    correction = (debias(b2),) if corrected else ()
    maximum = (running_max(), *correction) if variant == "torch" else (*correction, running_max())
    rate = chain(second_moment(b2), *maximum, inverse_root(eps, eps_root))
    return precondition(debiased_ema(b1, bias_correction=corrected), rate)


scale_by_amsgrad = step_of(amsgrad)
