"""gradient [g] → direction [g]: which way to go."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.combine import chain
from optzoo_jax.leafwise import inlined, leafwise, log_of, weight_of
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.precision import full, zeros
from optzoo_jax.transformation import Array, Numeric, Transformation, part


class EmaState(NamedTuple):
    """`mu`: the average of the gradients."""

    mu: Any


class TraceState(NamedTuple):
    """`trace`: the decayed sum of the gradients."""

    trace: Any


@part("x → x")
def identity() -> Transformation:
    """d = g. The gradient itself, as a direction."""
    return leafwise(lambda g: g)


@part("gradient [g] → direction [g]")
def ema(decay: Numeric = 0.9, *, initial: Numeric = 0.0) -> Transformation:
    """m ← βm + (1−β)g; d = m.

    Args:
      decay: β in [0, 1). The average looks back over about 1/(1−β) steps.
      initial: m₀ [g]. With 0 the first averages are too small; `debias(decay)` after it mends that.
    """

    def maths(g: Array, m: Array, b: Numeric) -> tuple[Array, Array]:
        # This form drifts five times less from float64 over 10⁴ float32 steps than b·m + (1−b)·g.
        m = m + (1 - b) * (g - m)
        return m, m

    return leafwise(maths, slots=EmaState(full(initial)), once=lambda t: (decay,))


@part("gradient [g] → direction [g]")
def debiased_ema(decay: Numeric = 0.9, *, bias_correction: bool = True) -> Transformation:
    """m ← βm + (1−β)g; d = m/(1−βᵗ): the direction of Adam.

    Args:
      decay: β in [0, 1).
      bias_correction: False for d = m.
    """
    return chain(ema(decay), debias(decay)) if bias_correction else chain(ema(decay))


@part("gradient [g] → direction [g]")
def scale_by_momentum(decay: Numeric = 0.9) -> Transformation:
    """m ← βm + g; d = m.

    A sum, not an average: under a constant gradient d grows to g/(1−β). Named after what it does in a chain;
    optax has it as `trace`.

    Args:
      decay: β in [0, 1).

    Reference: Polyak, 1964, "Some methods of speeding up the convergence of iteration methods".
    """

    def maths(g: Array, m: Array, b: Numeric) -> tuple[Array, Array]:
        m = b * m + g
        return m, m

    return leafwise(maths, slots=TraceState(zeros), once=lambda t: (decay,))


@part("gradient [g] → direction [g]")
def nesterov(decay: Numeric = 0.9) -> Transformation:
    """m ← βm + g; d = g + βm.

    The parameters are the look-ahead point itself, so the gradient is taken where they are (the form of torch and
    optax); `base_point` turns them into the parameters of Nesterov's two-point form.

    Args:
      decay: β in [0, 1).

    Reference: Nesterov, 1983; rewritten by Bengio, Boulanger-Lewandowski & Pascanu, 2012, arXiv:1212.0901.
    """

    def maths(g: Array, m: Array, b: Numeric) -> tuple[Array, Array]:
        m = b * m + g
        return g + b * m, m

    return leafwise(maths, slots=TraceState(zeros), once=lambda t: (decay,))


def _displaced(params: Any, state: Any, distance: Numeric) -> Any:
    trace = optax.tree.get(state, "trace")
    return jax.tree.map(lambda p, m: (p + distance * m).astype(p.dtype), params, trace)


def lookahead_point(params: Any, state: Any, *, learning_rate: Numeric, momentum: Numeric = 0.9) -> Any:
    """θ − αβm: from the parameters of Nesterov's two-point form to the point where it takes the gradient.

    That point is what `nag` keeps as parameters. `base_point` is the inverse.

    Args:
      params: θ of the two-point form, any pytree.
      state: the state of `nag` (or of a chain with one `nesterov` in it), read for m.
      learning_rate: α of the step that comes next; 1.0 for `nag(lr_inside=True)`, whose m has the rate in it.
      momentum: β.
    """
    return _displaced(params, state, -learning_rate * momentum)


def base_point(params: Any, state: Any, *, learning_rate: Numeric, momentum: Numeric = 0.9) -> Any:
    """θ + αβm: from `nag`'s parameters to those of Nesterov's two-point form; the inverse of `lookahead_point`.

    Args:
      params: the parameters that `nag` trains, any pytree.
      state: the state of `nag` (or of a chain with one `nesterov` in it), read for m.
      learning_rate: α of the last step; 1.0 for `nag(lr_inside=True)`, whose m has the rate in it.
      momentum: β.
    """
    return _displaced(params, state, learning_rate * momentum)


@part("gradient [g] → direction [g]")
def nesterov_ema(decay: Numeric = 0.9, *, ahead: int = 1, bias_correction: bool = True) -> Transformation:
    """m ← βm + (1−β)g; d = βm/(1−βᵗ⁺ᵃ) + (1−β)g/(1−βᵗ): an average, seen one step ahead.

    Args:
      decay: β in [0, 1).
      ahead: a, 1 as in optax, or 0 as in Ruder's overview, where both terms share one correction.
      bias_correction: False for d = βm + (1−β)g.

    Reference: Dozat, 2016, "Incorporating Nesterov momentum into Adam"; Ruder, 2016, arXiv:1609.04747.
    """

    def once(t: Array) -> tuple:
        if not bias_correction:
            return decay, 1.0, 1.0
        return decay, weight_of(decay, t + ahead), weight_of(decay, t)

    def maths(g: Array, m: Array, b: Numeric, ahead_weight: Array, weight: Array) -> tuple[Array, Array]:
        m = m + (1 - b) * (g - m)
        return b * m / ahead_weight + (1 - b) * g / weight, m

    return leafwise(maths, slots=EmaState(zeros), once=once)


@part("gradient [g] → direction [g]")
def scheduled_nesterov_ema(
    decay: Numeric = 0.9, *, momentum_decay: Numeric = 4e-3, bias_correction: bool = True
) -> Transformation:
    """μₜ = β(1 − ½·0.96^(tψ)); m ← βm + (1−β)g; d = μₜ₊₁m/(1−Π_{i≤t+1}μᵢ) + (1−μₜ)g/(1−Π_{i≤t}μᵢ).

    Args:
      decay: β in [0, 1).
      momentum_decay: ψ ≥ 0, the speed at which μ rises from β/2 to β.
      bias_correction: False to leave out both denominators.

    Reference: Dozat, 2016, "Incorporating Nesterov momentum into Adam", Algorithm 8 and its momentum schedule.
    """

    log_q = momentum_decay * _LOG_096

    def mu(t: Array) -> Array:
        return decay * (1 - 0.5 * jnp.exp(t * log_q))

    @inlined
    def once(t: Array) -> tuple:
        t = t.astype(float)
        now, ahead = mu(t), mu(t + 1)
        if not bias_correction:
            return decay, ahead, 1 - now
        weight = -jnp.expm1(t * log_of(decay) + _log_product(t, log_q))
        # 1 − Π_{i≤t+1}μᵢ from the product up to t: positive terms alone, and no second sum of logarithms.
        weight_ahead = weight + (1 - weight) * (1 - ahead)
        return decay, ahead / weight_ahead, (1 - now) / weight

    def maths(g: Array, m: Array, b: Numeric, m_weight: Array, g_weight: Array) -> tuple[Array, Array]:
        m = m + (1 - b) * (g - m)
        return m_weight * m + g_weight * g, m

    return leafwise(maths, slots=EmaState(zeros), once=once)


_LOG_096 = -0.040821994520255166


def _log_product(t: Array, log_q: Numeric) -> Array:
    """Σ_{i≤t} log(1 − ½qⁱ), without having kept it.

    log(1−x) = −Σ_k xᵏ/k, and Σ_i qⁱᵏ is a geometric sum: −Σ_k 2⁻ᵏ/k · qᵏ(1−qᵏᵗ)/(1−qᵏ). The terms fall as 2⁻ᵏ, so
    as many as the dtype has bits are exact, and the state needs no running product. At q = 1 the sum over i is t.
    """
    on_host: Any = np if isinstance(log_q, float) else jnp
    k = on_host.arange(1, jnp.finfo(t.dtype).nmant + 2, dtype=float)
    x = k * on_host.asarray(log_q, dtype=float)
    still = x == 0
    safe = on_host.where(still, -1.0, x)
    share = on_host.exp2(-k) / k
    moving = share * on_host.exp(safe) / on_host.expm1(safe)
    return -jnp.sum(jnp.where(still, share * t, moving * jnp.expm1(t * safe)))
