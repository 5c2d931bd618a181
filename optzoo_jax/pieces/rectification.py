"""rate [1/g] → rate [1/g]: how much to trust the average of few squares."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from optzoo_jax.leafwise import inlined, leafwise, log_of
from optzoo_jax.transformation import Array, Numeric, Transformation, part


def _rho(t: Array, decay: Numeric) -> tuple[Array, Numeric]:
    """ρₜ and ρ_∞ of an average with decay β.

    As printed, ρₜ is the small difference of two numbers near 2/(1−β): in float32 and at β = 0.9999 its error is 1e-2,
    enough to start a step early or late. With a = −log β both are hyperbolic: ρ_∞ = coth(a/2) and
    2tβᵗ/(1−βᵗ) = t·coth(ta/2) − t. The poles 2/a cancel, and what is left has no large numbers:
    ρₜ = t + L(a/2) − t·L(ta/2), L(x) = coth x − 1/x.
    """
    half_a, t = -0.5 * log_of(decay), t.astype(float)
    limit = float(_langevin(np, half_a)) if isinstance(half_a, float) else _langevin(jnp, half_a)
    return t + limit - t * _langevin(jnp, t * half_a), 2 / (1 - decay) - 1


def _langevin(numpy: Any, x: Any) -> Any:
    """coth x − 1/x; near 0, where that cancels, by its series."""
    small = x < 0.05
    near, far = numpy.where(small, x, 0.0), numpy.where(small, 1.0, x)
    square = near * near
    series = near * (1 / 3 - square * (1 / 45 - square * (2 / 945 - square * (1 / 4725 - square * (2 / 93555)))))
    return numpy.where(small, series, 1 / numpy.tanh(far) - 1 / far)


def _is_rectified(rho: Array, threshold: Numeric, inclusive: bool) -> Array:
    return rho >= threshold if inclusive else rho > threshold


@part("rate [1/g] → rate [1/g or 1]")
def rectify(decay: Numeric = 0.999, *, threshold: Numeric = 4.0, inclusive: bool = False) -> Transformation:
    """rₜ·rate where ρₜ > threshold, else 1 (the direction alone).

    ρ_∞ = 2/(1−β) − 1;  ρₜ = ρ_∞ − 2tβᵗ/(1−βᵗ);  rₜ = √[(ρₜ−4)(ρₜ−2)ρ_∞ / ((ρ_∞−4)(ρ_∞−2)ρₜ)].

    In the first steps the rate is one over the root of an average of few squares, and its variance has no bound;
    rₜ scales it to the variance that it has in the end. Stands in a rate branch, after the rate.

    Args:
      decay: β in [0, 1), that of the second moment. With β ≤ 0.6 ρₜ never reaches 4 and every step is the direction.
      threshold: ≥ 4, dimensionless.
      inclusive: True for ρₜ ≥ threshold, as in the authors' code.

    Raises:
      TypeError: outside a rate branch.

    Reference: Liu et al., 2019, "On the variance of the adaptive learning rate and beyond", arXiv:1908.03265,
    Algorithm 2.
    """

    @inlined
    def once(t: Array) -> tuple:
        rho, rho_inf = _rho(t, decay)
        rectified = _is_rectified(rho, threshold, inclusive)
        # Where the branch is not taken the root's argument may be negative or 0/0; both it and its
        # derivative must stay finite, or jax.grad sees 0·NaN.
        rho = jnp.where(rectified, rho, 5.0)
        rho_inf = jnp.where(rectified, rho_inf, 6.0)
        r = jnp.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        return rectified, r

    def maths(rate: Array, rectified: Array, r: Array) -> Array:
        return jnp.where(rectified, r * rate, 1)

    return leafwise(maths, once=once, in_rate_branch=True)


@part("x → x")
def hold_until_rectified(decay: Numeric = 0.999, *, threshold: Numeric = 5.0) -> Transformation:
    """x where ρₜ ≥ threshold, else 0: no step at all while the second moment rests on too few gradients.

    Args:
      decay: β in [0, 1), that of the second moment.
      threshold: ≥ 4, dimensionless.

    Reference: the code of Liu et al., 2019, arXiv:1908.03265; `rectify` has the equation of ρₜ.
    """

    @inlined
    def once(t: Array) -> tuple:
        rho, _ = _rho(t, decay)
        return (_is_rectified(rho, threshold, inclusive=True),)

    return leafwise(lambda x, rectified: jnp.where(rectified, x, 0), once=once)
