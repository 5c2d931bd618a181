"""step [1] → update [θ]: the learning rate, the weight decay, and the sign."""

from __future__ import annotations

from typing import Any, Literal

import optax

from optzoo_jax.arguments import check_choice
from optzoo_jax.combine import chain
from optzoo_jax.leafwise import at, leafwise
from optzoo_jax.transformation import Array, Numeric, Schedule, Transformation, part

WeightDecayMode = Literal["l2", "decoupled", "independent"]


@part("x → x·[θ]")
def scale_by_learning_rate(learning_rate: Numeric | Schedule) -> Transformation:
    """α_t·x. The sign is not flipped, so that it may stand on a rate too (optax's flips it).

    Args:
      learning_rate: α ≥ 0, a number or a schedule, which is evaluated at 0 in the first step.
    """

    def rate(t: Array) -> Any:
        return at(learning_rate, t)

    return leafwise(lambda x, alpha: alpha * x, once=lambda t: (rate(t),), rate=rate)


@part("step [θ] → update [θ]")
def negate() -> Transformation:
    """−x: from a step, which is subtracted, to an update, which `optax.apply_updates` adds."""
    return leafwise(lambda x: -x)


@part("x → x")
def add_decayed_weights(
    weight_decay: Numeric | Schedule,
    *,
    learning_rate: Numeric | Schedule = 1.0,
    base_learning_rate: Numeric = 1.0,
) -> Transformation:
    """x + (α_t/α₀)·λ_t·θ.

    Before everything else, with α_t/α₀ = 1, it is L2 regularization; after the learning rate, decoupled decay with
    α₀ = 1 and independent decay with α₀ = the base rate.

    Args:
      weight_decay: λ ≥ 0, a number or a schedule.
      learning_rate: α_t, a number or a schedule.
      base_learning_rate: α₀ > 0.

    Raises:
      ValueError: where update is called without params.
    """

    def once(t: Array) -> tuple:
        return (at(weight_decay, t) * at(learning_rate, t) / base_learning_rate,)

    return leafwise(lambda x, factor, params: x + factor * params, once=once, reads=("params",))


def descent(
    step: optax.GradientTransformation,
    learning_rate: Numeric | Schedule,
    *,
    rate_inside: bool = False,
    weight_decay: Numeric | Schedule | None = None,
    weight_decay_mode: WeightDecayMode = "decoupled",
    mask: Any = None,
    base_learning_rate: Numeric | None = None,
) -> Transformation:
    """From a method's step to its update: θ ← θ − α·step, with weight decay in one of three places.

    Stream: gradient [g] → update [θ].

        l2            g ← g + λθ, before everything
        decoupled     θ ← θ − α_t·λ·θ
        independent   θ ← θ − (α_t/α₀)·λ·θ

    Args:
      step: gradient → step; with α in it where `rate_inside`.
      learning_rate: α ≥ 0, a number or a schedule (evaluated at 0 in the first step).
      rate_inside: the step has the learning rate in it already.
      weight_decay: λ ≥ 0, a number or a schedule; None for no decay.
      weight_decay_mode: "l2", "decoupled" or "independent".
      mask: as in `optax.adamw`: a pytree of booleans, or a function from the parameters to one; True decays.
      base_learning_rate: α₀ > 0 of "independent"; the learning rate itself where that is a number.

    Raises:
      ValueError: an unknown mode; "independent" with a schedule and without `base_learning_rate`.
    """
    check_choice("weight decay", "weight_decay_mode", weight_decay_mode, ["l2", "decoupled", "independent"])
    scaled = (step,) if rate_inside else (step, scale_by_learning_rate(learning_rate))
    if weight_decay is None:
        return chain(*scaled, negate())
    if weight_decay_mode == "l2":
        return chain(_masked(add_decayed_weights(weight_decay), mask), *scaled, negate())
    if weight_decay_mode == "decoupled":
        decay = add_decayed_weights(weight_decay, learning_rate=learning_rate)
    elif base_learning_rate is not None:
        decay = add_decayed_weights(weight_decay, learning_rate=learning_rate, base_learning_rate=base_learning_rate)
    else:
        require_base("weight_decay_mode='independent'", learning_rate)
        decay = add_decayed_weights(weight_decay)
    return chain(*scaled, _masked(decay, mask), negate())


def require_base(what: str, learning_rate: Numeric | Schedule) -> None:
    """Raises ValueError where `what` would have to guess α₀ from a schedule."""
    if callable(learning_rate):
        raise ValueError(
            f"{what} with a schedule as learning_rate needs base_learning_rate, the α₀ that the schedule is measured "
            "against (a warm-up starts at 0, so it cannot be read off the schedule): give its peak, for example "
            "base_learning_rate=1e-3."
        )


def _masked(decay: Transformation, mask: Any) -> Transformation:
    if mask is None:
        return decay
    masked = Transformation(*optax.masked(decay, mask))
    masked.part = decay.part
    return masked
