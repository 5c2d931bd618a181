"""MARS-AdamW."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.adam import scale_by_adam
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces.clips import clip_norm
from optzoo_jax.pieces.differences import mars_gradient
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=3e-3, calls={"authors": {}})
def mars_adamw(
    learning_rate: LearningRate,
    b1: Decay = 0.95,
    b2: Decay = 0.99,
    *,
    gamma: Weight = 0.025,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """MARS-AdamW: Adam of gradients that are corrected by how they changed.

        c = g + γβ₁/(1−β₁)·(g − g_{t−1}),    g₀ = 0;    c ← c/max(1, ‖c‖₂), for each array
        m ← β₁m + (1−β₁)c,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)c²,   v̂ = v/(1−β₂ᵗ)
        θ ← θ − αm̂/(√v̂ + ε)

    Full name: Adam with variance reduction.

    Difference from adamw: both moments are of the gradient corrected by its change.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      gamma: γ ≥ 0, the weight of the correction.
      eps: ε ≥ 0 [g], outside the root.

    Not claimed:
      scale: the corrected gradient is cut at a length of 1 [g].
      splitting: it is cut by the length of the whole array.

    Departures: this is the authors' approximate form, which takes the gradient of the step before for that of this
    batch at the parameters before, so that one gradient a step is enough. Vectors are treated as matrices are (the
    authors' `optimize_1d=True`; by default they send them to AdamW).

    Reference: Yuan et al., 2024, "MARS: unleashing the power of variance reduction for training large models",
    arXiv:2411.10438, Algorithm 2.
    """
    return chain(mars_gradient(b1, gamma), clip_norm(1.0), scale_by_adam(b1, b2, eps))
