"""step [1] → step [1] or [θ]: how far an array may go, by its own size or by that of its step."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array, Base, Decayed, Epsilon, Factor
from optzoo_jax.piece import Transformation, masked, named, parted, piece, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.rates import root_above
from optzoo_jax.pieces.updates import WeightDecayMode
from optzoo_jax.precision import norm, times


def rms(x: Array) -> Array:
    """√mean(|x|²)."""
    return norm(x) / max(1, x.size) ** 0.5


@piece("x → rate [θ]/x", over="array")
def trust_rate(x, params, trust_coefficient: Factor = 1.0, eps: Epsilon = 0.0, weight_decay: Decayed = 0.0):
    """η‖θ‖/(‖x‖ + λ‖θ‖ + ε), one number an array; 1 where ‖θ‖ or ‖x‖ + λ‖θ‖ is 0.

    Stands in a rate branch: the step is then η times as long as the parameters.

    Args:
      trust_coefficient: η > 0.
      eps: ε ≥ 0, in units of x.
      weight_decay: λ ≥ 0 of a decay λθ that x does not have in it.
    """
    n, size = norm(params), norm(x)
    if not isinstance(weight_decay, float | int) or weight_decay:
        size = size + weight_decay * n
    trusted = (n > 0) & (size > 0)
    rate = jnp.where(trusted, trust_coefficient * n / jnp.where(trusted, size + eps, 1), 1)
    return rate.reshape((1,) * x.ndim)


@named
def rate_beside_decay(
    trust_coefficient: Factor = 1.0,
    eps: Epsilon = 0.0,
    *,
    weight_decay: Decayed | None = None,
    weight_decay_mode: WeightDecayMode = "l2",
    mask: Any = None,
    base_learning_rate: Base | None = None,
) -> Transformation:
    """η‖θ‖/(‖x‖ + λ‖θ‖ + ε): `trust_rate` of gradients to which a decay "l2" is added elsewhere.

    Args:
      trust_coefficient: η > 0.
      eps: ε ≥ 0, in units of x.
      weight_decay, weight_decay_mode, mask: the optimizer's; where nothing decays, λ is 0.
      base_learning_rate: of no use here.
    """
    plain = trust_rate(trust_coefficient, eps)
    if weight_decay is None or weight_decay_mode != "l2":
        return plain
    beside = trust_rate(trust_coefficient, eps, weight_decay)
    return beside if mask is None else parted(masked(beside, mask), masked(plain, functools.partial(opposite, mask)))


def opposite(mask: Any, tree: Any) -> Any:
    """The mask of what `mask`, a tree of booleans or a function to one, leaves out."""
    return jax.tree.map(operator.not_, mask(tree) if callable(mask) else mask)


@named
def trust_ratio(trust_coefficient: Factor = 1.0, eps: Epsilon = 0.0) -> Transformation:
    """x·η‖θ‖/(‖x‖ + ε), norms of one array, and x where either norm is 0: a step as long as its parameters.

    Args:
      trust_coefficient: η > 0.
      eps: ε ≥ 0, in units of x.

    Reference: You, Gitman & Ginsburg, 2017, "Large batch training of convolutional networks", arXiv:1708.03888.
    """
    return precondition(identity(), trust_rate(trust_coefficient, eps))


@piece("step [1] → step [1]", over="array")
def clip_rms(u, d: Factor = 1.0):
    """u/max(1, RMS(u)/d), RMS over one array.

    Args:
      d: > 0, what the root mean square is at most.

    Reference: Shazeer & Stern, 2018, arXiv:1804.04235, section 6.
    """
    return times(u, 1 / jnp.maximum(1, rms(u) / d))


@piece("step [1] → step [θ]", over="array")
def scale_by_parameter_rms(u, params, eps: Epsilon = 1e-3):
    """u·max(ε, RMS(θ)), RMS over one array.

    Args:
      eps: ε ≥ 0 [θ], from where on parameters near 0 are moved.

    Reference: Shazeer & Stern, 2018, arXiv:1804.04235, section 8.
    """
    return times(u, jnp.maximum(eps, rms(params)))


@piece("moment x² → moment x²", over="array", publishes=["factor"])
def rms_guard(v, grad, eps: Epsilon = 1e-8):
    """v; publishes factor = 1/max(1, RMS(g/max(√v, ε))), which is less than 1 where the moment lags behind.

    Stands in a rate branch, after the moment; `times_factor`, after the step, makes use of it.

    Args:
      eps: ε ≥ 0 [g].

    Reference: Wortsman et al., 2023, "Stable and low-precision training for large-scale vision-language models",
    arXiv:2304.13013, Algorithm 2.
    """
    return v, 1 / jnp.maximum(1, rms(times(grad, 1 / root_above(v, eps))))


@piece("x → x", facts=["factor"])
def times_factor(x, factor):
    """x·factor, which an earlier piece has published: so much of a step, with the decay in it."""
    return times(x, factor)
