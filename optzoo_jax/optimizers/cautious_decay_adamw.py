"""AdamW with cautious decay."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.adam import scale_by_adam
from optzoo_jax.piece import Transformation
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}}, weight_decay=0.1, weight_decay_mode="cautious")
def cautious_decay_adamw(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdamW with cautious decay: weights decay only where the step does not drive them up.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)

        u = m̂/(√v̂ + ε)
        θ ← θ − α(u + λθ·[u·θ ≥ 0])

    The decay is one that every method has, `weight_decay_mode="cautious"`; here it is the default.

    Full name: AdamW with cautious weight decay.

    Difference from adamw: decay only where the step shrinks the parameter too, or there is none.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    Departures: none; where the gradient was always 0 the step is 0, and the parameter decays. heavyball asks for
    u·θ > 0 there.

    Reference: Chen et al., 2025, "Cautious weight decay", arXiv:2510.12402, Algorithm 1.
    """
    return scale_by_adam(b1, b2, eps)
