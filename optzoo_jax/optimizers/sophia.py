"""Sophia."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, Factor, LearningRate, Steps
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.curvature import at_most, given_curvature
from optzoo_jax.pieces.directions import raw_ema, scale
from optzoo_jax.pieces.moments import moment_ema
from optzoo_jax.pieces.rates import inverse
from optzoo_jax.pieces.schedules import in_every
from optzoo_jax.versions import Unpack


@optimizer(kind="second-order optimizer", learning_rate=1e-3, calls={"authors": {}})
def sophia(
    learning_rate: LearningRate,
    b1: Decay = 0.965,
    b2: Decay = 0.99,
    rho: Factor = 0.04,
    eps: Epsilon = 1e-15,
    *,
    update_interval: Steps = 10,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Sophia: an average of the gradients over one of curvatures, and no number goes further than α.

        every k-th step, from the first on:   h ← β₂h + (1−β₂)ĥ
        m ← β₁m + (1−β₁)g
        θ ← θ − α·sign(m)·min(|m|/(ρh + ε), 1)

    Takes ĥ at each step: `update(grads, state, params, hessian_diagonal=ĥ)`; `gauss_newton_bartlett` and `hutchinson`
    estimate it. In between it has no weight, and must be finite.

    Full name: Second-order clipped stochastic optimization.

    Difference from adam: divided by an average of the curvature, in the place of the root of that of squares, and cut.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      rho: ρ > 0; the smaller, the more numbers are cut, and where all are, the method is signum.
      eps: ε ≥ 0 [g].
      update_interval: k ≥ 1.

    Raises:
      TypeError: where update is called without `hessian_diagonal=`.

    Not claimed:
      scale: the curvature is given, and does not scale with the gradients.

    No counterpart:
      gamma: rho.

    Departures: as the authors' code, whose batch size is folded into ĥ; the paper has max(ρh, ε). optax's has that too
    and corrects m for its start, 10 to 110 % of the path off where not all is cut.

    Reference: Liu et al., 2023, "Sophia: a scalable stochastic second-order optimizer for language model pre-training",
    arXiv:2305.14342, Algorithm 3.
    """
    curvature = chain(given_curvature(), moment_ema(in_every(update_interval, b2)))
    return precondition(raw_ema(b1), chain(curvature, scale(rho), inverse(eps), at_most(1.0)))


scale_by_sophia = step_of(sophia)
