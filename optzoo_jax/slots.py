"""The slots of any state, optax's too: its arrays shaped like the parameters, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def are_slots(tx: optax.GradientTransformation, state: Any) -> Any:
    """True for the arrays shaped like parameters that are numbers, False for counters and the like."""
    marked = optax.tree.map_params(tx, lambda x: True, state, transform_non_params=lambda x: False)
    return jax.tree.map(lambda mark, x: mark and jnp.issubdtype(x.dtype, jnp.inexact), marked, state)


def fields_on(path: tuple) -> set[str]:
    """The names of the fields that a key path goes through; the keys of the parameters are none."""
    return {key.name for key in path if isinstance(key, jax.tree_util.GetAttrKey)}


def check_slots(argument: str, slots: Iterable[str], state: Any) -> None:
    """Raises ValueError for a slot that the state does not have."""
    found = _fields(state)
    for slot in slots:
        if slot not in found:
            have = ", ".join(map(repr, sorted(found)))
            raise ValueError(f"{argument} names the slot {slot!r}, and this state has {have}.")


def _fields(state: Any) -> set[str]:
    """The names of all fields, also of those without arrays."""
    if not isinstance(state, tuple | list | dict):
        return set()
    inner = state.values() if isinstance(state, dict) else state
    return {*getattr(state, "_fields", ())}.union(*map(_fields, inner))
