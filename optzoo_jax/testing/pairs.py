"""The library's wrappers: which laws they keep around Adam; each around each, what is built and what is refused."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from optzoo_jax.optimizers.adam import adam
from optzoo_jax.piece import chain
from optzoo_jax.wrappers.accumulate import accumulate_gradients
from optzoo_jax.wrappers.compress_state import compress_state
from optzoo_jax.wrappers.lookahead import lookahead
from optzoo_jax.wrappers.master_params import master_params
from optzoo_jax.wrappers.noise import add_gradient_noise
from optzoo_jax.wrappers.pack import pack
from optzoo_jax.wrappers.round_stochastically import round_stochastically
from optzoo_jax.wrappers.state_dtype import with_state_dtype

WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "lookahead": lambda tx: lookahead(tx, 2),
    "accumulate_gradients": lambda tx: accumulate_gradients(tx, 2),
    "master_params": master_params,
    "round_stochastically": round_stochastically,
    "compress_state": lambda tx: compress_state(tx, min_size=1),
    "with_state_dtype": lambda tx: with_state_dtype(tx, jnp.bfloat16),
    "pack": pack,
    "add_gradient_noise": lambda tx: chain(add_gradient_noise(key=0), tx),
}

_FLOAT16 = "it rounds to bfloat16, and refuses float16 parameters"
_BLOCKS = "neighbours share a scale, and each place is rounded by bits of its own"
_16_BITS = "momentum has 16 bits"
_NOISE = "the noise is the same whatever the gradient is"
# Of a wrapper around Adam, the laws that it does not keep, and why.
NOT_KEPT: dict[str, dict[str, str]] = {
    "lookahead": {"no average stops": "a step ahead and the way back cancel, and what is left is rounding"},
    "accumulate_gradients": {"inside lookahead": "refused: lookahead goes inside"},
    "master_params": {},
    "round_stochastically": dict.fromkeys(
        ["fixed point", "dtype of the gradient", "no NaN", "overflow is seen"], _FLOAT16
    ),
    "compress_state": dict.fromkeys(["permutation", "splitting"], _BLOCKS),
    "with_state_dtype": {
        "derivative is right": "rounding is a staircase, and what JAX differentiates the slope beneath it",
        "scale": _16_BITS,
        "phase": _16_BITS,
    },
    "pack": {},
    "add_gradient_noise": dict.fromkeys(["scale", "odd", "permutation", "splitting", "phase"], _NOISE),
}


def wrapped(name: str, tx: Any) -> Any:
    """An optimizer in one of the wrappers; behind `add_gradient_noise`, which stands before it."""
    return WRAPPERS[name](tx)


def refusal(outer: str, inner: str) -> str | None:
    """Why the one is not put around the other; None where it is."""
    tx = wrapped(inner, adam(1e-3))
    try:
        wrapped(outer, tx)
    except TypeError as error:
        return str(error)
    return None
