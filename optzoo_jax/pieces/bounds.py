"""rate [θ/g] → rate [θ/g]: between bounds, or below the average of the past."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from optzoo_jax.arguments import Array, Base, Decay, FinalRate, Hyper, LearningRate, Speed
from optzoo_jax.piece import Transformation, named, piece
from optzoo_jax.pieces.directions import average
from optzoo_jax.pieces.moments import real_zeros


def bounds(
    t: Array,
    learning_rate: LearningRate,
    final_learning_rate: FinalRate = 0.1,
    gamma: Speed = 1e-3,
    *,
    lower: Hyper | None = None,
    upper: Hyper | None = None,
    base_learning_rate: Base | None = None,
) -> tuple[Any, Any]:
    """η_l and η_u, measured in α/α₀."""
    now = t.astype(float)
    share = 1.0 if base_learning_rate is None else jnp.asarray(learning_rate / base_learning_rate, float)
    low = final_learning_rate * (1 - 1 / (gamma * now + 1)) if lower is None else lower
    high = final_learning_rate * (1 + 1 / (gamma * now)) if upper is None else upper
    return share * low, share * high


@piece("rate [1/g] → rate [α/g]", facts=[bounds])
def clip_rate(rate, bounds, learning_rate: LearningRate):
    """clip(α·rate, η_l, η_u): `bound_lr`, whose arguments it has, with schedules for `lower` and `upper`."""
    low, high = bounds
    return jnp.clip(learning_rate * rate, low, high)


@dataclasses.dataclass(frozen=True)
class _OfStep:
    """A function of t = 1, 2, … as a schedule, which is one of the count 0, 1, …"""

    f: Callable[[Array], Any]

    def __call__(self, count: Array) -> Any:
        return self.f(count + 1)


@named
def bound_lr(
    learning_rate: LearningRate,
    final_learning_rate: FinalRate = 0.1,
    gamma: Speed = 1e-3,
    *,
    lower: Callable[[Array], Any] | None = None,
    upper: Callable[[Array], Any] | None = None,
    base_learning_rate: Base | None = None,
) -> Transformation:
    """clip(α·rate, η_l, η_u); η_l = α*(1 − 1/(γt+1)), η_u = α*(1 + 1/(γt)): bounds that close on α*.

    At first the rate is free, in the end it is α* everywhere: from an adaptive method to SGD. The learning rate is
    inside because a clip does not commute with a factor. Stands in a rate branch.

    Args:
      learning_rate: α ≥ 0 [θ], a number or a schedule.
      final_learning_rate: α* ≥ 0 [θ/g].
      gamma: γ ≥ 0 [1/step], the speed at which the bounds close.
      lower, upper: functions of t = 1, 2, … in the place of η_l and η_u.
      base_learning_rate: α₀; both bounds are scaled by α/α₀. None leaves them as they are.

    Raises:
      TypeError: outside a rate branch.

    Reference: Luo, Xiong, Liu & Sun, 2019, "Adaptive gradient methods with dynamic bound of learning rate",
    arXiv:1902.09843, Algorithm 2.
    """
    low, high = (None if f is None else _OfStep(f) for f in (lower, upper))
    return clip_rate(
        learning_rate, final_learning_rate, gamma, lower=low, upper=high, base_learning_rate=base_learning_rate
    )


@piece("rate x → rate x", rate_average=real_zeros)
def momental_bound(rate, rate_average, b3: Decay = 0.999):
    """s ← β₃s + (1−β₃)η; min(η, s): a rate may not exceed the average of its past.

    s starts at 0, so that the first rates are held down: a warm-up. Stands in a rate branch, after the learning rate.

    Args:
      b3: β₃ in [0, 1); 0 for no bound.

    Raises:
      TypeError: outside a rate branch.

    Reference: Ding, Ren, Luo & Sun, 2019, "An adaptive and momental bound method for stochastic learning",
    arXiv:1910.12249.
    """
    s = average(rate_average, rate, b3)
    return jnp.minimum(rate, s), s
