"""Adagrad."""

from __future__ import annotations

from optzoo_jax.arguments import Epsilon, EpsilonRoot, Initial, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.moments import sum_of_squares
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.versions import Unpack


@optimizer(
    learning_rate=1e-2,
    calls={
        "torch": {"eps": 1e-10, "eps_root": 0.0, "weight_decay_mode": "l2"},
        "optax": {"initial_accumulator_value": 0.1, "eps": 0.0, "eps_root": 1e-7},
        "survey": {},
    },
)
def adagrad(
    learning_rate: LearningRate,
    initial_accumulator_value: Initial = 0.0,
    eps: Epsilon = 0.0,
    *,
    eps_root: EpsilonRoot = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Adagrad, its sum from 0, eps outside the root (optax.adagrad: 0.1, inside): rare coordinates take large steps.

        G ← G + g²
        θ ← θ − αg/(√(G + ε_root) + ε)

    Full name: Adaptive subgradient descent.

    Difference from sgd: each coordinate's rate is one over the root of the sum of its squared gradients.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      initial_accumulator_value: G₀ ≥ 0 [g²].
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.

    Departures: G is the diagonal of the paper's matrix, as everywhere. The survey lists a β that it does not use.

    Reference: Duchi, Hazan & Singer, 2011, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 12:2121; survey, Algorithm 4.
    """
    rate = chain(sum_of_squares(initial=initial_accumulator_value), inverse_root(eps, eps_root))
    return precondition(identity(), rate)


scale_by_adagrad = step_of(adagrad)
