"""The models of other libraries as two functions: a key → parameters, and parameters, inputs → outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Functions = tuple[Callable[[jax.Array], Any], Callable[[Any, Any], jax.Array]]
_RULE = "a model is a flax.linen module, or a function of a key that makes a flax.nnx module or an Equinox model"
_ONLY_PARAMETERS = "dropout and statistics of batches have no place in a race; leave those layers out"


def functions(model: Any, x: np.ndarray) -> Functions:
    """`init` and `outputs` of a model for inputs such as x.

    Raises:
      TypeError: for something that is no model.
      ValueError: for a model that holds more than parameters.
    """
    from flax import linen, nnx

    if isinstance(model, linen.Module):
        return _linen(model, np.zeros_like(x))
    if isinstance(model, nnx.Module) or not jax.tree_util.all_leaves([model]):
        raise TypeError(
            f"model is a {type(model).__name__} that was made already: each run needs one of its own; "
            "give a function of a key that makes it"
        )
    if not callable(model) or (isinstance(model, type) and issubclass(model, linen.Module)):
        raise TypeError(f"model = {model!r} is none: {_RULE}; give one of them, or init= and outputs=")
    made = model(jax.random.key(0))
    if isinstance(made, nnx.Module):
        return _nnx(model, made)
    if callable(made) and any(map(_is_parameter, jax.tree.leaves(made))):
        return _tree(model, made)
    raise TypeError(f"model(key) is a {type(made).__name__}: {_RULE}; return one of the last two")


def _linen(model: Any, x: np.ndarray) -> Functions:
    kinds = jax.eval_shape(lambda: model.init(jax.random.key(0), x)).keys() - {"params"}
    _nothing_else(kinds)
    return lambda key: model.init(key, x), model.apply


def _nnx(model: Callable[[jax.Array], Any], made: Any) -> Functions:
    from flax import nnx

    graph, _, others = nnx.split(made, nnx.Param, ...)
    variables = jax.tree.leaves(others, is_leaf=lambda node: hasattr(node, "type"))
    _nothing_else({variable.type.__name__ for variable in variables})
    return lambda key: nnx.split(model(key))[1], lambda params, x: nnx.merge(graph, params)(x)


def _tree(model: Callable[[jax.Array], Any], made: Any) -> Functions:
    """Parameters are the model with None in the place of all else; all else is that of the model made first."""
    rest = jax.tree.map(lambda leaf: None if _is_parameter(leaf) else leaf, made)

    def outputs(params: Any, x: jax.Array) -> jax.Array:
        whole = jax.tree.map(lambda p, r: r if p is None else p, params, rest, is_leaf=lambda node: node is None)
        return jax.vmap(whole)(x)

    return lambda key: jax.tree.map(lambda leaf: leaf if _is_parameter(leaf) else None, model(key)), outputs


def _is_parameter(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _nothing_else(kinds: Any) -> None:
    if kinds:
        raise ValueError(f"model has {', '.join(sorted(kinds))} beside its parameters: {_ONLY_PARAMETERS}")
