"""AdamP."""

from __future__ import annotations

from optzoo_jax.arguments import Axis, Decay, Epsilon, LearningRate, Weight
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.adam import scale_by_adam
from optzoo_jax.piece import Transformation, chain, scoped
from optzoo_jax.pieces.places import decay_weights_by_share, project_out
from optzoo_jax.pieces.updates import descent
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def adamp(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    *,
    delta: Weight = 0.1,
    wd_ratio: Weight = 0.1,
    output_axis: Axis = -1,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdamP: Adam without the part of a step that only makes weights longer.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)

        u = m̂/(√v̂ + ε)
        where |cos(θᵢ, gᵢ)| < δ/√n for all i:   uᵢ ← uᵢ − pᵢ(pᵢ·uᵢ),  pᵢ = θᵢ/(‖θᵢ‖ + ε),  and λ ← λ·ratio
        θ ← θ − αu − αλθ

    Of an array with two axes or more, θᵢ are the n weights of an output, or else the whole array; one of fewer
    stays as it is.

    Full name: Adam with projection.

    Difference from adamw: weights whose size does not matter are not made longer by a step, and decay less.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      delta: δ ≥ 0, the cosine below which weights are taken for scale-invariant, times √n.
      wd_ratio: what the decay is multiplied by where they are.
      output_axis: the axis that counts the outputs: −1 for kernels (input, output), 0 for weights (output,
        input).

    Departures: none; the cosine is that of the gradient, not of the step. adamp 0.3.0 and timm have the same for
    weights stored (output, input), output_axis=0.

    Reference: Heo et al., 2020, "AdamP: slowing down the slowdown for momentum optimizers on scale-invariant
    weights", arXiv:2006.08217, Algorithm 2.
    """
    projected = project_out(delta, wd_ratio, eps, output_axis=output_axis)
    step = scoped(chain(scale_by_adam(b1, b2, eps), projected))
    if decay.get("weight_decay") is None:
        return step
    return descent(step, learning_rate, pull=decay_weights_by_share, **decay)
