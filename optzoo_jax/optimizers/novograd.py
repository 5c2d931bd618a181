"""NovoGrad."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import identity, scale_by_momentum
from optzoo_jax.pieces.moments import moment_ema, square
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.reductions import sum_over
from optzoo_jax.pieces.updates import decay_inside
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-2, decays_inside="decoupled", calls={"optax": {}, "authors": {}})
def novograd(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.25,
    eps: Epsilon = 1e-6,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """NovoGrad, its eps 1e-6 (optax.scale_by_novograd: 1e-8): momentum of gradients over an average of their length.

        q = ‖g‖²,  v₁ = q,  v ← β₂v + (1−β₂)q      one number an array
        m ← β₁m + (g/(√v + ε) + λθ)
        θ ← θ − αm

    Full name: Stochastic normalized gradient descent with layer-wise second moments.

    Difference from adam: one second moment an array, and momentum of what it has divided.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.

    Not claimed:
      splitting: one norm an array.

    No counterpart:
      eps_root: `inverse_root(eps_root=…)` in the composition.

    Departures: the weight_decay_mode "decoupled" is the paper's, inside the momentum. A sum, not an average: there is
    no 1−β₁, as in four packages.

    Reference: Ginsburg et al., 2019, "Stochastic gradient methods with layer-wise adaptive moments for training of deep
    networks", arXiv:1905.11286, Algorithm 1.
    """
    rate = chain(square(), sum_over(), moment_ema(b2, initial="first_gradient"), inverse_root(eps))
    return chain(precondition(identity(), rate), decay_inside(**decay), scale_by_momentum(b1))


scale_by_novograd = step_of(novograd)
