"""x → f(x, t): corrections that depend on the step alone, on whatever stream they stand."""

from __future__ import annotations

import jax.numpy as jnp

from optzoo_jax.leafwise import leafwise, weight_of
from optzoo_jax.transformation import Array, Numeric, Transformation, part


@part("x → x")
def debias(decay: Numeric, power: Numeric = 1.0) -> Transformation:
    """x/(1−βᵗ)ᵖ.

    An average that starts at 0 has weight 1−βᵗ after t steps. Where this stands is a method's ε convention: on the
    moment, `chain(second_moment(b2), debias(b2), inverse_root(eps))` is 1/(√v̂ + ε), and on the rate,
    `chain(second_moment(b2), inverse_root(eps), debias(b2, power=-0.5))` is √(1−β₂ᵗ)/(√v + ε).

    Args:
      decay: β in [0, 1), the decay of the average.
      power: p; 1 on what is proportional to the average, −½ on one over its root.
    """

    def once(t: Array) -> tuple:
        return (weight_of(decay, t) ** power,)

    return leafwise(lambda x, weight: x / weight, once=once)


@part("x → x")
def anneal() -> Transformation:
    """x/√t: the decay of the rate in the regret bounds of online learning."""
    return leafwise(lambda x, root: x / root, once=lambda t: (jnp.sqrt(t.astype(float)),))
