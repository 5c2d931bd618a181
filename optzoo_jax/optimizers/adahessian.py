"""AdaHessian."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate, Power
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.curvature import given_curvature
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.moments import second_moment
from optzoo_jax.pieces.rates import inverse
from optzoo_jax.pieces.rates import power as to_the_power
from optzoo_jax.versions import Unpack


@optimizer(kind="second-order optimizer", learning_rate=1e-1, calls={"authors": {}})
def adahessian(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    power: Power = 1.0,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdaHessian: Adam with curvatures in the place of the gradients whose squares are averaged.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)ĥ²,   v̂ = v/(1−β₂ᵗ)
        θ ← θ − αm̂/(v̂^(p/2) + ε)

    Takes ĥ at each step: `update(grads, state, params, hessian_diagonal=ĥ)`, which `hutchinson` estimates.

    Difference from adam: squares of the Hessian's diagonal, and a power of their average.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      power: p ≥ 0; at 1 a step of Newton's, at 0 momentum.
      eps: ε ≥ 0, outside the power.

    Raises:
      TypeError: where update is called without `hessian_diagonal=`.

    Not claimed:
      scale: the curvature is given, and does not scale with the gradients.

    Departures: no averaging over neighbours in space, which belongs to the estimate of ĥ.

    Reference: Yao et al., 2020, "ADAHESSIAN: an adaptive second order optimizer for machine learning",
    arXiv:2006.00719, Algorithm 2.
    """
    rate = chain(given_curvature(), second_moment(b2), debias(b2), to_the_power(power, times=0.5), inverse(eps))
    return precondition(debiased_ema(b1), rate)


scale_by_adahessian = step_of(adahessian)
