"""MADGRAD."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import accumulate
from optzoo_jax.pieces.moments import square
from optzoo_jax.pieces.places import pull_to_anchor, times_growing_rate
from optzoo_jax.pieces.rates import inverse, power
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-2, calls={"authors": {}}, degree=0.3333333333333333)
def madgrad(
    learning_rate: LearningRate,
    momentum: Decay = 0.9,
    eps: Epsilon = 1e-6,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """MADGRAD: dual averages of the gradients, from where training began.

        λₜ = (α + ε)·√t
        s ← s + λₜg
        v ← v + λₜg²
        z = θ₀ − s/(∛v + ε)
        θ ← cθ + (1−c)z

    Full name: Momentumized, adaptive, dual averaged gradient method.

    Difference from adagrad: a cube root, weights that grow as √t, and steps counted from the first parameters.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: c in [0, 1), the share of the parameters that stays.
      eps: ε ≥ 0, outside the root, and added to the learning rate.

    Not claimed:
      translation: steps are counted from the parameters at the start, which do not move along.

    Departures: the paper's c is 1 − momentum. ε is in λ too, as in the authors' code; optax.contrib.madgrad has λ in
    float32, 8e-8 away.

    Reference: Defazio & Jelassi, 2021, "Adaptivity without compromise: a momentumized, adaptive, dual averaged
    gradient method for stochastic optimization", arXiv:2101.11075, Algorithm 1.
    """
    weighted = times_growing_rate(learning_rate, eps)
    rate = chain(square(), weighted, accumulate(), power(0.3333333333333333), inverse(eps))
    return chain(precondition(chain(weighted, accumulate()), rate), pull_to_anchor(momentum))
