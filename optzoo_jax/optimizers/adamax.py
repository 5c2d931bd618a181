"""AdaMax."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.moments import largest_gradient
from optzoo_jax.pieces.rates import inverse
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=2e-3, calls={"torch": {"weight_decay_mode": "l2"}, "optax": {}, "authors": {"eps": 0.0}})
def adamax(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdaMax: Adam with the largest gradient of the past in the place of a root mean square.

        m ← β₁m + (1−β₁)g,   m̂ = m/(1−β₁ᵗ)
        u ← max(β₂u, |g| + ε)
        θ ← θ − αm̂/u

    Full name: Adam with the maximum norm.

    Difference from adam: a maximum that fades in the place of the root of a second moment, with no bias to correct.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], inside the maximum.

    Departures: ε stands inside the maximum and is kept in u, as in optax and torch; the paper has none.

    Reference: Kingma & Ba, 2014, "Adam: a method for stochastic optimization", arXiv:1412.6980, Algorithm 2.
    """
    return precondition(debiased_ema(b1), chain(largest_gradient(b2, eps), inverse()))
