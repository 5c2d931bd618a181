"""Small arrays side by side in one, so that a step hands over a few buffers instead of thousands."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array
from optzoo_jax.composition import composition_of
from optzoo_jax.precision import as_array
from optzoo_jax.trees import flatten_like, map_kind, of_kind
from optzoo_jax.versions import mesh_of, typeof
from optzoo_jax.wrapper import Transformation, as_transformation


class Small(NamedTuple):
    """What stands in the place of a small array."""


class Packed(NamedTuple):
    """What stands in the place of a tree shaped like the parameters.

    Attributes:
      small: the parameters' dtypes → their small arrays, flat, one after another in the order of the tree.
      rest: the tree, with `Small()` where an array is among the small.
    """

    small: dict[str, Array]
    rest: Any


@as_transformation()
def pack(inner: optax.GradientTransformationExtraArgs, below: int = 1024) -> Transformation:
    """Runs an optimizer on one flat array of all small parameters of a dtype, and on the large ones as they are.

    Stream: that of the inner optimizer.

    A step over thousands of tiny arrays spends its time on handing over buffers. Here the state of the small ones is a
    buffer a slot, and their arithmetic a few kernels; in return the program takes several times longer to compile.

    What is packed follows from the types of the parameters alone, so that the state of shapes, or of `jit(init)`, has
    the structure of the real one. Arrays that are sharded over explicit axes of a mesh stay as they are: packed, they
    would be gathered in every step. So are those over Auto axes, of which a type does not tell: keep them out, with
    `below` or `optax.partition`.

    `optax.tree.map_params` sees the flat arrays in the place of the small ones.

    Args:
      inner: an optimizer of this library that treats each number by itself, as nearly all do.
      below: arrays with fewer elements are small. To pack large ones costs more than it saves.

    Raises:
      TypeError: where the inner optimizer is from elsewhere, or one of its parts looks at more than one number (a
        mask, a norm, Newton's step) or draws noise: on packed arrays it would compute something else.
    """
    node = composition_of(inner)
    if node.name == "split_complex":  # which leaves packed arrays what they are
        ((_, node),) = node.children
    culprits = [x for x in (*node.leaves, *node.masks, node) if not x.is_elementwise]
    if culprits:
        raise TypeError(
            f"pack: {culprits[0].name} is not known to treat each number by itself, and would compute something else "
            "on packed arrays. Pack what does, and chain the rest around it: "
            "optax.chain(optax.clip_by_global_norm(1.0), pack(adam(1e-3)))."
        )
    for leaf in node.leaves:
        for name, value in leaf.called.arguments.items():
            if getattr(value, "ndim", 0):
                raise TypeError(
                    f"pack: {leaf.name}: {name} is an array of shape {value.shape}, which would be spread over packed "
                    "arrays: give it a number."
                )

    def init(params: Any) -> Any:
        # Of mere shapes the state is that of zeros: there is no joining them.
        params = jax.tree.map(lambda p: jnp.zeros_like(p) if isinstance(p, jax.ShapeDtypeStruct) else p, params)
        arrays = [as_array(p) for p in jax.tree.leaves(params)]
        if not arrays:  # such as what optax.tree.map_params puts in the place of the parameters
            return inner.init(params)
        return inner.init(_packed(params, params, [p.dtype.name if _is_small(p, below) else None for p in arrays]))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        slots = of_kind(Packed, state)
        if not slots:  # nor is there anything to pack
            return inner.update(updates, state, params, **extra)
        if params is not None:
            flatten_like(updates, params, "parameters")
        homes = _homes(updates if params is None else params, slots[0])
        found, wanted = sorted({home for home in homes if home}), sorted(slots[0].small)
        if found != wanted:
            raise ValueError(
                f"pack: the small {'gradients' if params is None else 'parameters'} are {', '.join(found)}, and those "
                f"that init saw {', '.join(wanted)}: call update(gradients, state, params), with those parameters."
            )
        given = None if params is None else _packed(params, updates, homes)
        extra = {name: _packed(x, updates, homes) if _is_alike(x, updates) else x for name, x in extra.items()}
        new: Any
        new, state = inner.update(_packed(updates, updates, homes), state, given, **extra)
        return _unpacked(new, updates, homes), state

    return Transformation(init, update)


def unpack_state(state: Any, params: Any) -> Any:
    """The state of `pack(tx)` as `tx` itself would have it, every slot shaped like the parameters.

    So a checkpoint has every array by its parameter's name, and does not depend on what was packed.
    """
    return map_kind(lambda x: _unpacked(x, params, _homes(params, x)), Packed, state)


def pack_state(state: Any, params: Any, like: Any) -> Any:
    """The state of `tx` as `pack(tx)` has it: the inverse of `unpack_state`.

    Args:
      state: that of `tx`.
      params: what it trains, or their shapes.
      like: what `pack(tx).init(params)` returns, or its shapes.
    """
    return map_kind(lambda x, found: _packed(found, params, _homes(params, x)), Packed, like, state)


def _homes(params: Any, slot: Packed) -> list[str | None]:
    """For every parameter the flat array that has it, None where it stands alone."""
    leaves, treedef = jax.tree.flatten(params)
    rest = treedef.flatten_up_to(slot.rest)
    return [jnp.result_type(p).name if isinstance(x, Small) else None for p, x in zip(leaves, rest, strict=True)]


def _packed(tree: Any, like: Any, homes: list[str | None]) -> Packed:
    treedef = jax.tree.structure(like)
    homed = list(zip(treedef.flatten_up_to(tree), homes, strict=True))  # under a mask, some are not arrays
    flat = {home: [jnp.ravel(x) for x, its in homed if its == home] for home in dict.fromkeys(homes) if home}
    rest = [x if home is None else Small() for x, home in homed]
    return Packed({home: jnp.concatenate(xs) for home, xs in flat.items()}, treedef.unflatten(rest))


def _unpacked(packed: Packed, like: Any, homes: list[str | None]) -> Any:
    """The tree that was packed, with the shapes of `like`."""
    shapes, treedef = jax.tree.flatten(like)
    ends = dict.fromkeys(packed.small, 0)
    leaves = treedef.flatten_up_to(packed.rest)
    for i, (p, home) in enumerate(zip(shapes, homes, strict=True)):
        if home is not None:
            begin, ends[home] = ends[home], ends[home] + jnp.size(p)
            leaves[i] = jax.lax.slice(packed.small[home], (begin,), (ends[home],)).reshape(jnp.shape(p))
    return treedef.unflatten(leaves)


def _is_alike(x: Any, updates: Any) -> bool:
    """Whether an argument of update, such as a curvature, has an array for each of the gradients."""
    leaves, treedef = jax.tree.flatten(x)
    grads, wanted = jax.tree.flatten(updates)
    return treedef == wanted and all(
        not callable(x) and jnp.shape(x) == jnp.shape(g) for x, g in zip(leaves, grads, strict=True)
    )


def _is_small(p: Any, below: int) -> bool:
    return p.size < below and (mesh_of(p).empty or typeof(p).sharding.is_fully_replicated)
