"""Adam-atan2."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import debiased_ema, scale
from optzoo_jax.pieces.moments import second_moment
from optzoo_jax.pieces.rates import inverse_atan2
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def adam_atan2(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.99,
    *,
    a: Weight = 1.27,
    b: Weight = 1.0,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Adam-atan2: Adam without an ε, by an angle in the place of a quotient.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)

        θ ← θ − α·a·atan2(m̂, b√v̂)

    Full name: Adam with an arctangent.

    Difference from adam: an arctangent in the place of the quotient: no ε, and a step has a bound.

    Bound: α·a·π/2.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      a: a ≥ 0, so that for a = 1.27 steps are about as long as Adam's.
      b: b ≥ 0, where the angle bends.

    Departures: none; 0 where m and v are 0. A complex m̂ keeps its phase, and its size |m̂| is what the angle is
    of. adam-atan2-pytorch has the same at cautious_factor=1.

    Reference: Everett et al., 2024, "Scaling exponents across parameterizations and optimizers", arXiv:2407.05872,
    Section 5.
    """
    rate = chain(second_moment(b2), debias(b2), inverse_atan2(b))
    return chain(precondition(debiased_ema(b1), rate), scale(a))
