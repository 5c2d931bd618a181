"""Hyperball Adam."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import optimizer
from optzoo_jax.optimizers.adam import scale_by_adam
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces.places import stay_on_sphere


@optimizer(learning_rate=1.8e-2, calls={"authors": {}})
def hyperball_adam(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.95,
    eps: Epsilon = 1e-8,
) -> Transformation:
    """Hyperball Adam: Adam on the sphere where an array began.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)

        u = m̂/(√v̂ + ε),   R = ‖θ₀‖, for each array
        y = θ − αR·u/‖u‖
        θ ← R·y/‖y‖

    Full name: Adam on a sphere.

    Difference from adam: a step has the length α·R, and the parameters keep the length that they had.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    Raises:
      TypeError: for a weight decay, which would be undone.

    Not claimed:
      translation: parameters that are moved leave their sphere.
      splitting: each array has a sphere.

    Departures: none from the notes; no other implementation is known.

    Reference: Wen, 2025, "Hyperball", notes after "Fantastic pretraining optimizers and where to find them",
    arXiv:2509.02046.
    """
    return chain(scale_by_adam(b1, b2, eps), stay_on_sphere(learning_rate))
