"""Adam with decoupled weight decay."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.optimizers.adam import scale_by_adam
from optzoo_jax.piece import Transformation
from optzoo_jax.versions import Unpack


@optimizer(
    learning_rate=1e-3,
    calls={"torch": {"weight_decay": 1e-2}, "optax": {}, "authors": {"weight_decay_mode": "independent"}},
    weight_decay=1e-4,
)
def adamw(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    eps_root: EpsilonRoot = 0.0,
    *,
    bias_correction: bool = True,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdamW: Adam that decays all weights alike, also those with large gradients.

        m ← β₁m + (1−β₁)g,    m̂ = m/(1−β₁ᵗ)
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        θ ← θ − αm̂/(√(v̂ + ε_root) + ε) − αλθ

    Full name: Adam with decoupled weight decay.

    Difference from adam: the decay acts on the parameters, not through the moments.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False for m and v in the place of m̂ and v̂.

    No counterpart:
      mu_dtype: with_state_dtype(…, {'mu': dtype}), around the optimizer.
      nesterov: nadam(variant='optax').

    Departures: λ is multiplied by α, as in torch, optax and Keras; the paper's λ is not: its form is
    `weight_decay_mode="independent"`.

    Reference: Loshchilov & Hutter, 2017, "Decoupled weight decay regularization", arXiv:1711.05101, Algorithm 2.
    """
    return scale_by_adam(b1, b2, eps, eps_root, bias_correction=bias_correction)
