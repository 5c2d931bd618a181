"""QHM."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces.directions import mix, raw_ema
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-1, calls={"authors": {}}, degree=1)
def qhm(
    learning_rate: LearningRate,
    momentum: Decay = 0.999,
    nu: Weight = 0.7,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """QHM: part of the way along the gradient, part along an average.

        m ← βm + (1−β)g
        θ ← θ − α((1−ν)g + νm)

    Full name: Quasi-hyperbolic momentum.

    Difference from ema_momentum: the gradient is mixed into the average once more.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: β in [0, 1).
      nu: ν ≥ 0, the weight of the average: 0 for SGD, 1 for `ema_momentum`.

    Departures: none. The average is not bias-corrected, and ν = β is Nesterov's momentum.

    Reference: Ma & Yarats, 2018, "Quasi-hyperbolic momentum and Adam for deep learning", arXiv:1810.06801, Section
    3.
    """
    return chain(raw_ema(momentum), mix(nu))
