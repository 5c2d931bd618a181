"""LARS."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, Factor, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import identity, scale_by_momentum
from optzoo_jax.pieces.trust import rate_beside_decay, trust_ratio
from optzoo_jax.pieces.updates import decay_inside
from optzoo_jax.versions import Unpack

Variant = Literal["optax", "paper"]


@optimizer(learning_rate=1.0, weight_decay_mode="l2", decays_inside="l2", calls={"authors": {"variant": "paper"}})
def lars(
    learning_rate: LearningRate,
    *,
    momentum: Decay = 0.9,
    trust_coefficient: Factor = 1e-3,
    eps: Epsilon = 0.0,
    variant: Variant = "optax",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """LARS, its rate outside the momentum (optax.lars: inside): gradients as long as a share of their parameters.

        r = η‖θ‖/(‖g + λθ‖ + ε), and 1 where ‖θ‖ or ‖g + λθ‖ is 0
        m ← μm + r(g + λθ)
        θ ← θ − αm

    Norms are those of one array.

    Full name: Layer-wise adaptive rate scaling.

    Difference from momentum: every array has its rate, by which its gradient is a share of its parameters long.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: μ in [0, 1).
      trust_coefficient: η > 0.
      eps: ε ≥ 0 [g].
      variant: "optax" (above) or "paper".

    Variants:
      optax: r = η‖θ‖/(‖g + λθ‖ + ε).
      paper: r = η‖θ‖/(‖g‖ + λ‖θ‖ + ε), and 1 where ‖θ‖ or ‖g‖ + λ‖θ‖ is 0.

    Not claimed:
      splitting: one norm an array.
      translation: the norm of the parameters is that of their distance to 0.

    No counterpart:
      weight_decay_mask: mask.
      trust_ratio_mask: `optax.partition`, with `momentum` for the arrays without a ratio.
      nesterov: `nesterov` after `trust_ratio`.

    Departures: α stands outside the momentum, as in optax with a constant rate. timm's, which is the paper's, takes
    r = 1 where a gradient is exactly 0, where the formula has η/λ.

    Reference: You, Gitman & Ginsburg, 2017, "Large batch training of convolutional networks", arXiv:1708.03888,
    Algorithm 1.
    """
    decayed = decay_inside("l2", **decay)
    if variant == "optax":
        return chain(decayed, trust_ratio(trust_coefficient, eps), scale_by_momentum(momentum))
    rate = rate_beside_decay(trust_coefficient, eps, **decay)
    return chain(precondition(chain(identity(), decayed), rate), scale_by_momentum(momentum))


scale_by_lars = step_of(lars)
