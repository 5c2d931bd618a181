"""optax's transformations of a gradient into a step, of our pieces; `twin_of` says when optax's own takes a call.

What rounds a state to another dtype (`mu_dtype`, `accumulator_dtype`) is such a case: optax computes in that dtype too,
and this library in at least float32.
"""

import operator
from typing import Any

import jax
import optax

from optzoo_jax.like.twin import twin_of
from optzoo_jax.optimizers.adabelief import scale_by_belief as belief
from optzoo_jax.optimizers.adadelta import scale_by_adadelta as adadelta
from optzoo_jax.optimizers.adam import scale_by_adam as adam
from optzoo_jax.optimizers.lion import scale_by_lion as lion
from optzoo_jax.optimizers.nadam import scale_by_nadam as nadam
from optzoo_jax.optimizers.yogi import scale_by_yogi as yogi
from optzoo_jax.piece import Transformation, chain, join, precondition
from optzoo_jax.pieces import differences, directions, moments, updates
from optzoo_jax.pieces.corrections import debias as debiased
from optzoo_jax.pieces.directions import debiased_ema, identity, nesterov_ema
from optzoo_jax.pieces.rates import inverse, inverse_rms, inverse_root
from optzoo_jax.pieces.rectification import rectify
from optzoo_jax.pieces.reductions import sum_over
from optzoo_jax.pieces.trust import trust_ratio

optaxs = twin_of(optax)


@optaxs
def trace(decay: Any, nesterov: bool) -> Transformation:
    """m ← βm + g; m, or with `nesterov` g + βm. With an `accumulator_dtype` it is optax's."""
    return directions.nesterov(decay) if nesterov else directions.scale_by_momentum(decay)


@optaxs
def ema(decay: Any, debias: bool) -> Transformation:
    """m ← βm + (1−β)g; m/(1−βᵗ), or without `debias` m. With an `accumulator_dtype` it is optax's."""
    return debiased_ema(decay, bias_correction=debias)


@optaxs
def add_decayed_weights(weight_decay: Any, mask: Any) -> Transformation:
    """x + λθ."""
    return updates.add_decayed_weights(weight_decay, by_array(mask))


def by_array(mask: Any) -> Any:
    """A mask, which optax also takes as one boolean for all arrays."""
    return (lambda params: jax.tree.map(lambda _: mask, params)) if isinstance(mask, bool) else mask


@optaxs
def scale_by_learning_rate(learning_rate: Any, flip_sign: bool) -> Any:
    """−αx, or without `flip_sign` αx. Without a learning rate it is optax's."""
    if learning_rate is None:
        return NotImplemented
    return (updates.scale_by_learning_rate if flip_sign else updates.times_learning_rate)(learning_rate)


@optaxs
def scale_by_rss(initial_accumulator_value: Any, eps: Any) -> Transformation:
    """G ← G + g²; g/√(G + ε)."""
    return precondition(
        identity(), chain(moments.sum_of_squares(initial=initial_accumulator_value), inverse_root(eps_root=eps))
    )


@optaxs
def scale_by_rms(
    decay: Any, eps: Any, initial_scale: Any, eps_in_sqrt: bool = True, bias_correction: bool = False
) -> Transformation:
    """v ← βv + (1−β)g²; g/√(v + ε), or without `eps_in_sqrt` g/(√v + ε)."""
    moment = _mean_square(decay, initial_scale, bias_correction)
    return precondition(identity(), chain(moment, _root(eps, eps_in_sqrt)))


@optaxs
def scale_by_stddev(
    decay: Any, eps: Any, initial_scale: Any, eps_in_sqrt: bool = True, bias_correction: bool = False
) -> Transformation:
    """The same of the variance v − m², m ← βm + (1−β)g."""
    variance = moments.centered(debiased_ema(decay, bias_correction=bias_correction))
    moment = _mean_square(decay, initial_scale, bias_correction)
    return precondition(identity(), chain(moment, variance, _root(eps, eps_in_sqrt)))


def _mean_square(decay: Any, initial: Any, bias_correction: bool) -> Transformation:
    moment = moments.second_moment(decay, initial=initial)
    return chain(moment, debiased(decay)) if bias_correction else moment


def _root(eps: Any, inside: bool) -> Transformation:
    return inverse_root(eps_root=eps) if inside else inverse_root(eps)


@optaxs
def scale_by_adadelta(rho: Any, eps: Any) -> Transformation:
    """This library's, whose formula is optax's."""
    return adadelta(rho, eps)


@optaxs
def scale_by_adam(b1: Any, b2: Any, eps: Any, eps_root: Any, nesterov: bool) -> Transformation:
    """m̂/(√(v̂ + ε_root) + ε); with `nesterov` the m̂ of the step to come. With a `mu_dtype` it is optax's."""
    if nesterov:
        return nadam(b1, b2, eps, eps_root, variant="optax")
    return adam(b1, b2, eps, eps_root)


@optaxs
def scale_by_amsgrad(
    b1: Any, b2: Any, eps: Any, eps_root: Any, bias_correction_mu: bool = True, bias_correction_nu: bool = True
) -> Transformation:
    """m̂/(√(max v̂ + ε_root) + ε). With a `mu_dtype` it is optax's."""
    corrected = (debiased(b2),) if bias_correction_nu else ()
    rate = chain(moments.second_moment(b2), *corrected, moments.running_max(), inverse_root(eps, eps_root))
    return precondition(debiased_ema(b1, bias_correction=bias_correction_mu), rate)


@optaxs
def scale_by_adamax(b1: Any, b2: Any, eps: Any) -> Transformation:
    """m̂/u, u ← max(β₂u, |g| + ε)."""
    return precondition(debiased_ema(b1), chain(moments.largest_gradient(b2, eps), inverse()))


@optaxs
def scale_by_lion(b1: Any, b2: Any) -> Transformation:
    """sign(β₁m + (1−β₁)g). With a `mu_dtype`, or a `mode` that is smooth, it is optax's."""
    return lion(b1, b2)


@optaxs
def scale_by_adan(b1: Any, b2: Any, b3: Any, eps: Any, eps_root: Any) -> Transformation:
    """(m̂ + (1−β₂)ŵ)/(√(n̂ + ε_root) + ε), with 1 − β₂ where the paper, and this library's `adan`, have β₂."""
    share = directions.complement(b2)
    ahead = chain(differences.difference(initial="first_gradient"), debiased_ema(b2), directions.scale(share))
    seen_ahead = join(operator.add, identity(), chain(differences.last_change(), directions.scale(share)))
    direction = join(operator.add, debiased_ema(b1), ahead)
    return precondition(direction, chain(seen_ahead, inverse_rms(b3, eps, eps_root)))


@optaxs
def scale_by_belief(b1: Any, b2: Any, eps: Any, eps_root: Any, nesterov: bool = False) -> Any:
    """m̂/(√ŝ + ε), s an average of (g − m)² + ε_root. With `nesterov` it is optax's."""
    return NotImplemented if nesterov else belief(b1, b2, eps, eps_root)


@optaxs
def scale_by_yogi(b1: Any, b2: Any, eps: Any, eps_root: Any, initial_accumulator_value: Any) -> Any:
    """m̂/(√v̂ + ε), m₀ = v₀ = `initial_accumulator_value`. With an `eps_root` it is optax's."""
    if not isinstance(eps_root, int | float) or eps_root:
        return NotImplemented
    return yogi(b1, b2, eps, variant="authors", initial_accumulator_value=initial_accumulator_value)


@optaxs
def scale_by_radam(b1: Any, b2: Any, eps: Any, eps_root: Any, threshold: Any, nesterov: bool = False) -> Transformation:
    """Adam's step times rₜ where ρₜ ≥ threshold, else m̂; with `nesterov` the m̂ of the step to come."""
    rate = chain(inverse_rms(b2, eps, eps_root), rectify(b2, threshold=threshold, inclusive=True))
    return precondition(nesterov_ema(b1) if nesterov else debiased_ema(b1), rate)


@optaxs
def scale_by_sm3(b1: Any, eps: Any) -> Transformation:
    """m ← β₁m + (1−β₁)g/√(G + ε), G of SM3. With a `b2` below 1 it is optax's."""
    rate = chain(moments.square(), moments.smallest_cover(), inverse_root(eps_root=eps))
    return chain(precondition(identity(), rate), debiased_ema(b1, bias_correction=False))


@optaxs
def scale_by_novograd(b1: Any, b2: Any, eps: Any, eps_root: Any, weight_decay: Any) -> Transformation:
    """m ← β₁m + g/(√(v + ε_root) + ε) + λθ, one v an array. With a `mu_dtype` it is optax's."""
    moment = chain(moments.square(), sum_over(), moments.moment_ema(b2, initial="first_gradient"))
    step = precondition(identity(), chain(moment, inverse_root(eps, eps_root)))
    return chain(step, updates.add_decayed_weights(weight_decay), directions.scale_by_momentum(b1))


@optaxs
def scale_by_trust_ratio(trust_coefficient: Any, eps: Any) -> Transformation:
    """x·η‖θ‖/(‖x‖ + ε), and x where a norm is 0. With a `min_norm` it is optax's."""
    return trust_ratio(trust_coefficient, eps)
