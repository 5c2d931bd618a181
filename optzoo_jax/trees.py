"""Two pytrees that should be alike, arrays that should be numbers; what is of a kind; and paths as numbers."""

import sys
import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.precision import as_array

T = TypeVar("T")


def flatten_like(updates: Any, tree: Any, what: str) -> list[Any]:
    """The leaves of `tree`, which must be those of `updates` in structure and shape."""
    flat, treedef = jax.tree.flatten(updates)
    leaves, found = jax.tree.flatten(tree)
    if found != treedef or any(np.shape(x) != np.shape(g) for x, g in zip(leaves, flat, strict=True)):
        raise ValueError(
            f"the {what} and the gradients are different pytrees, first at {_first_difference(updates, tree)}; pass "
            "gradients taken with respect to the very parameters that init saw."
        )
    return leaves


def _first_difference(updates: Any, tree: Any) -> str:
    ours, theirs = (
        {jax.tree_util.keystr(path): np.shape(x) for path, x in jax.tree_util.tree_leaves_with_path(t)}
        for t in (updates, tree)
    )
    for path in [*ours, *theirs]:
        if ours.get(path) != theirs.get(path):
            return f"{path or 'the root'} (gradient: {ours.get(path, 'absent')}, there: {theirs.get(path, 'absent')})"
    return f"the containers ({jax.tree.structure(updates)}, {jax.tree.structure(tree)})"


def as_arrays(tree: Any, what: str) -> Any:
    """The tree with NumPy arrays and Python numbers as arrays; TypeError for what an optimizer cannot move."""
    leaves, treedef = jax.tree.flatten(tree)
    if all(_is_inexact(x) for x in leaves):
        return treedef.unflatten(map(as_array, leaves))
    path, x = next((path, x) for path, x in jax.tree_util.tree_leaves_with_path(tree) if not _is_inexact(x))
    found = f"has dtype {jnp.result_type(x)}" if _is_number(x) else f"is no array but {x!r}"
    raise TypeError(
        f"the {what} at {jax.tree_util.keystr(path) or 'the root'} {found}; an optimizer moves floating-point or "
        "complex arrays: leave others out of the tree (eqx.filter(model, eqx.is_inexact_array) of an Equinox model), "
        "or mask them (optax.masked)."
    )


def _is_number(x: Any) -> bool:
    return hasattr(x, "dtype") or isinstance(x, int | float | complex)


def _is_inexact(x: Any) -> bool:
    return _is_number(x) and jnp.issubdtype(jnp.result_type(x), jnp.inexact)


def without_variables(tree: Any) -> Any:
    """The tree with their values in the place of Flax's nnx.Variables, each of which is a node of a pytree.

    `nnx.Optimizer` shows `init` the Variables, and `update` the values, and keeps a state of Variables.
    """
    nnx = sys.modules.get("flax.nnx")
    if nnx is None:
        return tree

    def value(x: Any) -> Any:
        if not is_variable(x):
            return x
        (inside,) = jax.tree.leaves(x, is_leaf=lambda y: y is not x)
        return without_variables(x.value if inside is x else inside)  # before Flax 0.11 a Variable is a leaf

    def is_variable(x: Any) -> bool:
        return isinstance(x, nnx.Variable)

    return jax.tree.map(value, tree, is_leaf=is_variable)


def state_without_variables(state: Any) -> Any:
    """The same for an optimizer's state; ValueError for what Flax's nnx.state made of one, which has no types in it."""
    nnx = sys.modules.get("flax.nnx")
    if nnx is not None and isinstance(state, nnx.State):
        raise ValueError(
            "an nnx.State has the arrays of an optimizer's state, and not what they are there for: pass "
            "optimizer.opt_state, into which nnx.update(optimizer, …) puts those of a checkpoint."
        )
    return without_variables(state)


def checked_mask(mask: Any, tree: Any = None) -> Any:
    """A mask without Variables in it; TypeError where it is no tree of booleans like `tree`, where that is known."""
    mask = without_variables(mask)
    several = tree is not None and not jax.tree_util.all_leaves([without_variables(tree)])
    if isinstance(mask, jax.Array) or (several and isinstance(mask, bool | np.bool_)):
        raise TypeError(
            f"mask={mask!r} is one value for all arrays: a mask is a pytree of booleans like the parameters, and None "
            "takes them all. optax.inject_hyperparams calls a mask function as if it were a schedule: name it there, "
            "inject_hyperparams(adamw, static_args=('mask',))."
        )
    for path, x in jax.tree_util.tree_leaves_with_path(mask):
        if not (isinstance(x, bool | np.bool_) or (hasattr(x, "dtype") and x.dtype == bool and x.shape == ())):
            where = f" has {x!r} at {jax.tree_util.keystr(path)}" if path else f"={x!r}"
            raise TypeError(
                f"mask{where}, which is no boolean: a mask is a pytree of booleans like the parameters, or a function "
                "from the parameters to one, such as lambda params: jax.tree.map(lambda p: p.ndim > 1, params)."
            )
    return mask


def owner_of(path: Sequence[Any], x: Any, leaves: list[tuple[Any, Any]]) -> int | None:
    """Of arrays with their paths, the one that a state's array is shaped like and whose path its path ends in."""
    ends = [i for i, (end, p) in enumerate(leaves) if p.shape == x.shape and path[len(path) - len(end) :] == end]
    return max(ends, key=lambda i: len(leaves[i][0]), default=None)


def bytes_of(tree: Any) -> int:
    """The size of a tree's arrays."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def path_name(path: Sequence[Any]) -> str:
    """A key path in one language: the keys joined by "/", without the `.value` in which nnx ends its paths."""
    names = [key_name(key) for key in path]
    return "/".join(names[:-1] if len(names) > 1 and names[-1] == "value" else names)


def key_name(key: Any) -> str:
    """A key of a path, whatever kind of container it is of."""
    return str(next(getattr(key, kind) for kind in ("name", "key", "idx") if hasattr(key, kind)))


def hash_of(path: tuple) -> int:
    """A number that tells the array at a key path from others, the same in every process."""
    return zlib.crc32(jax.tree_util.keystr(path).encode())


def of_kind(kind: type[T] | tuple[type[T], ...], tree: Any) -> list[T]:
    """What is of this kind in a tree, or of one of these; what is inside of it is not looked at."""
    return [x for x in jax.tree.leaves(tree, is_leaf=lambda x: isinstance(x, kind)) if isinstance(x, kind)]


def map_kind(f: Callable[..., Any], kind: type, tree: Any, *rest: Any) -> Any:
    """The last of the trees, with f of all in the place of what is of this kind in the first."""

    def mapped(*xs: Any) -> Any:
        return f(*xs) if isinstance(xs[0], kind) else xs[-1]

    return jax.tree.map(mapped, tree, *rest, is_leaf=lambda x: isinstance(x, kind))
