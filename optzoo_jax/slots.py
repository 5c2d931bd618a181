"""The slots of any state, optax's too: its trees shaped like the parameters, and what they are called.

`optax.tree_map_params` finds them: it lets `init` make a state of something that stands for all parameters, and looks
where that is. So what is inside of the parameters, and how it is called, has no part in it.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.formats.compressed import Compressed


class Part(NamedTuple):
    """A slot, `Compressed` where it is, under its name; or an array that is none of a slot's. Its path in the state."""

    path: tuple
    name: str | None
    value: Any


class _Slot:  # no pytree, so that it is a leaf
    def __init__(self, tree: Any) -> None:
        self.tree = tree


def opened(tx: optax.GradientTransformation, state: Any) -> tuple[list[Part], Any]:
    """A state of `tx` as its slots and its other arrays, and how they were put together."""
    marked = optax.tree_map_params(tx, _Slot, state, is_leaf=lambda _: True)
    leaves, treedef = jax.tree_util.tree_flatten_with_path(marked, is_leaf=lambda x: isinstance(x, Compressed))
    return [_part(path, x) for path, x in leaves], treedef


def _part(path: tuple, x: Any) -> Part:
    if isinstance(x, Compressed):
        return Part(path, _name(path), x._replace(codes=x.codes.tree))
    return Part(path, _name(path), x.tree) if isinstance(x, _Slot) else Part(path, None, x)


def map_slots(f: Callable[[str, tuple, Any], Any], tx: optax.GradientTransformation, state: Any) -> Any:
    """The state, with f(slot's name, path, x) in the place of the slots' arrays: numbers, no counters."""

    def mapped(part: Part) -> Any:
        name = part.name
        if name is None:
            return part.value

        def one(end: tuple, x: Any) -> Any:
            return f(name, (*part.path, *end), x) if jnp.issubdtype(x.dtype, jnp.inexact) else x

        return jax.tree_util.tree_map_with_path(one, part.value)

    parts, treedef = opened(tx, state)
    return treedef.unflatten(map(mapped, parts))


def check_slots(argument: str, slots: Iterable[str], tx: optax.GradientTransformation, state: Any) -> None:
    """Raises ValueError for a slot that the state does not have."""
    found = {part.name for part in opened(tx, state)[0] if part.name}
    for slot in slots:
        if slot not in found:
            have = ", ".join(map(repr, sorted(found)))
            raise ValueError(f"{argument} names the slot {slot!r}, and this state has {have}.")


def _name(path: tuple) -> str:
    """What is last called by a name on the way to a slot; nothing, where a state is a slot by itself."""
    names = (getattr(key, "name", getattr(key, "key", None)) for key in reversed(path))
    return next((name for name in names if isinstance(name, str)), "")
