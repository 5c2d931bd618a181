"""step [1] → update [θ]: the learning rate, the weight decay, and the sign."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from collections.abc import Callable
from typing import Any, Literal

import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Base, Decayed, LearningRate, validated
from optzoo_jax.piece import Transformation, chain, from_the_second_step, masked, named, node_of, piece, scoped
from optzoo_jax.units import check_step

WeightDecayMode = Literal["l2", "decoupled", "independent", "proximal", "cautious"]


@piece("x → update x·[α]")
def scale_by_learning_rate(x, learning_rate: LearningRate):
    """−α_t·x: from a step to an update, which `optax.apply_updates` adds.

    Args:
      learning_rate: α ≥ 0, a number or a schedule, which is evaluated at 0 in the first step.
    """
    # The sign is folded into a number that is known; of one that is computed it would be a kernel of its own.
    return -learning_rate * x if isinstance(learning_rate, float | int) else -(learning_rate * x)


@piece("x → x·[α]")
def times_learning_rate(x, learning_rate: LearningRate):
    """α_t·x, with the sign that it had: for a learning rate inside a rate, or inside an average.

    Args:
      learning_rate: α ≥ 0, a number or a schedule, which is evaluated at 0 in the first step.
    """
    return learning_rate * x


@piece("x → update x")
def negate(x):
    """−x: from a step with the learning rate in it to an update, which `optax.apply_updates` adds."""
    return -x


def decay(t: Array, weight_decay: Decayed, *, learning_rate: LearningRate = 1.0, base_learning_rate: Base = 1.0) -> Any:
    """(α_t/α₀)·λ_t."""
    return weight_decay * learning_rate / base_learning_rate


@piece("x → x", facts=[decay])
def decay_weights(x, decay, params, *, mode: Literal["plain", "proximal", "cautious"] = "plain"):
    """x + (α_t/α₀)·λ_t·θ: `add_decayed_weights`, whose arguments it has, without a mask.

    Args:
      weight_decay: λ ≥ 0, a number or a schedule.
      learning_rate: α_t, a number or a schedule.
      base_learning_rate: α₀ > 0.
      mode: "plain"; "proximal" for (x + αλθ)/(1 + αλ), where x has α in it; "cautious" for decay only where
        x·θ ≥ 0 (Re(x·θ̄) of complex numbers), where the step shrinks the parameter too, or there is none.
    """
    return decayed(x, decay, params, mode)


def decayed(x: Array, pull: Any, params: Array, mode: str) -> Array:
    """x with decay in it; `decay_weights` has the modes."""
    if mode == "proximal":
        return (x + pull * params) / (1 + pull)
    if mode == "cautious":
        # The product of the signs: that of two tiny numbers would underflow to −0, which is not below 0.
        agree = (jnp.sign(x) * jnp.sign(params).conj()).real >= 0
        return x + pull * jnp.where(agree, params, jnp.zeros_like(params))
    return x + pull * params


@named
def add_decayed_weights(
    weight_decay: Decayed, mask: Any = None, *, learning_rate: LearningRate = 1.0, base_learning_rate: Base = 1.0
) -> Transformation:
    """x + (α_t/α₀)·λ_t·θ.

    Before everything else it is L2 regularization; on a step, before its learning rate, decoupled decay; after the
    learning rate, with `learning_rate`, decoupled decay with α₀ = 1 and independent decay with α₀ = the base rate.

    Args:
      weight_decay: λ ≥ 0, a number or a schedule.
      mask: as in optax: a pytree of booleans, or a function from the parameters to one; only what is True decays.
      learning_rate: α_t, a number or a schedule.
      base_learning_rate: α₀ > 0.

    Raises:
      ValueError: where update is called without params.
    """
    link = decay_weights(weight_decay, learning_rate=learning_rate, base_learning_rate=base_learning_rate)
    return link if mask is None else masked(link, mask)


def decay_inside(
    mode: WeightDecayMode = "decoupled",
    *,
    weight_decay: Decayed | None = None,
    weight_decay_mode: WeightDecayMode = "decoupled",
    mask: Any = None,
    base_learning_rate: Base | None = None,
) -> Transformation:
    """x + λ_t·θ in the middle of a step, for methods whose decay is scaled or averaged with it; else x.

    Args:
      mode: the weight_decay_mode that means this place, the one that `optimizer(decays_inside=…)` names.
      weight_decay, weight_decay_mode, mask: the optimizer's.
      base_learning_rate: of no use here.
    """
    here = weight_decay is not None and weight_decay_mode == mode
    return add_decayed_weights(weight_decay, mask) if here else chain()


@piece("x → x", facts=[decay])
def decay_after(x, decay, params):
    """x − (α_t/α₀)·λ_t·(θ + x): decay of the parameters that an update x leads to."""
    return x - decay * (params + x)


@validated
def descent(
    step: optax.GradientTransformation,
    learning_rate: LearningRate,
    *,
    rate_inside: bool = False,
    weight_decay: Decayed | None = None,
    weight_decay_mode: WeightDecayMode = "decoupled",
    mask: Any = None,
    base_learning_rate: Base | None = None,
    pull: Callable[..., Transformation] | None = None,
) -> Transformation:
    """From a method's step to its update: θ ← θ − α·step, with weight decay in one of several ways.

    Stream: gradient [g] → update [θ].

        l2            g ← g + λθ, before everything
        decoupled     θ ← θ − α_t·λ·θ
        independent   θ ← θ − (α_t/α₀)·λ·θ
        proximal      θ ← (θ − α·step)/(1 + α_t·λ)
        cautious      θ ← θ − α_t·λ·θ where step·θ ≥ 0

    Args:
      step: gradient → step; with α in it where `rate_inside`.
      learning_rate: α ≥ 0, a number or a schedule (evaluated at 0 in the first step).
      rate_inside: the step has the learning rate in it already.
      weight_decay: λ ≥ 0, a number or a schedule; None for no decay.
      weight_decay_mode: "l2", "decoupled", "independent", "proximal" or "cautious".
      mask: as in `optax.adamw`: a pytree of booleans, or a function from the parameters to one; True decays.
      base_learning_rate: α₀ > 0 of "independent"; the learning rate itself where that is a number.
      pull: the piece that decays, one that has the arguments of `decay_weights`; None for that.

    Raises:
      TypeError: where the step is no transformation, or a rate or a moment; or has a learning rate in it and
        `rate_inside` does not say so.
      ValueError: an unknown mode; "independent" with a schedule and without `base_learning_rate`.
    """
    check_step(node_of(step, "descent").flow, rate_inside=rate_inside)
    last = negate() if rate_inside else scale_by_learning_rate(learning_rate)
    if weight_decay is None:
        return chain(step, last)
    if weight_decay_mode == "l2":
        return chain(add_decayed_weights(weight_decay, mask), scoped(step), last)
    modes = {"mode": weight_decay_mode} if weight_decay_mode in ("proximal", "cautious") else {}

    def pulled(**shares: Any) -> Transformation:
        link = (pull or decay_weights)(weight_decay, **shares, **modes)
        return link if mask is None else masked(link, mask)

    # α·(step + λθ) where α is known; else αλ is one number a step, and no constant in every array's program.
    if weight_decay_mode in ("decoupled", "cautious") and not rate_inside and isinstance(learning_rate, float | int):
        return chain(step, pulled(), last)
    scaled = step if rate_inside else chain(step, times_learning_rate(learning_rate))
    base = base_learning_rate if weight_decay_mode == "independent" else 1.0
    if base is None:  # α₀ is α, and α/α₀ nothing to compute
        require_base("weight_decay_mode='independent'", learning_rate)
    shares = {} if base is None else {"learning_rate": learning_rate, "base_learning_rate": base}
    return chain(scaled, pulled(**shares), negate())


def decay_updated(step: optax.GradientTransformation, learning_rate: Any, **decay: Any) -> Transformation:
    """θ ← (θ − α·step)(1 − αλ): where decay is decoupled, from what the step led to; but the first step is none.

    Without such a decay it is the step.

    Args:
      step: gradient → step, 0 in the first step.
      learning_rate: α.
      **decay: the arguments of `descent`.
    """
    if decay.get("weight_decay") is None or decay["weight_decay_mode"] != "decoupled":
        return chain(step)
    link = decay_after(decay["weight_decay"], learning_rate=learning_rate)
    after = link if decay["mask"] is None else masked(link, decay["mask"])
    return chain(descent(step, learning_rate), from_the_second_step(after))


def require_base(what: str, learning_rate: Any) -> None:
    """Raises ValueError where `what` would have to guess α₀ from a schedule."""
    if callable(learning_rate):
        raise ValueError(
            f"{what} with a schedule as learning_rate needs base_learning_rate, the α₀ that the schedule is measured "
            "against (a warm-up starts at 0, so it cannot be read off the schedule): give its peak, for example "
            "base_learning_rate=1e-3."
        )
