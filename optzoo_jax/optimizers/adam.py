"""Adam."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, precondition
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack


@optimizer(
    learning_rate=1e-3,
    calls={"torch": {"weight_decay_mode": "l2"}, "optax": {}, "authors": {}, "survey": {"eps": 0.0, "eps_root": 1e-8}},
)
def adam(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    eps_root: EpsilonRoot = 0.0,
    *,
    bias_correction: bool = True,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Adam: an average of the gradients over the root of the average of their squares.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        θ ← θ − αm̂/(√(v̂ + ε_root) + ε)

    Full name: Adaptive moment estimation.

    Difference from rmsprop: an average of the gradients in the place of the gradient, and both averages bias-corrected.

    Bound: α·√(1−β₂ᵗ)/(1−β₁ᵗ)·(1−β₁)/√((1−β₂)(1−β₁²/β₂)), for β₁² < β₂, by Cauchy and Schwarz; the paper's
    α·(1−β₁)/√(1−β₂) is reached by one gradient after zeros, and exceeded by gradients that grow by β₂/β₁.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False for m and v in the place of m̂ and v̂.

    No counterpart:
      mu_dtype: with_state_dtype(…, {'mu': dtype}), around the optimizer.
      nesterov: nadam(variant='optax').

    Departures: the survey has ε inside the root.

    Reference: Kingma & Ba, 2014, "Adam: a method for stochastic optimization", arXiv:1412.6980, Algorithm 1; survey,
    Algorithm 6.
    """
    rate = inverse_rms(b2, eps, eps_root, bias_correction=bias_correction)
    return precondition(debiased_ema(b1, bias_correction=bias_correction), rate)


scale_by_adam = step_of(adam)
