"""Lion."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces.directions import ema_read_ahead
from optzoo_jax.pieces.signs import sign
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-4, calls={"optax": {"weight_decay": 1e-3}, "authors": {}})
def lion(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.99,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Lion, without decay by default (optax.lion: 1e-3): the sign of an average that is read ahead of what it keeps.

        u = sign(β₁m + (1−β₁)g)
        m ← β₂m + (1−β₂)g
        θ ← θ − αu

    Full name: Evolved sign momentum.

    Difference from signum: the average is read with one decay and kept with another.

    Bound: α, since a sign is at most 1.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).

    Not claimed:
      phase: a complex number has no sign, and raises.

    No counterpart:
      mu_dtype: with_state_dtype(…, {'mu': dtype}), around the optimizer.

    Departures: none; sign(0) = 0. The paper's learning rates are a tenth of AdamW's, and its weight decays ten
    times as large.

    Reference: Chen et al., 2023, "Symbolic discovery of optimization algorithms", arXiv:2302.06675, Algorithm 2.
    """
    return chain(ema_read_ahead(b1, b2), sign())


scale_by_lion = step_of(lion)
