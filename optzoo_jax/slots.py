"""The slots of any state, optax's too: its arrays shaped like the parameters, and what they are called."""

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def map_slots(f: Callable[[tuple, Any], Any], tx: optax.GradientTransformation, state: Any) -> Any:
    """The state, with f(path, x) in the place of the slots' arrays: numbers shaped like parameters, no counters."""

    def mapped(path: tuple, x: Any, is_slot: bool) -> Any:
        return f(path, x) if is_slot and jnp.issubdtype(x.dtype, jnp.inexact) else x

    marked = optax.tree.map_params(tx, lambda x: True, state, transform_non_params=lambda x: False)
    return jax.tree_util.tree_map_with_path(mapped, state, marked)


def fields_on(path: tuple) -> set[str]:
    """The names of the fields that a key path goes through, down to a slot's; the keys of its parameter are none."""
    found = set()
    for i, key in enumerate(path):
        if not isinstance(key, jax.tree_util.GetAttrKey):
            continue
        if key.name != "slots":
            found.add(key.name)
        elif len(path) > i + 2 and isinstance(path[i + 2], jax.tree_util.DictKey):  # of a piece of a walk
            return found | {path[i + 2].key}
    return found


def check_slots(argument: str, slots: Iterable[str], state: Any) -> None:
    """Raises ValueError for a slot that the state does not have."""
    # What has nothing in it counts as a leaf: a field without arrays has a name too.
    paths = jax.tree_util.tree_leaves_with_path(state, is_leaf=lambda x: jax.tree.structure(x).num_nodes == 1)
    found = set().union(*(fields_on(path) for path, _ in paths))
    for slot in slots:
        if slot not in found:
            have = ", ".join(map(repr, sorted(found)))
            raise ValueError(f"{argument} names the slot {slot!r}, and this state has {have}.")
