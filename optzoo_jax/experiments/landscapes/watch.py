"""What leaves each part of an optimizer, step by step.

The composition of a transformation is enough to build it again; here each part is built with a recorder behind it,
which is itself a piece, so that the library's own `chain` and `precondition` do the rest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax


class Stream(NamedTuple):
    """What left one part.

    Attributes:
      part: the part, a node of `optzoo_jax.composition_of`.
      branch: "direction" or "rate" within `precondition`, "" elsewhere.
      values: (steps, …), a coordinate's over time.
    """

    part: Any
    branch: str
    values: np.ndarray


@optzoo_jax.piece("x → x", last=optzoo_jax.zeros)
def recorder(x, last):
    """x, kept."""
    return x, x


def watch(tx: optax.GradientTransformation, gradients: np.ndarray, params: np.ndarray | None = None) -> list[Stream]:
    """The stream behind every part, in the order in which they act; the product of `precondition` behind its branches.

    Args:
      tx: an optimizer of this library, built from its named parts.
      gradients: (steps, …), fed in one after the other.
      params: (…), where the gradients start from; 0 where left out.

    Raises:
      ValueError: for a transformation with parts that were made elsewhere.
    """
    labels: list[tuple[Any, str]] = []
    watched = optax.with_extra_args_support(_rebuild(optzoo_jax.composition_of(tx), "", labels))

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


def _rebuild(part: Any, branch: str, labels: list[tuple[Any, str]]) -> Any:
    """The part's transformation, with recorders; appends what each of them records to `labels`."""
    roles = [role for role, _ in part.children]
    if part.name == "precondition":
        made = optzoo_jax.precondition(*(_rebuild(child, role, labels) for role, child in part.children))
    elif roles == ["inner"]:
        inner = _rebuild(part.children[0][1], branch, labels)
        made = getattr(optzoo_jax, part.name)(inner, **part.called.arguments)
    elif part.children and part.name != "join":
        return optzoo_jax.chain(*(_rebuild(child, branch, labels) for _, child in part.children))
    elif isinstance(part.flow.gives, type(None)):
        raise ValueError(
            f"{part.name} was made elsewhere, so it cannot be built again from its name: watch only optimizers of "
            "this library's parts, such as optzoo_jax.adam."
        )
    else:
        make = getattr(part, "factory", None) or getattr(optzoo_jax, part.name)
        made = make(**part.called.arguments)
    labels.append((part, branch))
    return optzoo_jax.chain(made, recorder())


def _last(state: Any) -> list[jax.Array]:
    """The recorded streams, the inner ones of a part before its own, as `_rebuild` lists them."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return [x for path, x in leaves if getattr(path[-1], "key", None) == "last"]
