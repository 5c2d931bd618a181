"""MARS-Lion."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, LearningRate, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces.clips import clip_norm
from optzoo_jax.pieces.differences import mars_gradient
from optzoo_jax.pieces.directions import raw_ema
from optzoo_jax.pieces.signs import sign
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=3e-4, calls={"authors": {}})
def mars_lion(
    learning_rate: LearningRate,
    b1: Decay = 0.95,
    gamma: Weight = 0.025,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """MARS-Lion: the sign of an average of corrected gradients.

        c = g + γβ₁/(1−β₁)·(g − g_{t−1}),    g₀ = 0;    c ← c/max(1, ‖c‖₂), for each array
        m ← β₁m + (1−β₁)c
        θ ← θ − α·sign(m)

    Full name: Variance-reduced sign momentum.

    Difference from signum: the gradient is corrected by how it changed before it is averaged.

    Bound: α, since a sign is at most 1.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      gamma: γ ≥ 0, the weight of the correction.

    Not claimed:
      scale: the corrected gradient is cut at a length of 1 [g].
      splitting: it is cut by the length of the whole array.
      phase: a complex number has no sign, and raises.

    Departures: none; unlike Lion it has one decay: what is read is what is kept. Vectors are treated as matrices
    are (the authors' `optimize_1d=True`).

    Reference: Yuan et al., 2024, "MARS: unleashing the power of variance reduction for training large models",
    arXiv:2411.10438, Algorithm 4.
    """
    return chain(mars_gradient(b1, gamma), clip_norm(1.0), raw_ema(b1), sign())
