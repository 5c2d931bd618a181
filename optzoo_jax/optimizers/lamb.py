"""LAMB."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.pieces.trust import trust_ratio
from optzoo_jax.pieces.updates import decay_inside
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-2, decays_inside="decoupled", calls={"optax": {}, "authors": {}})
def lamb(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-6,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """LAMB: Adam's step, as long in every array as its parameters.

        u = m̂/(√v̂ + ε) + λθ          Adam's, and its decay
        r = ‖θ‖/‖u‖, and 1 where either is 0
        θ ← θ − αru

    Norms are those of one array.

    Full name: Layer-wise adaptive moments for batch training.

    Difference from adamw: the step of every array, its decay included, is made as long as the array is.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    Not claimed:
      splitting: one norm an array.
      translation: the norm of the parameters is that of their distance to 0.

    No counterpart:
      eps_root: `precondition` with `inverse_rms(eps_root=…)`, before `trust_ratio`.

    Departures: the paper's function φ of ‖θ‖ is the identity, as in the authors' code. The weight_decay_mode
    "decoupled" is the paper's, inside the ratio. pytorch_optimizer and torch_optimizer are 51 to 76 % of the path off.

    Reference: You et al., 2019, "Large batch optimization for deep learning: training BERT in 76 minutes",
    arXiv:1904.00962, Algorithm 2.
    """
    adam = precondition(debiased_ema(b1), inverse_rms(b2, eps))
    return chain(adam, decay_inside(**decay), trust_ratio())


scale_by_lamb = step_of(lamb)
