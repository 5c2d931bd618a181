"""ADOPT."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.clips import clip_growing
from optzoo_jax.pieces.directions import identity, raw_ema, scale
from optzoo_jax.pieces.moments import lagged_ema, square
from optzoo_jax.pieces.rates import inverse_max_root
from optzoo_jax.pieces.schedules import from_the_second
from optzoo_jax.pieces.updates import descent
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def adopt(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.9999,
    eps: Epsilon = 1e-6,
    *,
    clip: bool = True,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """ADOPT: divides by the second moment of the step before, and averages after that.

        t = 1:  v ← g², and nothing moves
        t ≥ 2:  n = g/max(√v, ε);   n ← clip(n, ±(t−1)^¼)
                m ← β₁m + (1−β₁)n
                v ← β₂v + (1−β₂)g²
                θ ← θ − αm

    Full name: Adaptive gradient method with the optimal rate of convergence.

    Difference from adam: divided by a second moment that does not know it, and then averaged; no bias correction.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], below which √v does not fall.
      clip: False for no limit on n.

    Departures: none; the authors' code and optax.contrib.adopt have the same. pytorch_optimizer 4.1 and timm 1.0.31
    are equal where the clip never acts.

    Reference: Taniguchi et al., 2024, "ADOPT: modified Adam can converge with any β₂ with the optimal rate",
    arXiv:2411.02853, Algorithm 2.
    """
    waits = scale(from_the_second(1.0))
    rate = chain(square(), lagged_ema(b2), inverse_max_root(eps), waits)
    limit = (clip_growing(),) if clip else ()
    step = chain(precondition(identity(), rate), *limit, raw_ema(b1))
    if decay.get("weight_decay") is None:
        return step
    return chain(descent(step, learning_rate, **decay), waits)  # what decays stands still as well


scale_by_adopt = step_of(adopt)
