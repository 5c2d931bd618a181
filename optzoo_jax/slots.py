"""The slots of any state, optax's too: its arrays shaped like the parameters, and what they are called."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.state import WalkState


def map_slots(f: Callable[[tuple, Any], Any], tx: optax.GradientTransformation, state: Any) -> Any:
    """The state, with f(path, x) in the place of the slots' arrays: numbers shaped like parameters, no counters."""

    def mapped(path: tuple, x: Any, is_slot: bool) -> Any:
        return f(path, x) if is_slot and jnp.issubdtype(x.dtype, jnp.inexact) else x

    marked = optax.tree.map_params(tx, lambda x: True, state, transform_non_params=lambda x: False)
    return jax.tree_util.tree_map_with_path(mapped, state, marked)


def fields_on(path: tuple) -> set[str]:
    """The names of the fields that a key path goes through, down to a slot; the keys of its parameter are none."""
    found = set()
    for i, key in enumerate(path):
        if isinstance(key, jax.tree_util.GetAttrKey):
            names = [k.key for k in path[i + 2 : i + 3] if isinstance(k, jax.tree_util.DictKey)]
            if key.name == "slots" and names:  # of a walk, behind the place of the piece
                return found.union(names)
            found.add(key.name)
    return found


def map_fields(f: Callable[[Any], Any], state: Any, names: Collection[str]) -> Any:
    """The state, with f(x) in the place of what is in every field, and in every slot of a piece, of these names."""

    def mapped(fields: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
        return ((name, f(x) if name in names else map_fields(f, x, names)) for name, x in fields)

    if isinstance(state, WalkState):
        return state._replace(
            slots=tuple(
                dict(mapped(x.items())) if isinstance(x, dict) else map_fields(f, x, names) for x in state.slots
            )
        )
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        return type(state)(**dict(mapped(zip(state._fields, state, strict=True))))  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(state, tuple | list):
        return type(state)(map_fields(f, x, names) for x in state)
    if isinstance(state, dict):
        return type(state)((k, map_fields(f, x, names)) for k, x in state.items())
    return state


def check_slots(argument: str, slots: Iterable[str], state: Any) -> None:
    """Raises ValueError for a slot that the state does not have."""
    # Where nothing is in a field, its name is on no path to an array.
    paths = jax.tree_util.tree_leaves_with_path(state, is_leaf=lambda x: not jax.tree.leaves(x))
    found = set().union(*(fields_on(path) for path, _ in paths))
    for slot in slots:
        if slot not in found:
            have = ", ".join(map(repr, sorted(found)))
            raise ValueError(f"{argument} names the slot {slot!r}, and this state has {have}.")
