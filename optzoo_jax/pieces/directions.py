"""gradient [g] → direction [g]: which way to go."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.arguments import Array, Decay, Hyper, Numeric, Speed, Steps, Weight
from optzoo_jax.piece import Transformation, chain, named, piece
from optzoo_jax.pieces.corrections import debias, log_of, weight_of
from optzoo_jax.precision import full, zeros


@piece("x → x")
def identity(x):
    """d = g. The gradient itself, as a direction."""
    return x


@piece("x → gradient [g]")
def gradient(x, grad):
    """The gradient, whatever came in: what a branch of `join` starts from."""
    return grad


def average(m: Array, x: Array, decay: Any, poured: Any = None, *, weight: Any = None) -> Array:
    """βm + (1−β)x, and what is `poured` in: a share of the way from whichever of the two is nearer.

    `weight` is 1−β where that is known better than the difference.

    From m it drifts five times less from float64 over 10⁴ float32 steps; but for a small β it would keep of a large m
    what rounding left in m + (x − m).
    """
    far, weight = decay < 0.5, 1 - decay if weight is None else weight
    if isinstance(far, bool):
        start, end, share = (x, m, decay) if far else (m, x, weight)
    else:
        start, end, share = jnp.where(far, x, m), jnp.where(far, m, x), jnp.where(far, decay, weight)
    step = share * (end - start)
    # A slot whose last operation has one full-size operand (… + ε) is computed again in the parameters' kernel by XLA
    # on a CPU, which then copies the old slot first: four times slower.
    return start + (step if poured is None else step + poured)


@piece("x → x", mu=full)
def raw_ema(x, mu, decay: Decay = 0.9):
    """m ← βm + (1−β)x; d = m: `ema` without bias correction.

    Args:
      decay: β in [0, 1). The average looks back over about 1/(1−β) steps.
      initial: m₀, in units of what is averaged. With 0 the first averages are too small; `debias(decay)` after it mends
        that.
    """
    mu = average(mu, x, decay)
    return mu, mu


def slowed(
    t: Array, decay: Decay = 0.9999, weight: Weight = 1.0, *, start: Decay = 0.9, warmup: Steps | None = None
) -> tuple[Any, Any]:
    """The decay and the weight in step t of `slow_ema`."""
    if warmup is None:
        return decay, weight
    share = jnp.minimum(t.astype(float) / warmup, 1)

    def half_life(decay: Numeric) -> Any:
        return float(np.log(0.5)) / log_of(decay + 1e-8)

    slow = jnp.exp2(-1 / ((1 - share) * half_life(start) + share * half_life(decay)))
    return jnp.where(t >= warmup, decay, slow), share * weight


@piece("x → x", mu_slow=zeros, facts=[slowed])
def slow_ema(x, mu_slow, slowed):
    """m ← βₜm + (1−βₜ)x; d = aₜm: an average over a long past, which grows into it.

    With T steps of warm-up, a rises to its value in a straight line, and so does the half-life of the average, from
    that of `start`, which after step t is h = (1 − t/T)·ln ½/ln(β_s + 1e-8) + (t/T)·ln ½/ln(β + 1e-8), βₜ = ½^(1/h).

    Args:
      decay: β in [0, 1).
      weight: a ≥ 0.
      start: β_s in [0, 1), the decay from which β grows.
      warmup: T ≥ 1; None for none.

    Reference: Pagliardini, Ablin & Grangier, 2024, "The AdEMAMix optimizer", arXiv:2409.03137, Algorithm 1.
    """
    decay, weight = slowed
    mu_slow = average(mu_slow, x, decay)
    return weight * mu_slow, mu_slow


@piece("x → x", mu=zeros)
def ema_read_ahead(x, mu, read: Decay = 0.9, write: Decay = 0.99):
    """d = βᵣm + (1−βᵣ)x; then m ← β_w·m + (1−β_w)x: read with one decay, kept with another.

    Args:
      read: βᵣ in [0, 1), of what comes out.
      write: β_w in [0, 1), of what is kept.

    Reference: Chen et al., 2023, "Symbolic discovery of optimization algorithms", arXiv:2302.06675, Algorithm 2.
    """
    return average(mu, x, read), average(mu, x, write)


@piece("x → x", total=zeros)
def accumulate(x, total):
    """s ← s + x; d = s: the sum of all that came. It saturates where it would overflow."""
    if jnp.iscomplexobj(total):
        total = jax.lax.complex(_saturating(total.real, x.real), _saturating(total.imag, x.imag))
    else:
        total = _saturating(total, x)
    return total, total


def _saturating(total: Array, x: Array) -> Array:
    """total + x, finite. The sum comes last: see `average`."""
    most = float(jnp.finfo(total.dtype).max)
    return total + jnp.clip(x, -most - jnp.minimum(total, 0), most - jnp.maximum(total, 0))


@piece("gradient [g] → direction [g]")
def mix(x, grad, a: Hyper, b: Hyper | None = None):
    """a·x + b·grad: what came in, and the gradient once more.

    After an average it looks ahead (Nesterov) or leans on the present (quasi-hyperbolic). `grad` is what entered the
    enclosing `precondition` or `scoped`, of which x is an average.

    Args:
      a: the weight of x.
      b: the weight of the gradient; None for 1 − a.
    """
    return a * x + (1 - a if b is None else b) * grad


@piece("x → x")
def scale(x, factor: Hyper):
    """c·x.

    Args:
      factor: c, of any sign, without a unit.
    """
    return factor * x


def complement(share: Any) -> Any:
    """1 − share: the decay of an average in which the new has this share; of a schedule a schedule."""
    return functools.partial(_rest, share) if callable(share) else 1 - share


def _rest(share: Any, count: Any) -> Any:
    return 1 - share(count)


@named
def debiased_ema(decay: Decay = 0.9, *, bias_correction: bool = True) -> Transformation:
    """m ← βm + (1−β)g; d = m/(1−βᵗ): the direction of Adam.

    Args:
      decay: β in [0, 1).
      bias_correction: False for d = m.
    """
    return chain(raw_ema(decay), debias(decay)) if bias_correction else raw_ema(decay)


def ema(decay: Decay = 0.9, debias: bool = True) -> Transformation:
    """`debiased_ema`, or without `debias` `raw_ema`: the two under the name and the arguments that optax has for them.

    Args:
      decay: β in [0, 1).
      debias: False for d = m.
    """
    return debiased_ema(decay, bias_correction=debias)


@piece("x → x", trace=zeros)
def scale_by_momentum(x, trace, decay: Decay = 0.9):
    """m ← βm + g; d = m.

    A sum, not an average: under a constant gradient d grows to g/(1−β). Named after what it does in a chain;
    optax has it as `trace`.

    Args:
      decay: β in [0, 1).

    Reference: Polyak, 1964, "Some methods of speeding up the convergence of iteration methods".
    """
    trace = decay * trace + x
    return trace, trace


@piece("x → x", trace=zeros)
def nesterov(x, trace, decay: Decay = 0.9):
    """m ← βm + g; d = g + βm.

    The parameters are the look-ahead point itself, so the gradient is taken where they are (the form of torch and
    optax); `base_point` turns them into the parameters of Nesterov's two-point form.

    Args:
      decay: β in [0, 1).

    Reference: Nesterov, 1983; rewritten by Bengio, Boulanger-Lewandowski & Pascanu, 2012, arXiv:1212.0901.
    """
    trace = decay * trace + x
    return x + decay * trace, trace


def lookahead_point(params: Any, state: Any, *, learning_rate: Numeric, momentum: Numeric = 0.9) -> Any:
    """θ − αβm: from the parameters of Nesterov's two-point form to the point where it takes the gradient.

    That point is what `nag` keeps as parameters. `base_point` is the inverse.

    Args:
      params: θ of the two-point form, any pytree.
      state: the state of `nag` (or of a chain with one `nesterov` in it), read for m.
      learning_rate: α of the step that comes next; 1.0 for `nag(lr_inside=True)`, whose m has the rate in it.
      momentum: β.
    """
    trace, distance = optax.tree_utils.tree_get(state, "trace"), -learning_rate * momentum
    return jax.tree.map(lambda p, m: (p + distance * m).astype(p.dtype), params, trace)


def base_point(params: Any, state: Any, *, learning_rate: Numeric, momentum: Numeric = 0.9) -> Any:
    """θ + αβm: from `nag`'s parameters to those of Nesterov's two-point form; the inverse of `lookahead_point`.

    Args:
      params: the parameters that `nag` trains, any pytree.
      state: the state of `nag` (or of a chain with one `nesterov` in it), read for m.
      learning_rate: α of the last step; 1.0 for `nag(lr_inside=True)`, whose m has the rate in it.
      momentum: β.
    """
    return lookahead_point(params, state, learning_rate=-learning_rate, momentum=momentum)


def ahead_weights(t: Array, decay: Decay = 0.9, *, ahead: int = 1, bias_correction: bool = True) -> tuple[Any, Any]:
    """What the two terms of `nesterov_ema` are divided by."""
    return (weight_of(decay, t, ahead), weight_of(decay, t)) if bias_correction else (1.0, 1.0)


@piece("x → x", mu=zeros, facts=[ahead_weights])
def nesterov_ema(x, mu, ahead_weights, decay: Decay = 0.9):
    """m ← βm + (1−β)g; d = βm/(1−βᵗ⁺ᵃ) + (1−β)g/(1−βᵗ): an average, seen one step ahead.

    Args:
      decay: β in [0, 1).
      ahead: a, 1 as in optax, or 0 as in Ruder's overview, where both terms share one correction.
      bias_correction: False for d = βm + (1−β)g.

    Reference: Dozat, 2016, "Incorporating Nesterov momentum into Adam"; Ruder, 2016, arXiv:1609.04747.
    """
    weight_ahead, weight = ahead_weights
    mu = average(mu, x, decay)
    return decay * mu / weight_ahead + (1 - decay) * x / weight, mu


def scheduled_weights(
    t: Array, decay: Decay = 0.9, *, momentum_decay: Speed = 4e-3, bias_correction: bool = True
) -> tuple[Array, Array]:
    """What m and g are multiplied by in `scheduled_nesterov_ema`."""
    log_q, t = momentum_decay * float(np.log(0.96)), t.astype(float)

    def mu_at(t: Array) -> Array:
        return decay * (1 - 0.5 * jnp.exp(t * log_q))

    now, ahead = mu_at(t), mu_at(t + 1)
    if not bias_correction:
        return ahead, 1 - now
    weight = -jnp.expm1(t * log_of(decay) + _log_product(t, log_q))
    # 1 − Π_{i≤t+1}μᵢ from the product up to t: positive terms alone, and no second sum of logarithms.
    weight_ahead = weight + (1 - weight) * (1 - ahead)
    return ahead / weight_ahead, (1 - now) / weight


@piece("x → x", mu=zeros, facts=[scheduled_weights])
def scheduled_nesterov_ema(x, mu, scheduled_weights, decay: Decay = 0.9):
    """μₜ = β(1 − ½·0.96^(tψ)); m ← βm + (1−β)g; d = μₜ₊₁m/(1−Π_{i≤t+1}μᵢ) + (1−μₜ)g/(1−Π_{i≤t}μᵢ).

    Args:
      decay: β in [0, 1).
      momentum_decay: ψ ≥ 0, the speed at which μ rises from β/2 to β.
      bias_correction: False to leave out both denominators.

    Reference: Dozat, 2016, "Incorporating Nesterov momentum into Adam", Algorithm 8 and its momentum schedule.
    """
    m_weight, g_weight = scheduled_weights
    mu = average(mu, x, decay)
    return m_weight * mu + g_weight * x, mu


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
