"""Padam."""

from __future__ import annotations

from typing import Annotated

from optzoo_jax.arguments import Decay, Epsilon, Hyper, LearningRate, Range
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.moments import second_moment
from optzoo_jax.pieces.rates import inverse_root, power
from optzoo_jax.versions import Unpack

Partial = Annotated[Hyper, Range("[0, 0.5]", "how far from momentum (0) to Adam (½)")]


@optimizer(learning_rate=1e-1, calls={"authors": {}}, degree=0.5)
def padam(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    *,
    partial: Partial = 0.25,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Padam: between momentum and Adam, by a power of the root.

        m ← β₁m + (1−β₁)g
        v ← β₂v + (1−β₂)g²
        θ ← θ − α·√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v + ε)^2p

    Full name: Partially adaptive momentum estimation.

    Difference from adam: the rate is raised to a power, 2p: with p = ½ it is Adam's, with p = 0 there is none.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      partial: p in [0, ½].
      eps: ε ≥ 0 [g], outside the root.

    Departures: the paper takes the largest v so far, as AMSGrad does; this, as the released package, does not. ε is
    outside the root of v before its correction.

    Reference: Chen et al., 2018, "Closing the generalization gap of adaptive gradient methods in training deep
    neural networks", arXiv:1806.06763, Algorithm 1.
    """
    rate = chain(second_moment(b2), inverse_root(eps), power(partial, 2.0), debias(b2, power=-0.5))
    return precondition(debiased_ema(b1), rate)
