"""AdaMod."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.bounds import momental_bound
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import debiased_ema, raw_ema
from optzoo_jax.pieces.rates import inverse_raw_rms, inverse_rms
from optzoo_jax.pieces.updates import times_learning_rate
from optzoo_jax.versions import Unpack

Variant = Literal["survey", "authors"]


@optimizer(learning_rate=1e-3, calls={"authors": {"variant": "authors"}, "survey": {}})
def adamod(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    eps_root: EpsilonRoot = 0.0,
    *,
    bias_correction: bool = True,
    b3: Decay = 0.999,
    variant: Variant = "survey",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdaMod: Adam whose rates are held down by their own average, which is a warm-up and a cut of outliers.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        η = α/(√(v̂ + ε_root) + ε)
        s ← β₃s + (1−β₃)η
        θ ← θ − min(η, s)·m̂

    Full name: Adam with a momental bound.

    Difference from adam: a rate may not exceed the average of its past.

    Bound: s·|m̂|, s the average of the rates.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False for m and v in the place of m̂ and v̂.
      b3: β₃ in [0, 1); 0 is Adam.
      variant: "survey" (above) or "authors" (both corrections in η, ε beside the uncorrected √v).

    Variants:
      survey: η = α/(√v̂ + ε), times m̂ (also the paper's).
      authors: η = α√(1−β₂ᵗ)/(1−β₁ᵗ)/(√v + ε), times m.

    Departures: the survey lists two bounds and uses none.

    Reference: Ding, Ren, Luo & Sun, 2019, "An adaptive and momental bound method for stochastic learning",
    arXiv:1910.12249, Algorithm 1; survey, Algorithm 13.
    """
    bound = (times_learning_rate(learning_rate), momental_bound(b3))
    if variant == "survey":
        rate = inverse_rms(b2, eps, eps_root, bias_correction=bias_correction)
        return precondition(debiased_ema(b1, bias_correction=bias_correction), chain(rate, *bound))
    rate = inverse_raw_rms(b2, eps, eps_root, bias_correction=bias_correction)
    return precondition(raw_ema(b1), chain(rate, *((debias(b1),) if bias_correction else ()), *bound))


# At a constant rate α may as well stand after it: a minimum of two positive multiples of α is a multiple of α.
scale_by_adamod = step_of(adamod, learning_rate=1.0)
