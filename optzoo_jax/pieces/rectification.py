"""rate [1/g] → rate [1/g]: how much to trust the average of few squares."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Any

import jax.numpy as jnp
import numpy as np

from optzoo_jax.arguments import Array, Decay, Numeric, Threshold
from optzoo_jax.piece import piece
from optzoo_jax.pieces.corrections import log_of


def rho(t: Array, decay: Numeric) -> tuple[Array, Numeric]:
    """ρₜ = ρ_∞ − 2tβᵗ/(1−βᵗ) and ρ_∞ = 2/(1−β) − 1 of an average with decay β.

    As printed, ρₜ is early the small difference of two numbers near 2/a, a = −log β: in float32 and at β = 0.9999 its
    error is 1e-2, enough to start a step early or late. With ρ_∞ = coth(a/2) and 2tβᵗ/(1−βᵗ) = t·coth(ta/2) − t the
    poles cancel before anything is computed, and nothing is of size t either: ρₜ = 1 − S(a/2) + t·S(ta/2),
    S(x) = 1 − coth x + 1/x, which falls from 1 to 1/x.
    """
    a, now = -log_of(decay), t.astype(float)
    first = float(_share(np, 0.5 * a)) if isinstance(a, float) else _share(jnp, 0.5 * a)
    return 1 - first + now * _share(jnp, 0.5 * now * a), 2 / (1 - decay) - 1


def _share(numpy: Any, x: Any) -> Any:
    """1 − coth x + 1/x; near 0, where that cancels, by the series of coth."""
    small = x < 0.1
    near, far = numpy.where(small, x, 0.0), numpy.where(small, 1.0, x)
    square = near * near
    series = near * (1 / 3 - square * (1 / 45 - square * (2 / 945 - square * (1 / 4725 - square * (2 / 93555)))))
    left = numpy.exp(-2 * far)
    return numpy.where(small, 1 - series, 1 / far - 2 * left / (1 - left))


def rectification(
    t: Array, decay: Decay = 0.999, *, threshold: Threshold = 4.0, inclusive: bool = False
) -> tuple[Array, Array]:
    """Whether the rate is trusted, and rₜ."""
    rho_t, rho_inf = rho(t, decay)
    rectified = rho_t >= threshold if inclusive else rho_t > threshold
    # Where the branch is not taken the root's argument may be negative or 0/0; both it and its
    # derivative must stay finite, or jax.grad sees 0·NaN.
    rho_t = jnp.where(rectified, rho_t, 5.0)
    rho_inf = jnp.where(rectified, rho_inf, 6.0)
    return rectified, jnp.sqrt((rho_t - 4) * (rho_t - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho_t))


@piece("rate [1/g] → rate [1/g or 1]", facts=[rectification])
def rectify(rate, rectification):
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
    rectified, r = rectification
    return jnp.where(rectified, r * rate, 1)


def rectified(t: Array, decay: Decay = 0.999, *, threshold: Threshold = 5.0) -> Array:
    """Whether ρₜ ≥ threshold."""
    return rho(t, decay)[0] >= threshold


@piece("x → x", facts=[rectified])
def hold_until_rectified(x, rectified):
    """x where ρₜ ≥ threshold, else 0: no step at all while the second moment rests on too few gradients.

    Args:
      decay: β in [0, 1), that of the second moment.
      threshold: ≥ 4, dimensionless.

    Reference: the code of Liu et al., 2019, arXiv:1908.03265; `rectify` has the equation of ρₜ.
    """
    return jnp.where(rectified, x, 0)
