"""Stochastic gradient descent."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation
from optzoo_jax.pieces import directions
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-1, degree=1, calls={"torch": {}, "optax": {}, "survey": {}}, weight_decay_mode="l2")
def sgd(
    learning_rate: LearningRate, momentum: Decay | None = None, nesterov: bool = False, **decay: Unpack[WeightDecay]
) -> Transformation:
    """SGD: a step against the gradient.

        θ ← θ − αg

    Batch, stochastic and mini-batch gradient descent are this method; they differ in how g is sampled.

    Full name: Stochastic gradient descent.

    Difference: the gradient itself: the root of all others.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: β in [0, 1) for `momentum`, with `nesterov` for `nag`; None for none.
      nesterov: Nesterov's momentum; without `momentum` it changes nothing.

    No counterpart:
      accumulator_dtype: state is kept in at least float32.

    Departures: the two arguments of optax's and torch's SGD are kept; `momentum` and `nag` are the methods.

    Reference: Robbins & Monro, 1951, "A stochastic approximation method"; survey, Algorithm 1.
    """
    if momentum is None:
        return directions.identity()
    return directions.nesterov(momentum) if nesterov else directions.scale_by_momentum(momentum)
