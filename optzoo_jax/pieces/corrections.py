"""x → f(x, t): corrections that depend on the step alone, on whatever stream they stand."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Any

import jax.numpy as jnp
import numpy as np

from optzoo_jax.arguments import Array, Decay, Numeric
from optzoo_jax.piece import piece


def log_of(decay: Numeric) -> Any:
    """log b, in float64 on the host where b is a Python number."""
    if isinstance(decay, float | int | np.generic):
        return float(np.log(np.float64(decay))) if decay > 0 else -np.inf
    return jnp.log1p(-(1 - jnp.asarray(decay, dtype=float)))


def weight_of(decay: Numeric, t: Array, ahead: int = 0) -> Array:
    """1 − βᵗ: what an average that started at 0 has gathered after t steps (and `ahead` more).

    `1 − b**t` in float32 is off by 2e-5 at b = 0.999; this by 4e-7. The sum is one of floats: t + 1 would wrap at the
    last step that an integer can count.
    """
    now = t.astype(float) + ahead if ahead else t.astype(float)
    return -jnp.expm1(now * log_of(decay))


def correction(t: Array, decay: Decay, power: Numeric = 1.0) -> Array:
    """(1−βᵗ)⁻ᵖ: a factor, since of a quotient that two kernels need XLA:CPU stores the result."""
    return weight_of(decay, t) ** -power


@piece("x → x", facts=[correction])
def debias(x, correction):
    """x/(1−βᵗ)ᵖ.

    An average that starts at 0 has weight 1−βᵗ after t steps. Where this stands is a method's ε convention: on the
    moment, `chain(second_moment(b2), debias(b2), inverse_root(eps))` is 1/(√v̂ + ε), and on the rate,
    `chain(second_moment(b2), inverse_root(eps), debias(b2, power=-0.5))` is √(1−β₂ᵗ)/(√v + ε).

    Args:
      decay: β in [0, 1), the decay of the average.
      power: p; 1 on what is proportional to the average, −½ on one over its root.
    """
    return correction * x


def root_of_t(t: Array) -> Array:
    """√t."""
    return jnp.sqrt(t.astype(float))


@piece("x → x", facts=[root_of_t])
def anneal(x, root_of_t):
    """x/√t: the decay of the rate in the regret bounds of online learning."""
    return x / root_of_t
