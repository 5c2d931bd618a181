"""rate [θ/g] → rate [θ/g]: between bounds, or below the average of the past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp

from optzoo_jax.leafwise import at, leafwise
from optzoo_jax.precision import zeros_real
from optzoo_jax.transformation import Array, Numeric, Schedule, Transformation, part


@part("rate [1/g] → rate [θ/g]")
def bound_lr(
    learning_rate: Numeric | Schedule,
    final_learning_rate: Numeric = 0.1,
    gamma: Numeric = 1e-3,
    *,
    lower: Callable[[Array], Any] | None = None,
    upper: Callable[[Array], Any] | None = None,
    base_learning_rate: Numeric | None = None,
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

    def alpha_at(t: Array) -> Any:
        return at(learning_rate, t)

    def once(t: Array) -> tuple:
        alpha = alpha_at(t)
        now = t.astype(float)
        share = 1.0 if base_learning_rate is None else jnp.asarray(alpha / base_learning_rate, float)
        low = final_learning_rate * (1 - 1 / (gamma * now + 1)) if lower is None else lower(t)
        high = final_learning_rate * (1 + 1 / (gamma * now)) if upper is None else upper(t)
        return alpha, share * low, share * high

    def maths(rate: Array, alpha: Numeric, low: Array, high: Array) -> Array:
        return jnp.clip(alpha * rate, low, high)

    return leafwise(maths, once=once, rate=alpha_at, in_rate_branch=True)


class MomentalBoundState(NamedTuple):
    """`rate_average`: s, the average of the rates."""

    rate_average: Any


@part("rate [θ/g] → rate [θ/g]")
def momental_bound(b3: Numeric = 0.999) -> Transformation:
    """s ← β₃s + (1−β₃)η; min(η, s): a rate may not exceed the average of its past.

    s starts at 0, so that the first rates are held down: a warm-up. Stands in a rate branch, after the learning rate.

    Args:
      b3: β₃ in [0, 1); 0 for no bound.

    Raises:
      TypeError: outside a rate branch.

    Reference: Ding, Ren, Luo & Sun, 2019, "An adaptive and momental bound method for stochastic learning",
    arXiv:1910.12249.
    """

    def maths(eta: Array, s: Array, b: Numeric) -> tuple[Array, Array]:
        # Not s + (1−b)(η−s), as averages are elsewhere: η falls from α/ε to α at a coordinate's first gradient, and
        # for a small b that form would keep the rounding of α/ε.
        s = b * s + (1 - b) * eta
        return jnp.minimum(eta, s), s

    return leafwise(maths, slots=MomentalBoundState(zeros_real), once=lambda t: (b3,), in_rate_branch=True)
