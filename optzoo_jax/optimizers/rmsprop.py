"""RMSProp."""

from __future__ import annotations

from typing import Literal, Unpack

from optzoo_jax.arguments import check_choice
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.combine import chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import debiased_ema, identity, nesterov, scale_by_momentum
from optzoo_jax.pieces.moments import centered, second_moment
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.updates import descent
from optzoo_jax.transformation import Numeric, Schedule, Transformation, part


@part("gradient [g] → step [1]")
def scale_by_rmsprop(
    decay: Numeric = 0.9,
    eps: Numeric = 0.0,
    *,
    eps_root: Numeric = 1e-8,
    centered: bool = False,
    bias_correction: bool = False,
    initial: Literal["zeros", "first_gradient"] = "zeros",
) -> Transformation:
    """g/(√(v + ε_root) + ε), v ← βv + (1−β)g²: the step of `rmsprop` without momentum.

    Args:
      decay: β in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      centered: v less the square of the gradients' average.
      bias_correction: v/(1−βᵗ) in the place of v, and likewise in the average of `centered`.
      initial: "zeros" for v₀ = 0, "first_gradient" for v₁ = g₁².
    """
    check_choice("rmsprop", "initial", initial, ["zeros", "first_gradient"])
    return precondition(
        identity(),
        chain(
            second_moment(decay, initial=0.0 if initial == "zeros" else initial),
            *((debias(decay),) if bias_correction else ()),
            *((_variance(decay, bias_correction),) if centered else ()),
            inverse_root(eps, eps_root),
        ),
    )


def _variance(decay: Numeric, bias_correction: bool) -> Transformation:
    return centered(debiased_ema(decay, bias_correction=bias_correction))


@optimizer(
    full_name="Root mean square propagation",
    year=2012,
    learning_rate=1e-3,
    parent="adagrad",
    difference="an average of the squared gradients in the place of their sum, so that the rate can rise again",
    calls={
        "torch": {"decay": 0.99, "eps": 1e-8, "eps_root": 0.0, "weight_decay_mode": "l2"},
        "optax": {},
        "survey": {},
    },
    no_counterpart={
        "initial_scale": "initial='zeros' or 'first_gradient'; `second_moment(initial=…)` in a chain of parts",
        "eps_in_sqrt": "eps is outside the root, eps_root inside",
        "momentum": "here after the rate, as in torch; optax has the learning rate before it",
    },
)
def rmsprop(
    learning_rate: Numeric | Schedule,
    decay: Numeric = 0.9,
    eps: Numeric = 0.0,
    *,
    eps_root: Numeric = 1e-8,
    momentum: Numeric | None = None,
    nesterov: bool = False,
    centered: bool = False,
    bias_correction: bool = False,
    initial: Literal["zeros", "first_gradient"] = "zeros",
    **decay_arguments: Unpack[WeightDecay],
) -> Transformation:
    """RMSProp: the gradient over the root of the average of its square.

        v ← βv + (1−β)g²
        θ ← θ − αg/(√(v + ε_root) + ε)

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

    Departures: the survey uses a β that it does not list. `eps` is always outside the root here; optax's is inside.

    Reference: Tieleman & Hinton, 2012, "Lecture 6.5: RMSProp", Coursera; survey, Algorithm 5.
    """
    step = scale_by_rmsprop(
        decay, eps, eps_root=eps_root, centered=centered, bias_correction=bias_correction, initial=initial
    )
    if momentum is not None:
        step = chain(step, _momentum(momentum, nesterov))
    return descent(step, learning_rate, **decay_arguments)


def _momentum(decay: Numeric, with_nesterov: bool) -> Transformation:
    return nesterov(decay) if with_nesterov else scale_by_momentum(decay)
