"""optax.contrib's names: `like.optax.contrib`. Those of `ours()` are this library's methods, the others optax's own.

Of the methods that both have, those are ours whose numbers are optax's.
"""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optax import contrib as _contrib

from optzoo_jax.like.twin import twin_of as _twin_of
from optzoo_jax.optimizers import dadapt_adam as _dadapt_adam
from optzoo_jax.optimizers import prodigy as _prodigy

if TYPE_CHECKING:
    from optax.contrib import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]


@_twin_of(_contrib)
def prodigy(learning_rate: Any, betas: Any, eps: Any, estim_lr0: Any, estim_lr_coef: Any, weight_decay: Any) -> Any:
    """`prodigy`, its bias corrected. With a `beta3`, or `safeguard_warmup`, it is optax's."""
    own = {"d0": estim_lr0, "d_coef": estim_lr_coef, "bias_correction": True, "weight_decay": weight_decay}
    b1, b2 = betas
    return _prodigy.prodigy(learning_rate, b1, b2, eps, **own)


@_twin_of(_contrib)
def dadapt_adamw(learning_rate: Any, betas: Any, eps: Any, estim_lr0: Any) -> Any:
    """`dadapt_adam`, its bias corrected. With a `weight_decay` it is optax's.

    As long as all gradients are 0 nothing moves, where optax's is NaN.
    """
    b1, b2 = betas
    return _dadapt_adam.dadapt_adam(learning_rate, b1, b2, eps, d0=estim_lr0, bias_correction=True)


@functools.cache
def ours() -> Mapping[str, Callable[..., Any]]:
    """The functions of optax.contrib that are this library's methods, by name."""
    return MappingProxyType({name: f for name, f in globals().items() if hasattr(f, "theirs")})


def __getattr__(name: str) -> Any:
    return getattr(_contrib, name)


def __dir__() -> list[str]:
    return sorted({*dir(_contrib), "ours"})
