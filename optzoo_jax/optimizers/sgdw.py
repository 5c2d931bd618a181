"""SGD with momentum and decay outside the momentum."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.momentum import after_rate
from optzoo_jax.piece import Transformation
from optzoo_jax.pieces.directions import scale_by_momentum
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=3e-2, degree=1, calls={"authors": {}}, weight_decay=1e-4, weight_decay_mode="independent")
def sgdw(
    learning_rate: LearningRate, momentum: Decay = 0.9, *, lr_inside: bool = False, **decay: Unpack[WeightDecay]
) -> Transformation:
    """SGDW: momentum whose weight decay does not pass through it.

        m ← βm + g
        θ ← θ − αm − (α/α₀)λθ

    Full name: SGD with decoupled weight decay.

    Difference from momentum: the decay acts on the parameters, not through the gradient.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: β in [0, 1).
      lr_inside: m ← βm + αg; θ ← θ − m − (α/α₀)λθ.

    Departures: λ is a share of θ per step, not multiplied by α, as in the paper; a widespread port subtracts the
    constant λ instead of λθ.

    Reference: Loshchilov & Hutter, 2017, "Decoupled weight decay regularization", arXiv:1711.05101, Algorithm 1.
    """
    return after_rate(scale_by_momentum(momentum), learning_rate, lr_inside)
