"""What every piece and optimizer is: an optax transformation that remembers its parts."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, ParamSpec

import jax
import optax

from optzoo_jax.arguments import bind

P = ParamSpec("P")
Array = jax.Array
Numeric = float | int | jax.Array
Schedule = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Part:
    """What a transformation is called, what it was made with, what flows through it, and what it is made of."""

    name: str
    arguments: Mapping[str, Any]
    stream: str = ""
    children: tuple[tuple[str, Part], ...] = ()  # (role, part); the role is "" for a plain link


class Leaf(NamedTuple):
    """The maths of one array. `view` holds what a part may look at beside its stream: grad, direction, params."""

    init: Callable[[Array], Any]  # a parameter → its slots
    once: Callable[[Array], Any]  # the step t = 1, 2, … → scalars
    update: Callable[[Array, Any, Any, dict[str, Array]], tuple[Array, Any]]
    needs: frozenset[str] = frozenset()
    rate: Callable[[Array], Any] | None = None  # the step t → the learning rate, where the part has one


class Transformation(optax.GradientTransformationExtraArgs):
    """An ordinary optax transformation that also remembers its parts."""

    leaf: Leaf | None = None
    part: Part | None = None


def part(stream: str) -> Callable[[Callable[P, Transformation]], Callable[P, Transformation]]:
    """Marks a factory as a part: its arguments are checked by name, and its transformation remembers them.

    Args:
      stream: what flows in and out, with units, such as "moment [g²] → rate [1/g]".
    """

    def decorate(factory: Callable[P, Transformation]) -> Callable[P, Transformation]:
        @functools.wraps(factory)
        def build(*args: P.args, **kwargs: P.kwargs) -> Transformation:
            arguments = bind(factory, args, kwargs)
            return name_part(factory(**arguments), factory.__name__, arguments, stream)  # pyright: ignore[reportCallIssue]

        return build

    return decorate


def name_part(tx: Any, name: str, arguments: Mapping[str, Any], stream: str) -> Transformation:
    """The same transformation under the name that a user wrote; a chain's links become its own."""
    inner = getattr(tx, "part", None)
    children = () if inner is None else inner.children if inner.name == "chain" else (("", inner),)
    named = Transformation(tx.init, tx.update)
    named.leaf = getattr(tx, "leaf", None)
    named.part = Part(name, arguments, stream, children)
    return named


def part_of(tx: Any) -> Part:
    """The part that a transformation remembers; one from elsewhere is an unknown link."""
    found = getattr(tx, "part", None)
    return found or Part(getattr(tx.update, "__qualname__", "unknown").split(".")[0], {}, "made elsewhere")


def around(
    inner: Any,
    name: str,
    arguments: Mapping[str, Any],
    init: Callable[..., Any],
    update: Callable[..., Any],
    stream: str = "gradient [g] → update [θ]",
) -> Transformation:
    """A wrapper's transformation, which remembers what it is around."""
    tx = Transformation(init, update)
    tx.part = Part(name, arguments, stream, (("inner", part_of(inner)),))
    return tx
