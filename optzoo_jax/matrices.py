"""Arrays as matrices (…, output, input), and matrices of one shape as one batch.

Which axes of an array are a matrix's is a pair (output axis, input axis); its other axes are a batch, as stacked layers
are. Streams keep the layout of their parameters: what goes number by number has no use for another.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import optax
from jax.sharding import NamedSharding, PartitionSpec

from optzoo_jax.arguments import Array
from optzoo_jax.trees import path_name
from optzoo_jax.versions import AxisType, mesh_of, reshard, typeof

Axes = tuple[int, int] | None


def axes_of(axes: Any, tree: Any, *, rest: bool, where: str) -> list[Axes]:
    """For every array its output and input axis, where it is a matrix.

    Raises:
      TypeError, ValueError: where the axes are none; where an array is no matrix and there is nothing for the `rest`.
    """
    found = []
    for path, x in jax.tree_util.tree_leaves_with_path(tree):
        name, shape = path_name(path), jnp.shape(x)
        pair = axes(name, x) if callable(axes) else axes if len(shape) == 2 else None
        if 0 in shape:  # nothing is there to be moved
            pair = None
        elif pair is None and not rest:
            raise ValueError(
                f"{where}: the array {name or 'at the root'} of shape {shape} is no matrix, and there is nothing for "
                "what is none: give otherwise= an optimizer, such as adamw(1e-3) (a piece by itself belongs into "
                "for_matrices(piece, otherwise)), or say by matrix_axes, a function (path, array) → (output axis, "
                "input axis), which of its axes are a matrix's."
            )
        found.append(pair if pair is None else _checked(pair, name, shape, where))
    return found


def axes_by_themselves(treedef: Any, count: int, xs: dict[int, Any], where: str) -> dict[int, Axes]:
    """The axes of matrices that no one has parted from other arrays; TypeError, ValueError as in `axes_of`."""
    streams = treedef.unflatten([xs.get(i, optax.MaskedNode()) for i in range(count)])
    return dict(zip(xs, axes_of((-1, -2), streams, rest=False, where=where), strict=True))


def _checked(pair: Any, name: str, shape: tuple[int, ...], where: str) -> Axes:
    whole = isinstance(pair, tuple | list) and len(pair) == 2 and all(type(axis) is int for axis in pair)
    if not whole:
        raise TypeError(
            f"{where}: matrix_axes gives {pair!r} for the array {name or 'at the root'} of shape {shape}, and it is a "
            "pair of integers (output axis, input axis), such as (-1, -2) for Flax's kernels, or None."
        )
    if not all(-len(shape) <= axis < len(shape) for axis in pair) or len({axis % len(shape) for axis in pair}) < 2:
        raise ValueError(
            f"{where}: matrix_axes gives {pair!r} for the array {name or 'at the root'} of shape {shape}, which has no "
            "two such axes: it is a pair (output axis, input axis), or None for what is no matrix."
        )
    return pair[0], pair[1]


def moved(shape: Sequence[Any], axes: tuple[int, int]) -> tuple[Any, ...]:
    """The entries of a shape in the order (…, output, input)."""
    last = [axis % len(shape) for axis in axes]
    return (*(n for i, n in enumerate(shape) if i not in last), *(shape[axis] for axis in last))


def as_matrix(x: Any, axes: Axes) -> Any:
    """An array as (…, output, input); a number, which is one for the array, as it is."""
    if axes is None or jnp.ndim(x) < 2:
        return x
    if isinstance(x, jax.ShapeDtypeStruct):
        return _permuted(x, moved(range(len(x.shape)), axes))
    return jnp.moveaxis(x, axes, (-2, -1))


def native(x: Any, axes: Axes) -> Any:
    """The inverse of `as_matrix`."""
    if axes is None or jnp.ndim(x) < 2:
        return x
    if isinstance(x, jax.ShapeDtypeStruct):
        places = moved(range(len(x.shape)), axes)
        return _permuted(x, [places.index(i) for i in range(len(places))])
    return jnp.moveaxis(x, (-2, -1), axes)


def _permuted(x: jax.ShapeDtypeStruct, order: Sequence[int]) -> jax.ShapeDtypeStruct:
    """The shape, and the sharding, of an array with its axes in another order."""
    sharding = x.sharding
    if isinstance(sharding, NamedSharding):
        spec = (*sharding.spec, *[None] * len(order))
        sharding = NamedSharding(sharding.mesh, PartitionSpec(*(spec[i] for i in order)))
    return jax.ShapeDtypeStruct(tuple(x.shape[i] for i in order), x.dtype, sharding=sharding)


def in_batches(f: Callable[[Any], Any], given: dict[int, Any], *, symmetric: bool = False) -> dict[int, Any]:
    """f of each: of arrays (…, a, b), or of trees of such, those of one type stacked.

    Where f(Xᵀ) = f(X)ᵀ, `symmetric`, the transposed of one shape are stacked with the others.
    """
    groups: dict[Any, list[int]] = {}
    turned = set()
    for i, x in given.items():
        kind = _kind(x)
        if symmetric and kind not in groups and (other := _kind(jnp.swapaxes(x, -1, -2))) in groups:
            kind = other
            turned.add(i)
        groups.setdefault(kind, []).append(i)
    found = {}
    for places in groups.values():
        mine = [jnp.swapaxes(given[i], -1, -2) if i in turned else given[i] for i in places]
        if len(places) == 1:
            found[places[0]] = f(_gathered(mine[0], dealt=symmetric))
            continue
        out = jax.tree.map(_dealt_back, f(_gathered(jax.tree.map(_stacked(mine[0]), *mine), dealt=symmetric)))
        for n, i in enumerate(places):
            y = jax.tree.map(lambda y, n=n: y[n], out)
            found[i] = jnp.swapaxes(y, -1, -2) if i in turned else y
    return {i: found[i] for i in given}


def _kind(x: Any) -> Any:
    leaves, treedef = jax.tree.flatten(x)
    return treedef, *map(typeof, leaves)


def _stacked(like: Any) -> Callable[..., Array]:
    """Stacks arrays; numbers too, so that they broadcast against the stack of the first arrays."""
    ndim = jnp.ndim(jax.tree.leaves(like)[0])

    def stack(*xs: Any) -> Array:
        stacked = jnp.stack(xs)
        return stacked if stacked.ndim > 1 else stacked.reshape(-1, *[1] * ndim)

    return stack


def _gathered(tree: Any, *, dealt: bool) -> Any:
    """Arrays whose matrices are whole on each device, so that a loop of products moves them once and not each time.

    Where the mesh says of its axes that they are explicit, JAX would not know where to keep a product; where they are
    automatic, it would be a sum over devices in each product. A batch of products is dealt out over the devices if it
    can be; JAX's decompositions of one that is raise.
    """

    def one(x: Any) -> Any:
        mesh = mesh_of(x)
        if mesh.empty or jnp.ndim(x) < 2:
            return x
        # Inside of shard_map an axis is manual: what is there is one device's own, and is whole.
        kinds = dict(zip(mesh.axis_names, mesh.axis_types, strict=True))
        axes = tuple(name for name, kind in kinds.items() if kind != AxisType.Manual)
        if not axes:
            return x
        spec: list[Any] = [None] * x.ndim
        if dealt and x.ndim > 2 and x.shape[0] % math.prod(mesh.shape[name] for name in axes) == 0:
            spec[0] = axes
        target = NamedSharding(mesh, PartitionSpec(*spec))
        if {kinds[name] for name in axes} == {AxisType.Explicit}:
            return reshard(x, target)
        return jax.lax.with_sharding_constraint(x, target) if isinstance(x, jax.core.Tracer) else x

    return jax.tree.map(one, tree)


def _dealt_back(y: Any) -> Any:
    """A batch that can be taken apart: on explicit axes no device may have a part of it alone."""
    mesh = mesh_of(y)
    if mesh.empty or AxisType.Explicit not in mesh.axis_types:
        return y
    spec = typeof(y).sharding.spec
    if not spec or spec[0] is None:
        return y
    return reshard(y, NamedSharding(mesh, PartitionSpec(None, *spec[1:])))


def whole(x: Any) -> Any:
    """An array on each device, on a mesh whose axes are explicit."""
    mesh = mesh_of(x)
    explicit = not mesh.empty and AxisType.Explicit in mesh.axis_types
    return reshard(x, NamedSharding(mesh, PartitionSpec(*[None] * x.ndim))) if explicit else x


def placed_as(y: Any, x: Any) -> Any:
    """An array where another one of its shape is, on a mesh whose axes are explicit."""
    mesh = mesh_of(x)
    if mesh.empty or AxisType.Explicit not in mesh.axis_types or jnp.shape(x) != jnp.shape(y):
        return y
    return reshard(y, typeof(x).sharding)
