"""Complex parameters as pairs of real ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.wrapper import Transformation, as_transformation


class Pair(NamedTuple):
    """What stands in the place of a complex array, its parts called as in optax's states."""

    real: Any
    imaginary: Any


@as_transformation()
def split_complex(inner: optax.GradientTransformation) -> Transformation:
    """Trains the real and the imaginary part of a complex parameter as two parameters, as torch does.

    Stream: that of the inner optimizer.

    |g|² is then not shared by the two, and an update turns where the gradient is turned. The state of real parameters
    is that of the inner optimizer, and so are their numbers; `optax.contrib.split_real_and_imaginary` nests it.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> Any:
        return inner.init(_apart(params))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        new, state = inner.update(_apart(updates), state, _apart(params), **extra)
        return jax.tree.map(lambda _, u: jax.lax.complex(*u) if isinstance(u, Pair) else u, updates, new), state

    return Transformation(init, update)


def _apart(tree: Any) -> Any:
    def parts(x: Any) -> Any:
        if not jnp.issubdtype(jnp.result_type(x), jnp.complexfloating):
            return x
        of_shape = isinstance(x, jax.ShapeDtypeStruct)
        return Pair(*(jax.eval_shape(f, x) if of_shape else f(x) for f in (jnp.real, jnp.imag)))

    return jax.tree.map(parts, tree)
