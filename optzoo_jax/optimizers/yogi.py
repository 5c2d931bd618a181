"""Yogi."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, Initial, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import raw_ema
from optzoo_jax.pieces.moments import yogi_moment
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.versions import Unpack

Variant = Literal["survey", "paper", "authors"]


@optimizer(
    learning_rate=1e-2,
    calls={
        "optax": {"variant": "authors", "initial_accumulator_value": 1e-6},
        "authors": {"variant": "authors", "initial_accumulator_value": 1e-6},
        "survey": {},
    },
)
def yogi(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-3,
    *,
    initial_accumulator_value: Initial = 0.0,
    variant: Variant = "survey",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Yogi, its averages from 0 (optax.yogi: from 1e-6): Adam whose rate cannot rise in a jump.

        m ← β₁m + (1−β₁)g,               m̂ = m/(1−β₁ᵗ)
        v ← v − (1−β₂)·sign(v−g²)·g²,    v̂ = v/(1−β₂ᵗ)
        θ ← θ − αm̂/(√v̂ + ε)

    Full name: Yogi.

    Difference from adam: the second moment changes by the square of the gradient, not by its distance to it.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      initial_accumulator_value: v₀ ≥ 0 [g²], and in the variant "authors" m₀ [g].
      variant: "survey" (above), "paper" (m and v uncorrected) or "authors" (m₀ = v₀).

    Variants:
      survey: both averages bias-corrected, v₀ = the initial value.
      paper: nothing is bias-corrected, v₀ = the initial value.
      authors: both averages bias-corrected, m₀ = v₀ = the initial value (torch packages, optax).

    Departures: the survey prints v + (1−β₂)… where the paper has −: v then turns negative in the first step.

    Reference: Zaheer, Reddi, Sachan, Kale & Kumar, 2018, "Adaptive methods for nonconvex optimization", NeurIPS,
    Algorithm 2; survey, Algorithm 7.
    """
    start, corrected = initial_accumulator_value, variant != "paper"
    direction = chain(
        raw_ema(b1, initial=start if variant == "authors" else 0.0), *((debias(b1),) if corrected else ())
    )
    moment = chain(yogi_moment(b2, initial=start), *((debias(b2),) if corrected else ()))
    return precondition(direction, chain(moment, inverse_root(eps)))


scale_by_yogi = step_of(yogi)
