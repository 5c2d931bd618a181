"""StableAdamW."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.moments import second_moment
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.trust import rms_guard, times_factor
from optzoo_jax.pieces.updates import decay_inside
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, decays_inside="decoupled", calls={"authors": {}})
def stable_adamw(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.99,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """StableAdamW: AdamW that goes slower where its second moment lags behind the gradients.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        η = α/max(1, RMS(g/max(√v̂, ε)))
        θ ← θ − η(m̂/(√v̂ + ε) + λθ)

    RMS is over one array.

    Full name: AdamW with update clipping.

    Difference from adamw: the rate of an array, and of its decay, is divided by RMS(g/√v̂) where that is more than 1.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    Not claimed:
      splitting: one root mean square an array.

    Departures: the paper's code has β(1−βᵗ⁻¹)/(1−βᵗ) in the place of β, which makes the averages the bias-corrected
    ones.

    Reference: Wortsman et al., 2023, "Stable and low-precision training for large-scale vision-language models",
    arXiv:2304.13013, Algorithm 2.
    """
    rate = chain(second_moment(b2), debias(b2), rms_guard(eps), inverse_root(eps))
    return chain(precondition(debiased_ema(b1), rate), decay_inside(**decay), times_factor())


scale_by_stable_adamw = step_of(stable_adamw)
