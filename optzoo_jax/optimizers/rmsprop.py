"""RMSProp."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces import directions, moments
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.versions import Unpack


@optimizer(
    learning_rate=1e-3,
    calls={
        "torch": {"decay": 0.99, "eps": 1e-8, "eps_root": 0.0, "weight_decay_mode": "l2"},
        "optax": {},
        "survey": {},
    },
)
def rmsprop(
    learning_rate: LearningRate,
    decay: Decay = 0.9,
    eps: Epsilon = 0.0,
    *,
    eps_root: EpsilonRoot = 1e-8,
    momentum: Decay | None = None,
    nesterov: bool = False,
    centered: bool = False,
    bias_correction: bool = False,
    initial: Literal["zeros", "first_gradient"] = "zeros",
    **decay_arguments: Unpack[WeightDecay],
) -> Transformation:
    """RMSProp, eps outside the root (optax.rmsprop: inside): the gradient over the root of the average of its square.

        v ← βv + (1−β)g²
        θ ← θ − αg/(√(v + ε_root) + ε)

    Full name: Root mean square propagation.

    Difference from adagrad: an average of the squared gradients in the place of their sum, so that the rate can rise
    again.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      decay: β in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      momentum: in [0, 1), of the steps, after the rate; None for none.
      nesterov: Nesterov's momentum; without `momentum` it changes nothing.
      centered: v less the square of the gradients' average, in the root.
      bias_correction: v/(1−βᵗ) in the place of v.
      initial: "zeros" for v₀ = 0, "first_gradient" for v₁ = g₁².

    No counterpart:
      initial_scale: initial='zeros' or 'first_gradient'; `second_moment(initial=…)` in a chain of parts.
      eps_in_sqrt: eps is outside the root, eps_root inside.
      momentum: here after the rate, as in torch; optax has the learning rate before it.

    Departures: the survey uses a β that it does not list. `eps` is always outside the root here; optax's is inside.

    Reference: Tieleman & Hinton, 2012, "Lecture 6.5: RMSProp", Coursera; survey, Algorithm 5.
    """
    moment = moments.second_moment(decay, initial=0.0 if initial == "zeros" else initial)
    if bias_correction:
        moment = chain(moment, debias(decay))
    if centered:
        moment = chain(moment, moments.centered(directions.debiased_ema(decay, bias_correction=bias_correction)))
    step = precondition(directions.identity(), chain(moment, inverse_root(eps, eps_root)))
    if momentum is None:
        return step
    return chain(step, directions.nesterov(momentum) if nesterov else directions.scale_by_momentum(momentum))


scale_by_rmsprop = step_of(rmsprop)
