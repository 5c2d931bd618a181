"""The slots of any state, optax's too: its arrays shaped like the parameters, and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.state import WalkState


def are_slots(tx: optax.GradientTransformation, state: Any) -> Any:
    """True for the arrays shaped like parameters that are numbers, False for counters and the like."""
    marked = optax.tree.map_params(tx, lambda x: True, state, transform_non_params=lambda x: False)
    return jax.tree.map(lambda mark, x: mark and jnp.issubdtype(x.dtype, jnp.inexact), marked, state)


def fields_on(path: tuple) -> set[str]:
    """The names of the fields that a key path goes through; the keys of the parameters are none."""
    fields = [i for i, key in enumerate(path) if isinstance(key, jax.tree_util.GetAttrKey)]
    ours = [
        path[i + 2].key for i in fields if path[i].name == "slots" and len(path) > i + 2 and _is_slot_key(path[i + 2])
    ]
    return {path[i].name for i in fields}.union(ours)


def _is_slot_key(key: Any) -> bool:
    return isinstance(key, jax.tree_util.DictKey)


def map_slots(f: Callable[[str, Any], Any], state: Any, names: Collection[str]) -> Any:
    """The state, with f(name, slot) in the place of every slot of these names, a tree shaped like the parameters."""
    if isinstance(state, WalkState):
        return state._replace(slots=tuple(_map_own(f, slots, names) for slots in state.slots))
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        fields = zip(state._fields, state, strict=True)  # pyright: ignore[reportAttributeAccessIssue]
        return type(state)(*(f(k, v) if k in names else map_slots(f, v, names) for k, v in fields))
    if isinstance(state, tuple | list):
        return type(state)(map_slots(f, v, names) for v in state)
    if isinstance(state, dict):
        return type(state)((k, map_slots(f, v, names)) for k, v in state.items())
    return state


def _map_own(f: Callable[[str, Any], Any], slots: Any, names: Collection[str]) -> Any:
    """The slots of a piece, by name; or the state of what was made elsewhere."""
    if not isinstance(slots, dict):
        return map_slots(f, slots, names)
    return {name: f(name, slot) if name in names else slot for name, slot in slots.items()}


def check_slots(argument: str, slots: Iterable[str], state: Any) -> None:
    """Raises ValueError for a slot that the state does not have."""
    found = _fields(state)
    for slot in slots:
        if slot not in found:
            have = ", ".join(map(repr, sorted(found)))
            raise ValueError(f"{argument} names the slot {slot!r}, and this state has {have}.")


def _fields(state: Any) -> set[str]:
    """The names of all fields, also of those without arrays."""
    if isinstance(state, WalkState):
        return {"count", "learning_rate"}.union(*(set(x) if isinstance(x, dict) else _fields(x) for x in state.slots))
    if not isinstance(state, tuple | list | dict):
        return set()
    inner = state.values() if isinstance(state, dict) else state
    return {*getattr(state, "_fields", ())}.union(*map(_fields, inner))
