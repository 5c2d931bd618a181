"""Adagrad."""

from __future__ import annotations

from typing import Unpack

from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.combine import chain, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.moments import sum_of_squares
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.updates import descent
from optzoo_jax.transformation import Numeric, Schedule, Transformation, part


@part("gradient [g] → step [1]")
def scale_by_adagrad(
    initial_accumulator_value: Numeric = 0.0, eps: Numeric = 0.0, *, eps_root: Numeric = 1e-8
) -> Transformation:
    """g/(√(G + ε_root) + ε), G ← G + g²: the step of `adagrad`.

    Args:
      initial_accumulator_value: G₀ ≥ 0 [g²].
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
    """
    return precondition(identity(), chain(sum_of_squares(initial_accumulator_value), inverse_root(eps, eps_root)))


@optimizer(
    full_name="Adaptive subgradient descent",
    year=2011,
    learning_rate=1e-2,
    parent="sgd",
    difference="each coordinate's rate is one over the root of the sum of its squared gradients",
    calls={
        "torch": {"eps": 1e-10, "eps_root": 0.0, "weight_decay_mode": "l2"},
        "optax": {"initial_accumulator_value": 0.1, "eps": 0.0, "eps_root": 1e-7},
        "survey": {},
    },
)
def adagrad(
    learning_rate: Numeric | Schedule,
    initial_accumulator_value: Numeric = 0.0,
    eps: Numeric = 0.0,
    *,
    eps_root: Numeric = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Adagrad: rare coordinates take large steps, and every rate only falls.

        G ← G + g²
        θ ← θ − αg/(√(G + ε_root) + ε)

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      initial_accumulator_value: G₀ ≥ 0 [g²].
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.

    Departures: G is the diagonal of the paper's matrix, as everywhere. The survey lists a β that it does not use.

    Reference: Duchi, Hazan & Singer, 2011, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 12:2121; survey, Algorithm 4.
    """
    step = scale_by_adagrad(initial_accumulator_value, eps, eps_root=eps_root)
    return descent(step, learning_rate, **decay)
