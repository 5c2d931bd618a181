"""Signum."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces.directions import raw_ema
from optzoo_jax.pieces.signs import sign
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"optax": {}, "authors": {}})
def signum(
    learning_rate: LearningRate,
    momentum: Decay = 0.9,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Signum: the sign of an average of the gradients.

        m ← βm + (1−β)g
        θ ← θ − α·sign(m)

    Full name: Sign momentum.

    Difference from ema_momentum: its sign in the place of the average.

    Bound: α, since a sign is at most 1.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: β in [0, 1).

    Not claimed:
      phase: a complex number has no sign, and raises.

    No counterpart:
      beta: momentum is the name here.
      accumulator_dtype: state is kept in at least float32.

    Departures: none; sign(0) = 0. Tiger is the same rule with another schedule.

    Reference: Bernstein, Wang, Azizzadenesheli & Anandkumar, 2018, "signSGD: compressed optimisation for non-convex
    problems", arXiv:1802.04434, Algorithm 2.
    """
    return chain(raw_ema(momentum), sign())
