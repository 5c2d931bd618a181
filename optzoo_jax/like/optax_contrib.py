"""optax.contrib's names: `like.optax.contrib`. Those of `ours()` are made of our pieces, the others are optax's own.

Of the methods that both have, those are ours whose numbers are optax's; `kept()` says why the others are not.
"""

import functools
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optax import contrib as _contrib

from optzoo_jax.like import optax_optimizers as _optimizers
from optzoo_jax.like import optax_steps as _steps
from optzoo_jax.like.twin import twin_of as _twin_of
from optzoo_jax.optimizers import dadapt_adam as _dadapt_adam
from optzoo_jax.optimizers import dog as _dog
from optzoo_jax.optimizers import prodigy as _prodigy
from optzoo_jax.optimizers import schedule_free_adamw as _schedule_free_adamw
from optzoo_jax.optimizers import schedule_free_sgd as _schedule_free_sgd
from optzoo_jax.piece import chain as _chain
from optzoo_jax.piece import for_matrices as _for_matrices
from optzoo_jax.piece import join as _join
from optzoo_jax.piece import precondition as _precondition
from optzoo_jax.pieces import clips as _clips
from optzoo_jax.pieces import directions as _directions
from optzoo_jax.pieces import matrices as _matrices
from optzoo_jax.pieces import moments as _moments
from optzoo_jax.pieces import rates as _rates
from optzoo_jax.pieces.schedules import from_the_second as _from_the_second
from optzoo_jax.wrapper import HasParamsToEvaluate as _HasParamsToEvaluate
from optzoo_jax.wrappers.split_complex import split_complex as _split_complex

if TYPE_CHECKING:
    from optax.contrib import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]

_optaxs = _twin_of(_contrib)


@_optaxs
def scale_by_ademamix(b1: Any, b2: Any, b3: Any, alpha: Any, eps: Any, eps_root: Any) -> Any:
    """(m̂₁ + αm₂)/(√(v̂ + ε_root) + ε), m₂ with β₃. With a `mu_dtype` it is optax's."""
    direction = _join(operator.add, _directions.debiased_ema(b1), _directions.slow_ema(b3, alpha))
    return _precondition(direction, _rates.inverse_rms(b2, eps, eps_root))


@_optaxs
def ademamix(learning_rate: Any, weight_decay: Any, mask: Any, **step: Any) -> Any:
    """`scale_by_ademamix`, decoupled decay, and the learning rate."""
    return _decayed(scale_by_ademamix(**step), weight_decay, mask, learning_rate)


@_optaxs
def scale_by_simplified_ademamix(b1: Any, b2: Any, alpha: Any, eps: Any, eps_root: Any) -> Any:
    """m ← β₁m + g; (m + αg)/(√(v̂ + ε_root) + ε)."""
    direction = _chain(_directions.scale_by_momentum(b1), _directions.mix(1.0, alpha))
    return _precondition(direction, _rates.inverse_rms(b2, eps, eps_root))


@_optaxs
def simplified_ademamix(learning_rate: Any, weight_decay: Any, mask: Any, **step: Any) -> Any:
    """`scale_by_simplified_ademamix`, decoupled decay, and the learning rate."""
    return _decayed(scale_by_simplified_ademamix(**step), weight_decay, mask, learning_rate)


def _decayed(step: Any, weight_decay: Any, mask: Any, learning_rate: Any) -> Any:
    decay = _steps.add_decayed_weights(weight_decay, mask)
    return _chain(step, decay, _steps.scale_by_learning_rate(learning_rate))


@_optaxs
def scale_by_adopt(b1: Any, b2: Any, eps: Any, nesterov: bool, use_clipping: bool) -> Any:
    """`adopt`'s step; with `nesterov` the average ahead. With a `mu_dtype` or a `clip_value_fn` it is optax's."""
    waits = _directions.scale(_from_the_second(1.0))
    rate = _chain(_moments.square(), _moments.lagged_ema(b2), _rates.inverse_max_root(eps), waits)
    limit = (_clips.clip_growing(),) if use_clipping else ()
    mean = _directions.nesterov_ema(b1, bias_correction=False) if nesterov else _directions.raw_ema(b1)
    return _chain(_precondition(_directions.identity(), rate), *limit, mean)


@_optaxs
def adopt(learning_rate: Any, b1: Any, b2: Any, eps: Any, nesterov: bool, use_clipping: bool) -> Any:
    """`scale_by_adopt`, and the learning rate."""
    step = scale_by_adopt(b1, b2, eps, nesterov=nesterov, use_clipping=use_clipping)
    return _chain(step, _steps.scale_by_learning_rate(learning_rate))


@_optaxs
def scale_by_muon(ns_coeffs: Any, ns_steps: Any, beta: Any, eps: Any, nesterov: bool) -> Any:
    """The orthogonal factor of m̂, with `nesterov` of that of the step to come.

    With coefficients in an array, or by a name that we have not, another preconditioning, `adaptive`, axes or a
    `mu_dtype` it is optax's.
    """
    try:
        rows = _matrices.quintics(ns_coeffs)
    except ValueError:
        return NotImplemented
    steps = ns_steps if len(rows) == 1 != len(ns_coeffs) else len(rows)  # rows are run through once, be it one
    if steps > ns_steps:
        return NotImplemented
    mean = _directions.nesterov_ema(beta) if nesterov else _directions.debiased_ema(beta)
    return _chain(mean, _matrices.orthogonalize(eps=eps, ns_coeffs=rows, steps=steps))


@_optaxs
def muon(
    learning_rate: Any,
    ns_coeffs: Any,
    ns_steps: Any,
    beta: Any,
    eps: Any,
    weight_decay: Any,
    weight_decay_mask: Any,
    nesterov: bool,
    adam_b1: Any,
    adam_b2: Any,
    adam_eps_root: Any,
    adam_weight_decay: Any,
    adam_learning_rate: Any = None,
    consistent_rms: Any = None,
) -> Any:
    """`scale_by_muon`, √max(1, A/B), decay and the learning rate for arrays of two axes; `adamw` for others.

    It is optax's where `scale_by_muon` is.
    """
    shape = _matrices.scale_by_shape()
    if consistent_rms is not None:
        shape = _chain(_matrices.scale_by_shape("match_rms_adamw"), _directions.scale(consistent_rms / 0.2))
    step = scale_by_muon(ns_coeffs=ns_coeffs, ns_steps=ns_steps, beta=beta, eps=eps, nesterov=nesterov)
    of_matrices = _decayed(_chain(step, shape), weight_decay, weight_decay_mask, learning_rate)
    of_others = _optimizers.adamw(
        learning_rate if adam_learning_rate is None else adam_learning_rate,
        adam_b1,
        adam_b2,
        eps,
        adam_eps_root,
        weight_decay=adam_weight_decay,
        nesterov=nesterov,
    )
    return _for_matrices(of_matrices, of_others)


@_optaxs
def dog(learning_rate: Any, init_step: Any, eps: Any, weight_decay: Any, mask: Any) -> Any:
    """L2 decay, and `dog` with the `init_step` ('heuristic', reps_rel). With another it is optax's."""
    kind, reps_rel = init_step
    if kind != "heuristic":
        return NotImplemented
    step = _chain(_dog.scale_by_dog(reps_rel, eps), _steps.scale_by_learning_rate(learning_rate))
    return step if weight_decay is None else _chain(_steps.add_decayed_weights(weight_decay, mask), step)


@_optaxs
def schedule_free_sgd(learning_rate: Any, warmup_steps: Any, b1: Any, weight_decay: Any) -> Any:
    """`schedule_free_sgd`. With a schedule, `warmup_steps`, another `weight_lr_power` or a dtype it is optax's."""
    if callable(learning_rate) or warmup_steps is not None:
        return NotImplemented
    return _schedule_free_sgd.schedule_free_sgd(learning_rate, b1, weight_decay=weight_decay)


@_optaxs
def schedule_free_adamw(learning_rate: Any, warmup_steps: Any, b1: Any, b2: Any, eps: Any, weight_decay: Any) -> Any:
    """`schedule_free_adamw`. It is optax's where `schedule_free_sgd` is."""
    if callable(learning_rate) or warmup_steps is not None:
        return NotImplemented
    return _schedule_free_adamw.schedule_free_adamw(learning_rate, b1, b2, eps, weight_decay=weight_decay)


@_optaxs
def schedule_free_eval_params(state: Any, params: Any) -> Any:
    """`eval_params` of a state that is ours. Of one of optax's it is optax's."""
    return state.params_to_evaluate(params) if isinstance(state, _HasParamsToEvaluate) else NotImplemented


@_optaxs
def split_real_and_imaginary(inner: Any) -> Any:
    """`split_complex`."""
    return _split_complex(inner)


@_optaxs
def prodigy(learning_rate: Any, betas: Any, eps: Any, estim_lr0: Any, estim_lr_coef: Any, weight_decay: Any) -> Any:
    """`prodigy`, its bias corrected. With a `beta3`, or `safeguard_warmup`, it is optax's."""
    own = {"d0": estim_lr0, "d_coef": estim_lr_coef, "bias_correction": True, "weight_decay": weight_decay}
    b1, b2 = betas
    return _prodigy.prodigy(learning_rate, b1, b2, eps, **own)


@_optaxs
def dadapt_adamw(learning_rate: Any, betas: Any, eps: Any, estim_lr0: Any) -> Any:
    """`dadapt_adam`, its bias corrected. With a `weight_decay` it is optax's.

    As long as all gradients are 0 nothing moves, where optax's is NaN.
    """
    b1, b2 = betas
    return _dadapt_adam.dadapt_adam(learning_rate, b1, b2, eps, d0=estim_lr0, bias_correction=True)


@functools.cache
def ours() -> Mapping[str, Callable[..., Any]]:
    """The functions of optax.contrib that are made of this library's pieces, by name."""
    return MappingProxyType({name: f for name, f in globals().items() if hasattr(f, "theirs")})


def kept() -> Mapping[str, str]:
    """What is optax's own though this library has the method, by name: where its numbers, or its calls, differ."""
    galore = "projects the other side of a tall matrix, by a decomposition in float32"
    return {
        "dowg": "adds ε to √v too",
        "galore": galore,
        "hutchinson_estimator_diag_hessian": "draws signs of its own",
        "madgrad": "has its weights λ in float32",
        "sam": "makes steps of two kinds by turns",
        "scale_by_galore": galore,
        "schedule_free": "goes around an optimizer, and is told its learning rate once more",
        "sophia": "corrects m for its start, and has max(γh, ε)",
    }


def __getattr__(name: str) -> Any:
    return getattr(_contrib, name)


def __dir__() -> list[str]:
    return sorted({*dir(_contrib), "ours", "kept"})
