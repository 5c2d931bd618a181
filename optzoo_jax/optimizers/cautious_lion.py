"""Cautious Lion."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.lion import scale_by_lion
from optzoo_jax.piece import Transformation
from optzoo_jax.pieces.signs import cautious
from optzoo_jax.versions import Unpack

Variant = Literal["plus_one", "mean"]


@optimizer(learning_rate=1e-4, calls={"authors": {}})
def cautious_lion(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.99,
    *,
    variant: Variant = "plus_one",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Cautious Lion: no step against the gradient of now.

        u = sign(β₁m + (1−β₁)g)
        m ← β₂m + (1−β₂)g
        k = 1 where u·g > 0, else 0
        θ ← θ − αku·size/(Σk + 1)

    Full name: Lion, masked by the sign of the gradient.

    Difference from lion: numbers whose step and gradient have different signs stand still, and the others go
    further.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      variant: "plus_one" (above) or "mean".

    Variants:
      plus_one: ku·size/(Σk + 1), for each array (the authors').
      mean: ku/max(mean(k), 1e-3) (timm's).

    Not claimed:
      splitting: what steps are divided by is one number for an array.
      phase: a complex number has no sign, and raises.

    Departures: none from the authors' code. The decay is not masked.

    Reference: Liang, Chen, Liu & Liu, 2024, "Cautious optimizers: improving training with one line of code",
    arXiv:2411.16085.
    """
    return cautious(scale_by_lion(b1, b2), variant)
