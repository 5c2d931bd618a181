"""Polyak's heavy ball, and its average form."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces.directions import debiased_ema, scale_by_momentum
from optzoo_jax.pieces.updates import times_learning_rate
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=3e-2, degree=1, calls={"torch": {}, "optax": {}, "survey": {}}, weight_decay_mode="l2")
def momentum(
    learning_rate: LearningRate, momentum: Decay = 0.9, *, lr_inside: bool = False, **decay: Unpack[WeightDecay]
) -> Transformation:
    """Momentum: a heavy ball that keeps rolling.

        m ← βm + g
        θ ← θ − αm

    Under a constant gradient the step grows to αg/(1−β).

    Full name: Gradient descent with momentum.

    Difference from sgd: a decayed sum of the gradients in the place of the gradient.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: β in [0, 1).
      lr_inside: m ← βm + αg; θ ← θ − m. Equal at constant α; under a schedule m remembers the old rates.

    Departures: the survey's prose calls m an exponential average; its algorithm and this are a sum.

    Reference: Polyak, 1964, "Some methods of speeding up the convergence of iteration methods"; survey, Algorithm 2.
    """
    return after_rate(scale_by_momentum(momentum), learning_rate, lr_inside)


def after_rate(direction: Transformation, learning_rate: LearningRate, lr_inside: bool) -> Transformation:
    """The direction of αg where `lr_inside`, else of g."""
    return chain(times_learning_rate(learning_rate), direction) if lr_inside else direction


@optimizer(learning_rate=1e-1, degree=1, weight_decay_mode="l2")
def ema_momentum(
    learning_rate: LearningRate, momentum: Decay = 0.9, *, bias_correction: bool = True, **decay: Unpack[WeightDecay]
) -> Transformation:
    """Averaged momentum: the step is an average of the gradients, so α means what it means in SGD.

        m ← βm + (1−β)g
        m̂ = m/(1−βᵗ)
        θ ← θ − αm̂

    Full name: Gradient descent with averaged momentum.

    Difference from momentum: an average of the gradients in the place of their sum.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: β in [0, 1).
      bias_correction: False for m in the place of m̂.

    Reference: the direction of Adam: Kingma & Ba, 2014, arXiv:1412.6980, sections 2 and 3.
    """
    return debiased_ema(momentum, bias_correction=bias_correction)
