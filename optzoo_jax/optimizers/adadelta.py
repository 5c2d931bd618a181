"""Adadelta."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.moments import second_moment
from optzoo_jax.pieces.rates import inverse_root, update_rms
from optzoo_jax.versions import Unpack


@optimizer(
    learning_rate=1.0, calls={"torch": {"weight_decay_mode": "l2"}, "optax": {}, "authors": {"rho": 0.95}, "survey": {}}
)
def adadelta(
    learning_rate: LearningRate = 1.0, rho: Decay = 0.9, eps: Epsilon = 1e-6, **decay: Unpack[WeightDecay]
) -> Transformation:
    """Adadelta: the step takes its units from the steps before it (without a learning rate optax.adadelta ascends).

        r ← ρr + (1−ρ)g²
        Δ = √(u + ε)/√(r + ε)·g
        u ← ρu + (1−ρ)Δ²
        θ ← θ − αΔ

    Difference from rmsprop: the root mean square of the past updates in the place of the learning rate.

    Args:
      learning_rate: α ≥ 0, a number or a schedule; 1 in the paper.
      rho: ρ in [0, 1).
      eps: ε ≥ 0; [g²] in one root and [θ²] in the other. It sets the size of the first steps.

    Not claimed:
      scale: ε gives the first step its size: at ε = 0 nothing ever moves.

    No counterpart:
      weight_decay_mask: mask.

    Departures: none. (A description in circulation averages squared gradients instead of squared updates in u, which
    diverges.)

    Reference: Zeiler, 2012, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, Algorithm 1.
    """
    return precondition(identity(), chain(second_moment(rho), inverse_root(eps_root=eps), update_rms(rho, eps)))


scale_by_adadelta = step_of(adadelta)
