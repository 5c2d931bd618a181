"""gradient [g] → step [θ]: one number for the tree, the way from the start, in the place of a learning rate.

The start θ₀ is kept, so parameters that are moved between two steps are taken to have gone that way.
"""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import math
from typing import Annotated, Any

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array, Decay, Epsilon, Factor, Hyper, LearningRate, Range
from optzoo_jax.piece import of_params, piece, shared
from optzoo_jax.pieces.corrections import weight_of
from optzoo_jax.pieces.directions import average
from optzoo_jax.pieces.moments import abs_square, real_zeros
from optzoo_jax.pieces.rates import plus, root_above
from optzoo_jax.precision import apart, norm, norm_of_result, times, wide_copy, widest, zeros

Growth = Annotated[Hyper, Range("[1, ∞]", "how much a distance may grow in a step; inf for no bound")]


def one_number(xs: list[Any]) -> Array:
    """A slot for the tree, in the widest precision of its arrays."""
    return jnp.zeros((), widest(xs))


def first_distance(xs: list[Any], d0: Factor = 1e-6) -> Array:
    """A distance, d₀ at first."""
    return one_number(xs) + d0


def first_square(xs: list[Any], eps: Epsilon) -> Array:
    """A sum that begins at ε."""
    return one_number(xs) + eps


def _total(parts: list[Any], xs: list[Any]) -> Array:
    dtype = widest(xs)
    return sum((x.astype(dtype) for x in parts), jnp.zeros((), dtype))


def _dot(xs: list[Any], ys: list[Any]) -> Array:
    """Re⟨x, y⟩ over the tree."""
    return _total([jnp.sum((x.conj() * y).real) for x, y in zip(xs, ys, strict=True)], xs)


def _norm(xs: list[Any], start: list[Any] | None = None) -> Array:
    """‖x‖ over the tree, or ‖x − start‖."""
    if start is None:
        parts = [norm(x) for x in xs]
    else:
        parts = [norm_of_result(x - y, y - x) for x, y in zip(xs, start, strict=True)]
    return norm(jnp.stack([x.astype(widest(xs)) for x in parts])) if parts else jnp.zeros((), widest(xs))


def _sum_of_abs(xs: list[Any]) -> Array:
    return _total([jnp.sum(jnp.abs(x)) for x in xs], xs)


def _scaled(xs: list[Any], by: Array) -> list[Any]:
    return [times(x, by.astype(jnp.finfo(x.dtype).dtype)) for x in xs]


def _way(params: list[Any], start: list[Any]) -> list[Any]:
    return [p - q for p, q in zip(params, start, strict=True)]


def correction(t: Array, b1: Decay = 0.9, b2: Decay = 0.999, *, bias_correction: bool = False) -> Any:
    """√(1−β₂ᵗ)/(1−β₁ᵗ), or 1."""
    return jnp.sqrt(weight_of(b2, t)) / weight_of(b1, t) if bias_correction else 1.0


@piece(
    "gradient [g] → gradient [gθ]",
    over="tree",
    facts=[correction],
    publishes=["factor", "next_distance"],
    start=of_params(wide_copy),
    sum_of_gradients=zeros,
    numerator=shared(one_number),
    distance=shared(first_distance),
    most=shared(first_distance),
)
def estimate_distance(
    gs,
    params,
    start,
    sum_of_gradients,
    numerator,
    distance,
    most,
    correction,
    learning_rate: LearningRate = 1.0,
    b2: Decay = 0.999,
    *,
    d0: Factor = 1e-6,
    d_coef: Factor = 1.0,
    growth_rate: Growth = math.inf,
):
    """d·g; publishes factor = d·k, which is 0 as long as nothing is known, and next_distance, the new d.

    β₃ = √β₂;  k = √(1−β₂ᵗ)/(1−β₁ᵗ) or 1;  a = dαk;  r ← β₃r + (d/d₀)a⟨g, θ₀−θ⟩;  s ← β₃s + (d/d₀)a·g;
    d̂ = c·r/‖s‖₁;  where d = d₀: d ← max(d, d̂);  d_max ← max(d_max, d̂);  d ← min(d_max, d·growth).

    Args:
      learning_rate: α ≥ 0, that of the step.
      b2: β₂ in [0, 1), that of the second moment.
      d0: d₀ > 0 [θ], the first distance.
      d_coef: c > 0.
      growth_rate: ≥ 1.
      b1: β₁ in [0, 1), that of the average, for k.
      bias_correction: whether k is there.

    Reference: Mishchenko & Defazio, 2023, "Prodigy: an expeditiously adaptive parameter-free learner",
    arXiv:2306.06101, Algorithm 4.
    """
    b3, d = jnp.sqrt(jnp.asarray(b2, distance.dtype)), distance
    share = d / d0 * d * learning_rate * correction
    numerator = b3 * numerator - share * _dot(gs, _way(params, start))
    sums = [
        times(s, b3.astype(jnp.finfo(s.dtype).dtype)) + g
        for s, g in zip(sum_of_gradients, _scaled(gs, share), strict=True)
    ]
    total = _sum_of_abs(sums)
    known = total > 0
    found = jnp.where(known, d_coef * numerator / jnp.where(known, total, 1), 0)
    grown = jnp.where(d == d0, jnp.maximum(d, found), d)
    most = jnp.maximum(most, found)
    new = jnp.where(known, jnp.minimum(most, _grown(grown, growth_rate)), d)
    factor = jnp.where(known, d * correction, 0)
    return _scaled(gs, d), start, sums, numerator, new, most, factor, new


@piece("moment x² → rate 1/x", facts=["next_distance"])
def inverse_root_at_distance(v, next_distance, eps: Epsilon = 1e-8):
    """1/(√v + d·ε), d the distance that `estimate_distance` has found in this step.

    Args:
      eps: ε ≥ 0 [g].
    """
    return 1 / (root_above(v, 0.0) + next_distance * eps)


@piece(
    "gradient [g] → step [θα]",
    over="tree",
    facts=[correction],
    mu=zeros,
    nu=real_zeros,
    sum_of_gradients=zeros,
    numerator=shared(one_number),
    distance=shared(first_distance),
)
def dadapt_step(
    gs,
    mu,
    nu,
    sum_of_gradients,
    numerator,
    distance,
    correction,
    learning_rate: LearningRate = 1.0,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    *,
    d0: Factor = 1e-6,
    growth_rate: Growth = math.inf,
):
    """m/(√v + ε) of gradients times a = dαk, d the way from the start as far as it can be told; 0 as long as it cannot.

    q = √β₂;  A = Σ a⟨g, s/(√v + ε)⟩;  m ← β₁m + a(1−β₁)g;  v ← β₂v + (1−β₂)|g|²;  s ← qs + a(1−q)g;
    n ← qn + (1−q)A;  d ← max(d, min(n/((1−q)‖s‖₁), d·growth)).

    One piece, since the estimate reads the rate of the step before.

    Args:
      learning_rate: α ≥ 0.
      b1, b2: β₁ and β₂ in [0, 1).
      eps: ε ≥ 0 [g].
      d0: d₀ > 0 [θ], the first distance.
      growth_rate: ≥ 1.
      bias_correction: whether k = √(1−β₂ᵗ)/(1−β₁ᵗ) is there.

    Reference: Defazio & Mishchenko, 2023, "Learning-rate-free learning by D-adaptation", arXiv:2301.07733,
    Algorithm 5.
    """
    q, d = jnp.sqrt(jnp.asarray(b2, distance.dtype)), distance
    a = d * learning_rate * correction
    rated = [_over_root_apart(s, v, eps) for s, v in zip(sum_of_gradients, nu, strict=True)]
    numerator = q * numerator + (1 - q) * a * _dot(gs, rated)
    scaled = _scaled(gs, a)
    mu = [average(m, x, b1) for m, x in zip(mu, scaled, strict=True)]
    nu = [average(v, abs_square(g), b2) for v, g in zip(nu, gs, strict=True)]
    sums = [average(s, x, q.astype(jnp.finfo(s.dtype).dtype)) for s, x in zip(sum_of_gradients, scaled, strict=True)]
    total = (1 - q) * _sum_of_abs(sums)
    known = total > 0
    found = jnp.where(known, numerator / jnp.where(known, total, 1), 0)
    steps = [jnp.where(known, times(m, 1 / plus(root_above(v, 0.0), eps)), 0) for m, v in zip(mu, nu, strict=True)]
    return steps, mu, nu, sums, numerator, jnp.maximum(d, jnp.minimum(found, _grown(d, growth_rate)))


@piece(
    "gradient [g] → rate [θ/g]",
    over="tree",
    start=of_params(wide_copy),
    distance=shared(one_number),
    sum_of_squares=shared(one_number),
)
def distance_over_gradients(
    gs, params, start, distance, sum_of_squares, t, eps: Epsilon = 1e-8, *, reps_rel: Factor = 1e-6
):
    """r/√(G + ε), r the largest ‖θ − θ₀‖ so far, G = Σ‖g‖², norms over the tree.

    Args:
      eps: ε ≥ 0 [g²].
      reps_rel: r is at least reps_rel·(1 + ‖θ₀‖).

    Reference: Ivgi, Hinder & Carmon, 2023, "DoG is SGD's best friend: a parameter-free dynamic step size schedule",
    arXiv:2302.12022.
    """
    begun = jax.lax.cond(t == 1, lambda: reps_rel * (1 + _norm(params)), lambda: distance)
    distance = jnp.maximum(begun, _norm(params, start))
    total = _added(sum_of_squares, _dot(gs, gs))
    rate = _over_root(distance, plus(total, eps))
    return _for_all(rate, gs), start, distance, total


@piece(
    "gradient [g] → rate [θ/g]",
    over="tree",
    start=of_params(wide_copy),
    square_of_distance=shared(first_square),
    sum_of_squares=shared(one_number),
)
def distance_over_weighted_gradients(gs, params, start, square_of_distance, sum_of_squares, eps: Epsilon = 1e-4):
    """r²/√v, r² the largest of ε and ‖θ − θ₀‖² so far, v ← v + r²‖g‖², norms over the tree.

    Args:
      eps: ε ≥ 0 [θ²].

    Reference: Khaled, Mishchenko & Jin, 2023, "DoWG unleashed: an efficient universal parameter-free gradient descent
    method", arXiv:2305.16284, Algorithm 1.
    """
    square = jnp.maximum(square_of_distance, abs_square(_norm(params, start)))
    total = _added(sum_of_squares, square * jnp.minimum(_dot(gs, gs), jnp.finfo(square.dtype).max))
    return _for_all(_over_root(square, total), gs), start, square, total


def _grown(d: Array, growth_rate: Any) -> Array:
    """d·growth; without a bound ∞, through which no derivative goes, since 0·∞ is NaN."""
    bounded = jnp.isfinite(growth_rate)
    return jnp.where(bounded, d * jnp.where(bounded, growth_rate, 1), jnp.inf)


def _over_root_apart(s: Array, v: Array, eps: Any) -> Array:
    """s/(√v + ε), for a sum."""
    v, least, eps = apart((v, jnp.finfo(v.dtype).tiny, jnp.asarray(eps, v.dtype)))
    return s / (jnp.sqrt(jnp.maximum(v, least)) + eps)


def _added(total: Array, x: Array) -> Array:
    """total + x, finite."""
    return total + jnp.minimum(x, jnp.finfo(total.dtype).max - total)


def _over_root(x: Array, total: Array) -> Array:
    return jnp.where(total > 0, x / jnp.sqrt(jnp.where(total > 0, total, 1)), 0)


def _for_all(rate: Array, xs: list[Any]) -> list[Any]:
    return [jnp.broadcast_to(rate.astype(jnp.finfo(x.dtype).dtype), x.shape) for x in xs]
