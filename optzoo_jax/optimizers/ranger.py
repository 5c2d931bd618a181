"""Ranger: Lookahead around RAdam."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate, Share, Steps
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.radam import radam
from optzoo_jax.piece import Transformation
from optzoo_jax.versions import Unpack
from optzoo_jax.wrappers.lookahead import lookahead


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def ranger(
    learning_rate: LearningRate,
    b1: Decay = 0.95,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-5,
    *,
    sync_period: Steps = 6,
    slow_step_size: Share = 0.5,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Ranger: RAdam runs ahead, slow weights follow.

        θ ← RAdam's step from θ (variant "torch", threshold 5)
        every k-th step:   φ ← φ + a(θ − φ),   θ ← φ

    `eval_params(state, params)` gives φ.

    Full name: Ranger: Lookahead around RAdam.

    Difference from radam: slow weights follow RAdam's, half of the way every six steps.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      sync_period: k ≥ 1.
      slow_step_size: a in [0, 1].

    Not claimed:
      scale: its first steps have the units of the gradient, the later ones none.

    Departures: as the pytorch_ranger package; later versions add gradient centralization, this does not.

    Reference: Wright, 2019, "Ranger: a synergistic optimizer"; Zhang et al., 2019, arXiv:1907.08610; Liu et al.,
    2019, arXiv:1908.03265.
    """
    inner = radam(learning_rate, b1, b2, eps, threshold=5.0, variant="torch", **decay)
    return lookahead(inner, sync_period, slow_step_size)
