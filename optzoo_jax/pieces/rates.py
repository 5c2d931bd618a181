"""moment [g²] → rate [1/g] → rate [1/g]: how far to go along each coordinate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from optzoo_jax.combine import chain
from optzoo_jax.leafwise import (
    Array,
    Numeric,
    Schedule,
    Transformation,
    at,
    leafwise,
    log_of,
    part,
    zeros,
    zeros_real,
)
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.moments import abs_square, second_moment


@part("moment [g²] → rate [1/g]")
def inverse_root(eps: Numeric = 0.0, eps_root: Numeric = 0.0) -> Transformation:
    """1/(√(v + ε_root) + ε), with v + ε_root no less than the smallest normal number, so that 0/0 is 0.

    Args:
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
    """

    def maths(v: Array, eps: Numeric, eps_root: Numeric) -> Array:
        return 1 / (jnp.sqrt(jnp.maximum(v + eps_root, jnp.finfo(v.dtype).tiny)) + eps)

    return leafwise(maths, once=lambda t: (eps, eps_root))


@part("gradient [g] → rate [1/g]")
def inverse_rms(
    decay: Numeric = 0.999, eps: Numeric = 1e-8, eps_root: Numeric = 0.0, *, bias_correction: bool = True
) -> Transformation:
    """1/(√(v̂ + ε_root) + ε), v̂ = v/(1−βᵗ): the rate of Adam.

    Args:
      decay: β in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False for v in the place of v̂.
    """
    corrected = (debias(decay),) if bias_correction else ()
    return chain(second_moment(decay), *corrected, inverse_root(eps, eps_root))


@part("gradient [g] → rate [1/g]")
def inverse_raw_rms(
    decay: Numeric = 0.999, eps: Numeric = 1e-8, eps_root: Numeric = 0.0, *, bias_correction: bool = True
) -> Transformation:
    """√(1−βᵗ)/(√(v + ε_root) + ε): Adam's rate with the correction after the root, as most authors' code has it.

    In early steps ε weighs 1/√(1−βᵗ) times as much as in `inverse_rms`.

    Args:
      decay: β in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], inside the root.
      bias_correction: False to leave √(1−βᵗ) out.
    """
    corrected = (debias(decay, power=-0.5),) if bias_correction else ()
    return chain(second_moment(decay), inverse_root(eps, eps_root), *corrected)


def _rho(t: Array, decay: Numeric) -> tuple[Array, Numeric]:
    """ρₜ and ρ_∞ of an average with decay β.

    As printed, ρₜ is the small difference of two numbers near 2/(1−β): in float32 and at β = 0.9999 its error is 1e-2,
    enough to start a step early or late. With a = −log β both are hyperbolic: ρ_∞ = coth(a/2) and
    2tβᵗ/(1−βᵗ) = t·coth(ta/2) − t. The poles 2/a cancel, and what is left has no large numbers:
    ρₜ = t + L(a/2) − t·L(ta/2), L(x) = coth x − 1/x.
    """
    half_a, t = -0.5 * log_of(decay), t.astype(float)
    return t + _langevin(half_a) - t * _langevin(t * half_a), 2 / (1 - decay) - 1


def _langevin(x: Numeric) -> Array:
    """coth x − 1/x; near 0, where that cancels, by its series."""
    x = jnp.asarray(x, dtype=float)
    small = x < 0.05
    near, far = jnp.where(small, x, 0.0), jnp.where(small, 1.0, x)
    series = near / 3 - near**3 / 45 + 2 * near**5 / 945 - near**7 / 4725 + 2 * near**9 / 93555
    return jnp.where(small, series, 1 / jnp.tanh(far) - 1 / far)


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
        return jnp.where(rectified > 0, r * rate, 1)

    return leafwise(maths, once=once, in_rate_branch=True)


@part("x → x")
def hold_until_rectified(decay: Numeric = 0.999, *, threshold: Numeric = 5.0) -> Transformation:
    """x where ρₜ ≥ threshold, else 0: no step at all while the second moment rests on too few gradients.

    Args:
      decay: β in [0, 1), that of the second moment.
      threshold: ≥ 4, dimensionless.

    Reference: the code of Liu et al., 2019, arXiv:1908.03265; `rectify` has the equation of ρₜ.
    """

    def once(t: Array) -> tuple:
        rho, _ = _rho(t, decay)
        return (_is_rectified(rho, threshold, inclusive=True),)

    return leafwise(lambda x, rectified: jnp.where(rectified > 0, x, 0), once=once)


def _onto(slot: Array, x: Array) -> Array:
    """x, written into a slot's place; a NaN leaves the slot as it was.

    A slot that is simply x is what XLA:CPU computes into an array of its own and copies into the slot's.
    """
    return jnp.where(x == x, x, slot)


class DfcFrictionState(NamedTuple):
    """`previous_grad`: g_{t−1}."""

    previous_grad: Any


@part("rate [1/g] → rate [1/g]")
def dfc_friction(scale: Numeric = 1.0) -> Transformation:
    """ξ·rate, ξ = 1/(1 + exp(−|g_{t−1} − g_t|/c)), g₀ = 0: diffGrad's friction coefficient, from ½ to 1.

    Where the gradient hardly changes, near a minimum, the step is halved. Stands in a rate branch.

    Args:
      scale: c > 0 [g]; 1 in the paper, which ties ξ to the scale of the loss.

    Raises:
      TypeError: outside a rate branch.

    Reference: Dubey et al., 2019, "diffGrad: an optimization method for convolutional neural networks",
    arXiv:1909.11015.
    """

    def maths(rate: Array, previous: Array, c: Numeric, grad: Array) -> tuple[Array, Array]:
        xi = jax.nn.sigmoid(jnp.abs(previous - grad) / c)
        return xi * rate, _onto(previous, grad)

    return leafwise(maths, slots=DfcFrictionState(zeros), once=lambda t: (scale,), reads=("grad",), in_rate_branch=True)


class AdaDBFrictionState(NamedTuple):
    """`previous_grad`, `previous_grad_2`, `previous_grad_3`: g_{t−1}, g_{t−2}, g_{t−3}."""

    previous_grad: Any
    previous_grad_2: Any
    previous_grad_3: Any


@part("rate [1/g] → rate [1/g]")
def adadb_friction(
    b3: Numeric = 0.9, lam: Numeric = 0.5, *, b_middle: Numeric | None = None, scale: Numeric = 1.0
) -> Transformation:
    """ξ·rate, Δ = β₃(g_{t−1}−g_t) + β₃²(g_{t−2}−g_{t−1}) + β₃³(g_{t−3}−g_{t−2}), past gradients 0.

    ξ = 1 + λ·S where g_t·g_{t−1} ≥ 0 (the gradient keeps its sign: speed up), else S;  S = 1/(1 + e^{−|Δ|/c}).

    For complex gradients the sign is that of Re(g_t·ḡ_{t−1}). Stands in a rate branch.

    Args:
      b3: β₃ in [0, 1).
      lam: λ ≥ 0, dimensionless.
      b_middle: the decay whose square weighs the middle term; None for β₃.
      scale: c > 0 [g], 1 in the paper.

    Raises:
      TypeError: outside a rate branch.

    Reference: Khan, Jawad & Khan, 2021, "AdaDB: an adaptive gradient method with data-dependent bound",
    IEEE Access 9:99581. No public code exists; the defaults of β₃ and λ and the rule at g_t·g_{t−1} = 0 are this
    library's choice.
    """

    def maths(
        rate: Array, g1: Array, g2: Array, g3: Array, b3: Numeric, b: Numeric, lam: Numeric, c: Numeric, grad: Array
    ) -> tuple[Array, ...]:
        delta = b3 * (g1 - grad) + b**2 * (g2 - g1) + b3**3 * (g3 - g2)
        s = jax.nn.sigmoid(jnp.abs(delta) / c)
        # The product of the signs: that of two tiny gradients would underflow to −0, which is not below 0.
        same_sign = (jnp.sign(grad) * jnp.sign(g1).conj()).real >= 0
        return jnp.where(same_sign, 1 + lam * s, s) * rate, _onto(g1, grad), g1, g2

    return leafwise(
        maths,
        slots=AdaDBFrictionState(zeros, zeros, zeros),
        once=lambda t: (b3, b3 if b_middle is None else b_middle, lam, scale),
        reads=("grad",),
        in_rate_branch=True,
    )


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
        share = 1.0 if base_learning_rate is None else alpha / base_learning_rate
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


class UpdateRmsState(NamedTuple):
    """`e_x`: the average of the squared updates."""

    e_x: Any


@part("rate [1/g] → rate [θ/g]")
def update_rms(rho: Numeric = 0.9, eps: Numeric = 1e-6) -> Transformation:
    """√(u + ε)·rate;  Δ = √(u + ε)·rate·direction;  u ← ρu + (1−ρ)|Δ|²: Adadelta's correction of units.

    The root mean square of the updates so far gives the step the units of the parameters. Stands in a rate branch.

    Args:
      rho: ρ in [0, 1).
      eps: ε ≥ 0 [θ²], inside the root; at 0 nothing ever moves.

    Raises:
      TypeError: outside a rate branch.

    Reference: Zeiler, 2012, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, Algorithm 1.
    """

    def maths(rate: Array, u: Array, b: Numeric, eps: Numeric, direction: Array) -> tuple[Array, Array]:
        # Let q = |rate·d|², so that |Δ|² = (u + ε)q and u' + βε = (u + ε)(β + (1−β)q). The root is taken of u + ε
        # found from the new u', since XLA:CPU would copy the old u before it is overwritten; and q is written in two
        # ways, since it would store what both need (rate·rate it knows as 1/v). Without either: three times slower.
        q = jnp.minimum(rate * rate * abs_square(direction), jnp.finfo(rate.dtype).max)
        u = u + (1 - b) * ((u + eps) * q - u)
        growth = b + (1 - b) * abs_square(rate * jnp.abs(direction))
        return jnp.sqrt((u + b * eps) / jnp.maximum(growth, jnp.finfo(u.dtype).tiny)) * rate, u

    return leafwise(maths, slots=UpdateRmsState(zeros_real), once=lambda t: (rho, eps), reads=("direction",))
