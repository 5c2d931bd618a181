"""Adam-mini."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Axis, Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.moments import moment_ema, square
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.reductions import mean_over
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def adam_mini(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.95,
    eps: Epsilon = 1e-8,
    *,
    block: Literal["tensor", "row"] = "tensor",
    output_axis: Axis = -1,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Adam-mini: Adam with one second moment a block.

        m ← β₁m + (1−β₁)g,               m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)·mean(g²),       v̂ = v/(1−β₂ᵗ)      the mean over the block
        θ ← θ − αm̂/(√v̂ + ε)

    Difference from adam: one second moment an array or an output, that of the mean of the squares.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      block: "tensor", the whole array, or "row", what leads to one output; of a vector every number is one.
      output_axis: −1 for Flax's kernels (input, output); 0 where weights are stored (output, input).

    Not claimed:
      splitting: one second moment an array.

    Departures: the released package chooses blocks by the names of parameters.

    Reference: Zhang et al., 2024, "Adam-mini: use fewer learning rates to gain more", arXiv:2406.16793, Algorithm 1.
    """
    block_mean = mean_over() if block == "tensor" else mean_over(keep=output_axis)
    rate = chain(square(), block_mean, moment_ema(b2), debias(b2), inverse_root(eps))
    return precondition(debiased_ema(b1), rate)


scale_by_adam_mini = step_of(adam_mini)
