"""optax's optimizers: each a step of `optax_steps`, with what optax puts around it, in optax's order."""

from typing import Any

from optzoo_jax.like.optax_steps import (
    add_decayed_weights,
    by_array,
    ema,
    optaxs,
    scale_by_adadelta,
    scale_by_adam,
    scale_by_adamax,
    scale_by_adan,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_learning_rate,
    scale_by_lion,
    scale_by_novograd,
    scale_by_radam,
    scale_by_rms,
    scale_by_rss,
    scale_by_sm3,
    scale_by_stddev,
    scale_by_trust_ratio,
    scale_by_yogi,
    trace,
)
from optzoo_jax.piece import chain, masked
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.signs import sign


@optaxs
def sgd(learning_rate: Any, momentum: Any, nesterov: bool, accumulator_dtype: Any) -> Any:
    """θ ← θ − αg, or of a trace of g. With an `accumulator_dtype` the trace is optax's."""
    step = identity() if momentum is None else trace(momentum, nesterov, accumulator_dtype)
    return chain(step, scale_by_learning_rate(learning_rate))


@optaxs
def adagrad(learning_rate: Any, **step: Any) -> Any:
    """`scale_by_rss`, and the learning rate."""
    return chain(scale_by_rss(**step), scale_by_learning_rate(learning_rate))


@optaxs
def adadelta(learning_rate: Any, rho: Any, eps: Any, weight_decay: Any, weight_decay_mask: Any) -> Any:
    """L2 decay, `scale_by_adadelta`, and the learning rate, where there is one; without one the sign is not turned."""
    decay = add_decayed_weights(weight_decay, weight_decay_mask)
    return chain(decay, scale_by_adadelta(rho, eps), scale_by_learning_rate(learning_rate))


@optaxs
def rmsprop(learning_rate: Any, centered: bool, momentum: Any, nesterov: bool, **step: Any) -> Any:
    """`scale_by_rms`, or `scale_by_stddev` where `centered`; the learning rate; a trace of that, where there is one."""
    rated = chain((scale_by_stddev if centered else scale_by_rms)(**step), scale_by_learning_rate(learning_rate))
    return rated if momentum is None else chain(rated, trace(momentum, nesterov))


@optaxs
def adam(learning_rate: Any, **step: Any) -> Any:
    """`scale_by_adam`, and the learning rate."""
    return chain(scale_by_adam(**step), scale_by_learning_rate(learning_rate))


@optaxs
def adamw(learning_rate: Any, weight_decay: Any, mask: Any, **step: Any) -> Any:
    """`scale_by_adam`, decoupled decay, and the learning rate."""
    return chain(scale_by_adam(**step), add_decayed_weights(weight_decay, mask), scale_by_learning_rate(learning_rate))


@optaxs
def nadam(**arguments: Any) -> Any:
    """`adam` with `nesterov`."""
    return adam(**arguments)


@optaxs
def nadamw(**arguments: Any) -> Any:
    """`adamw` with `nesterov`."""
    return adamw(**arguments)


@optaxs
def amsgrad(learning_rate: Any, **step: Any) -> Any:
    """`scale_by_amsgrad`, and the learning rate."""
    return chain(scale_by_amsgrad(**step), scale_by_learning_rate(learning_rate))


@optaxs
def adamax(learning_rate: Any, **step: Any) -> Any:
    """`scale_by_adamax`, and the learning rate."""
    return chain(scale_by_adamax(**step), scale_by_learning_rate(learning_rate))


@optaxs
def adamaxw(learning_rate: Any, weight_decay: Any, mask: Any, **step: Any) -> Any:
    """`scale_by_adamax`, decoupled decay, and the learning rate."""
    decay = add_decayed_weights(weight_decay, mask)
    return chain(scale_by_adamax(**step), decay, scale_by_learning_rate(learning_rate))


@optaxs
def adabelief(learning_rate: Any, **step: Any) -> Any:
    """`scale_by_belief`, and the learning rate."""
    return chain(scale_by_belief(**step), scale_by_learning_rate(learning_rate))


@optaxs
def adan(learning_rate: Any, weight_decay: Any, mask: Any, **step: Any) -> Any:
    """`scale_by_adan`, decoupled decay, and the learning rate."""
    return chain(scale_by_adan(**step), add_decayed_weights(weight_decay, mask), scale_by_learning_rate(learning_rate))


@optaxs
def lion(learning_rate: Any, weight_decay: Any, mask: Any, **step: Any) -> Any:
    """`scale_by_lion`, decoupled decay, and the learning rate."""
    return chain(scale_by_lion(**step), add_decayed_weights(weight_decay, mask), scale_by_learning_rate(learning_rate))


@optaxs
def radam(learning_rate: Any, **step: Any) -> Any:
    """`scale_by_radam`, and the learning rate."""
    return chain(scale_by_radam(**step), scale_by_learning_rate(learning_rate))


@optaxs
def yogi(learning_rate: Any, **step: Any) -> Any:
    """`scale_by_yogi`, and the learning rate."""
    return chain(scale_by_yogi(**step), scale_by_learning_rate(learning_rate))


@optaxs
def lamb(learning_rate: Any, weight_decay: Any, mask: Any, **step: Any) -> Any:
    """`scale_by_adam`, decay, the trust ratio of both, and the learning rate."""
    decayed = chain(scale_by_adam(**step), add_decayed_weights(weight_decay, mask))
    return chain(decayed, scale_by_trust_ratio(), scale_by_learning_rate(learning_rate))


@optaxs
def lars(
    learning_rate: Any,
    weight_decay: Any,
    weight_decay_mask: Any,
    trust_coefficient: Any,
    eps: Any,
    trust_ratio_mask: Any,
    momentum: Any,
    nesterov: bool,
) -> Any:
    """L2 decay, the trust ratio, the learning rate, and a trace of that."""
    decay = add_decayed_weights(weight_decay, weight_decay_mask)
    ratio = masked(scale_by_trust_ratio(trust_coefficient=trust_coefficient, eps=eps), by_array(trust_ratio_mask))
    return chain(decay, ratio, scale_by_learning_rate(learning_rate), trace(momentum, nesterov))


@optaxs
def novograd(learning_rate: Any, **step: Any) -> Any:
    """`scale_by_novograd`, and the learning rate."""
    return chain(scale_by_novograd(**step), scale_by_learning_rate(learning_rate))


@optaxs
def sm3(learning_rate: Any, momentum: Any) -> Any:
    """`scale_by_sm3`, and the learning rate."""
    return chain(scale_by_sm3(momentum), scale_by_learning_rate(learning_rate))


@optaxs
def sign_sgd(learning_rate: Any) -> Any:
    """θ ← θ − α·sign(g)."""
    return chain(sign(), scale_by_learning_rate(learning_rate))


@optaxs
def signum(learning_rate: Any, beta: Any, accumulator_dtype: Any) -> Any:
    """θ ← θ − α·sign(m). With an `accumulator_dtype` the average is optax's."""
    return chain(ema(beta, False, accumulator_dtype), sign(), scale_by_learning_rate(learning_rate))
