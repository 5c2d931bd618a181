"""What leaves each part of an optimizer, step by step.

The parts that a transformation remembers are enough to build it again; here each is built with a recorder behind it,
which is itself a transformation, so that the library's own `chain` and `precondition` do the rest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax
from optzoo_jax.transformation import Part, part_of


class Stream(NamedTuple):
    """What left one part.

    Attributes:
      part: the part.
      branch: "direction" or "rate" within `precondition`, "" elsewhere.
      values: (steps, …), a coordinate's over time.
    """

    part: Part
    branch: str
    values: np.ndarray


class Recorded(NamedTuple):
    """`inner`: the part's own state. `last`: what left it in the last step."""

    inner: Any
    last: Any


def watch(tx: optax.GradientTransformation, gradients: np.ndarray, params: np.ndarray | None = None) -> list[Stream]:
    """The stream behind every part, in the order in which they act; the product of `precondition` behind its branches.

    Args:
      tx: an optimizer of this library, built from its named parts.
      gradients: (steps, …), fed in one after the other.
      params: (…), where the gradients start from; 0 where left out.

    Raises:
      ValueError: for a transformation with parts that were made elsewhere.
    """
    labels: list[tuple[Part, str]] = []
    watched = optax.with_extra_args_support(_rebuild(part_of(tx), "", labels))

    @jax.jit
    def run(gradients: jax.Array, params: jax.Array) -> list[jax.Array]:
        def step(carry: tuple, g: jax.Array) -> tuple[tuple, list[jax.Array]]:
            params, state = carry
            updates, state = watched.update(g, state, params)
            return (optax.apply_updates(params, updates), state), _last(state)

        return jax.lax.scan(step, (params, watched.init(params)), gradients)[1]

    g = jnp.asarray(gradients)
    values = run(g, jnp.zeros_like(g[0]) if params is None else jnp.asarray(params, g.dtype))
    return [Stream(part, branch, np.asarray(v)) for (part, branch), v in zip(labels, values, strict=True)]


def _rebuild(part: Part, branch: str, labels: list[tuple[Part, str]]) -> Any:
    """The part's transformation, with recorders; appends what each of them records to `labels`."""
    roles = [role for role, _ in part.children]
    if part.name == "precondition":
        made = [_rebuild(child, role, labels) for role, child in part.children]
        return _recorded(optzoo_jax.precondition(*made), part, branch, labels)
    if roles == ["inner"]:
        inner = _rebuild(part.children[0][1], branch, labels)
        return _recorded(getattr(optzoo_jax, part.name)(inner, **part.arguments), part, branch, labels)
    if part.children:
        return optzoo_jax.chain(*(_rebuild(child, branch, labels) for _, child in part.children))
    if part.stream == "made elsewhere":
        raise ValueError(
            f"{part.name} was made elsewhere, so it cannot be built again from its name: watch only optimizers of "
            "this library's parts, such as optzoo_jax.adam."
        )
    return _recorded(getattr(optzoo_jax, part.name)(**part.arguments), part, branch, labels)


def _recorded(inner: Any, part: Part, branch: str, labels: list[tuple[Part, str]]) -> Any:
    labels.append((part, branch))
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> Recorded:
        return Recorded(inner.init(params), jnp.zeros_like(params))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Recorded]:
        updates, new = inner.update(updates, state.inner, params, **extra)
        return updates, Recorded(new, updates)

    return optax.GradientTransformationExtraArgs(init, update)


def _last(state: Any) -> list[jax.Array]:
    """The recorded streams, the inner ones of a part before its own, as `_rebuild` lists them."""
    found = []
    for x in jax.tree.leaves(state, is_leaf=lambda x: isinstance(x, Recorded)):
        if isinstance(x, Recorded):
            found += [*_last(x.inner), x.last]
    return found
