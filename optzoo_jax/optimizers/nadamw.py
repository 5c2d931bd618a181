"""NAdamW."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import mix, raw_ema
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def nadamw(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """NAdamW, as in AlgoPerf and timm (optax.nadamw corrects otherwise): AdamW whose momentum looks ahead.

        m ← β₁m + (1−β₁)g
        d = (β₁m + (1−β₁)g)/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        θ ← θ − αd/(√v̂ + ε)

    Full name: Adam with Nesterov momentum and decoupled weight decay.

    Difference from nadam: a constant β₁, and one bias correction for both terms of the momentum.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    No counterpart:
      mu_dtype: with_state_dtype(…, {'mu': dtype}), around the optimizer.

    Departures: none from the baseline. optax.nadamw divides the momentum in d by 1 − β₁ᵗ⁺¹, which takes 5 to 6 % of
    the path away from here: that is nadam(variant='optax', weight_decay_mode='decoupled').

    Reference: Dozat, 2016, "Incorporating Nesterov momentum into Adam"; Dahl et al., 2023, "Benchmarking neural
    network training algorithms", arXiv:2306.07179.
    """
    return precondition(chain(raw_ema(b1), mix(b1), debias(b1)), inverse_rms(b2, eps))
