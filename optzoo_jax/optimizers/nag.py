"""Nesterov's accelerated gradient."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.momentum import after_rate
from optzoo_jax.piece import Transformation
from optzoo_jax.pieces.directions import nesterov
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=3e-2, degree=1, calls={"torch": {}, "optax": {}}, weight_decay_mode="l2")
def nag(
    learning_rate: LearningRate, momentum: Decay = 0.9, *, lr_inside: bool = False, **decay: Unpack[WeightDecay]
) -> Transformation:
    """NAG: momentum that looks where it is going.

        m ← βm + g
        θ ← θ − α(g + βm)

    θ is the look-ahead point itself; `base_point(params, state, learning_rate=α)` = θ + αβm are the parameters of
    the two-point form, m ← βm + ∇f(φ − αβm), φ ← φ − αm, and `lookahead_point` leads back.

    Full name: Nesterov's accelerated gradient.

    Difference from momentum: the gradient is taken where the momentum is about to lead.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: β in [0, 1).
      lr_inside: m ← βm + αg; θ ← θ − αg − βm, whose look-ahead point is φ − βm.

    Departures: the survey's Algorithm 3 displaces by βm instead of αβm, which diverges.

    Reference: Nesterov, 1983, "A method for solving the convex programming problem with convergence rate O(1/k²)";
    Sutskever et al., 2013, "On the importance of initialization and momentum in deep learning".
    """
    return after_rate(nesterov(momentum), learning_rate, lr_inside)
