"""QHAdam."""

from __future__ import annotations

from typing import Annotated

from optzoo_jax.arguments import Decay, Epsilon, Hyper, LearningRate, Range, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition, scoped
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import debiased_ema, mix
from optzoo_jax.pieces.moments import moment_ema, square
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.versions import Unpack

Share = Annotated[Hyper, Range("[0, 1]", "the weight of an average of squares, whose root is taken")]


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def qhadam(
    learning_rate: LearningRate,
    b1: Decay = 0.995,
    b2: Decay = 0.999,
    *,
    nu1: Weight = 0.7,
    nu2: Share = 1.0,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """QHAdam: quasi-hyperbolic averages in Adam's direction and in its rate.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)

        θ ← θ − α((1−ν₁)g + ν₁m̂)/(√((1−ν₂)g² + ν₂v̂) + ε)

    Full name: Quasi-hyperbolic Adam.

    Difference from adam: gradient and square are mixed into their averages once more.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      nu1: ν₁ ≥ 0, the weight of the average in the direction.
      nu2: ν₂ in [0, 1], the weight of the average in the rate.
      eps: ε ≥ 0 [g], outside the root.

    Departures: none.

    Reference: Ma & Yarats, 2018, "Quasi-hyperbolic momentum and Adam for deep learning", arXiv:1810.06801, Section
    4.
    """
    mean_square = scoped(chain(moment_ema(b2), debias(b2), mix(nu2)))  # in it the gradient that is mixed in is g²
    return precondition(chain(debiased_ema(b1), mix(nu1)), chain(square(), mean_square, inverse_root(eps)))
