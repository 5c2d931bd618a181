"""The program of one array: what pieces that look at one array at a time make of it, traced and compiled together.

Arithmetic is at least float32 and stays so between the pieces. Arrays of one shape share a program.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array, asked_of
from optzoo_jax.composition import Composition, Definition, Join, Masked, Matrices, Passage, Piece, Row, shown
from optzoo_jax.elementwise import check_elementwise, inlined
from optzoo_jax.matrices import as_matrix, native
from optzoo_jax.precision import cast, cut, cut_apart, wide, with_precision_of


class Frame(NamedTuple):
    """What a program for one array is made for; it can be hashed."""

    node: Any
    fixed: Any  # hyperparameters that are part of the program
    precision: Any  # of the update
    begins: bool  # whether what enters is the gradient
    axes: tuple[int, int] | None = None  # where the array is a matrix, its output and input axis


def cut_for(join: Join, x: Array) -> list[Array]:
    """What enters each branch of a join: the gradient, cut where it is to be squared."""
    if not join.is_precondition:
        return [x] * len(join.inside)
    shared, over = cut(x), {leaf.definition.over for leaf in join.inside[1].leaves}
    return [shared, cut_apart(x) if over & {"array", "tree"} else shared]


def from_the_second(way: Passage, row: Row, xs: Any, scope: dict[str, Any], is_first: Array) -> Any:
    """The streams after a row that sits out the first step: 0 then, and its slots are what they were."""
    cells, begun = list(itertools.islice(way.cells, len(row.leaves))), len(way.new)
    way.cells = itertools.chain(cells, way.cells)
    ys = way.row(row, xs, scope)
    before = [slots for slots, _ in cells], jax.tree.map(jnp.zeros_like, ys)
    way.new[begun:], ys = jax.tree.map(functools.partial(jnp.where, is_first), before, (way.new[begun:], ys))
    return ys


class _OverAnArray(Passage):
    """The way of one array, in its program."""

    def __init__(self, cells: Iterator[tuple[Any, dict[str, Any]]], facts: dict[str, Any], precision: Any) -> None:
        self.cells, self.facts, self.real = cells, facts, wide(precision)
        self.new, self.told = [], {}

    def entering(self, join: Join, xs: Array) -> list[Array]:
        return cut_for(join, xs)

    def joined(self, join: Join, ys: list[Array], scope: dict[str, Any]) -> Array:
        axes = None if join.over == "element" else scope.get("matrix_axes")
        return native(join.maths(*(as_matrix(y, axes) for y in ys)), axes)

    def masked(self, node: Masked, xs: Array, scope: dict[str, Any]) -> Array:
        if node.mask:
            return self.through(node.inside[0], xs, scope)
        self.passed_by(node)
        return xs

    def passed_by(self, node: Any) -> None:
        self.new += [next(self.cells)[0] for _ in node.leaves]

    def parted(self, node: Matrices, xs: Array, scope: dict[str, Any]) -> Array:
        for branch, is_matrix in zip(node.inside, (True, False), strict=False):
            if (node.axes is not None) == is_matrix:
                xs = self.through(branch, xs, scope | {"matrix_axes": node.axes})
            else:
                self.passed_by(branch)
        return xs

    def late(self, node: Row, xs: Array, scope: dict[str, Any]) -> Array:
        t = (self.facts | scope)["t"]
        return from_the_second(self, node, xs, scope | {"t": jnp.maximum(t - 1, 1)}, t == 1)

    def leaf(self, node: Piece, xs: Array, scope: dict[str, Any]) -> Array:
        d, (slots, numbers) = node.definition, next(self.cells)
        known = self.facts | scope
        axes = None if d.over == "element" else scope.get("matrix_axes")
        facts = {name: as_matrix(cast(known[name], self.real), axes) for name in d.reads}
        mine = {n: cast(x, self.real) for n, x in slots.items()}
        y, kept, told = call(d, as_matrix(xs, axes), mine, narrowed(numbers, self.real), facts)
        y = native(y, axes)
        if d.over == "element" and y.shape != xs.shape:
            raise ValueError(
                f"{d.name} says over='element', and makes an array of shape {y.shape} of one of shape {xs.shape}: what "
                "looks at more than one number says over='array'."
            )
        self.new.append({name: kept_as(d, name, value, slots[name]) for name, value in kept.items()})
        self.facts |= told
        self.told |= told
        return y


def _one_array(frame: Frame, x: Array, slots: Any, numbers: Any, facts: dict[str, Any]) -> tuple[Array, Any, Any]:
    """A composition on one array: the stream, the new slots of each piece, and what is published."""
    numbers = [{**dict(fixed), **n} for fixed, n in zip(frame.fixed, numbers, strict=True)]
    x = with_precision_of(x, wide(frame.precision))
    way = _OverAnArray(zip(slots, numbers, strict=True), dict(facts), frame.precision)
    scope = {"matrix_axes": frame.axes} | ({"grad": x} if frame.begins else {})
    return way.through(frame.node, x, scope), way.new, way.told


def _twice(f: Callable[..., Any]) -> tuple[Any, Any]:
    """Written out where it stands, and compiled by itself: traced and lowered once for all arrays of one shape."""
    return f, jax.jit(f, static_argnums=0)


_INLINED, _PLAIN = _twice(inlined(_one_array)), _twice(_one_array)


def call(d: Definition, x: Any, slots: Any, numbers: dict[str, Any], facts: Any) -> tuple[Any, Any, Any]:
    """A body, once: the stream, the new slots by name, and what it publishes by name."""
    out = d.body(x, **slots, **asked_of(d.body, numbers), **facts)
    more = (*d.slots, *d.publishes)
    if out is None:
        raise TypeError(f"{d.name} returns nothing: a body returns the stream.")
    if not more and not isinstance(out, tuple):
        return out, {}, {}
    if not isinstance(out, tuple) or len(out) != 1 + len(more):
        count = len(out) if isinstance(out, tuple) else 1
        wanted = "the stream alone" if not more else f"the stream and the new {', '.join(more)}, in this order"
        raise TypeError(f"{d.name} returns {count} value{'s' * (count != 1)}, and its decorator asks for {wanted}.")
    rest = dict(zip(more, out[1:], strict=True))
    return out[0], {n: rest[n] for n in d.slots}, {n: rest[n] for n in d.publishes}


def narrowed(numbers: dict[str, Any], real: Any) -> dict[str, Any]:
    """The arrays among the numbers in the precision of the arithmetic. Python's take the dtype that they meet."""

    def one(x: Any) -> Any:
        fits = not hasattr(x, "dtype") or not jnp.issubdtype(x.dtype, jnp.inexact) or getattr(x, "weak_type", False)
        return x if fits else jnp.asarray(x).astype(real)

    return {name: jax.tree.map(one, x) for name, x in numbers.items()}


def kept_as(d: Definition, name: str, new: Any, old: Any) -> Array:
    """A new slot, which changes neither its shape nor its dtype."""
    if jnp.shape(new) != jnp.shape(old):
        raise ValueError(
            f"{d.name}: its slot {name} begins with the shape {jnp.shape(old)}, and becomes one of shape "
            f"{jnp.shape(new)}. Where it is not shaped like the stream, its first value says so: "
            f"piece(…, {name}=lambda x: jnp.zeros({jnp.shape(new)}, x.dtype))."
        )
    new = jnp.asarray(new)
    return new if new.dtype == old.dtype else new.astype(old.dtype)


def programs_of(node: Composition, numbers: list[dict[str, Any]], *, in_jit: bool) -> tuple[Any, Any, Any, Any]:
    """A composition's program written out and shared, the numbers that are part of it, and those handed to it."""
    # All of them are asked, since each may be found to lie.
    inlinable = [may_be_inlined(p.factory, flags_of(n)) for p, n in zip(node.leaves, numbers, strict=True)]
    inlinable += [_join_may_be_inlined(j.maths, len(j.inside), j.over) for j in node.joins]
    return *(_INLINED if all(inlinable) else _PLAIN), *_split(numbers, in_jit=in_jit)


def flags_of(numbers: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The arguments of a piece, one number in the place of all."""
    return tuple((name, jax.tree.map(lambda v: 0.5 if _is_number(v) else v, x)) for name, x in numbers.items())


def _is_number(x: Any) -> bool:
    return type(x) is float or hasattr(x, "dtype")


@functools.lru_cache(1024)
def may_be_inlined(factory: Any, flags: tuple[tuple[str, Any], ...]) -> bool:
    """Whether a piece is elementwise and has no loops. Raises ValueError where it says so and is not."""
    d, numbers = factory.definition, dict(flags)
    if d.over != "element":
        return False
    facts = [name for name in d.reads if name != "t"]
    still = {"t": jnp.asarray(3)} if "t" in d.reads else {}

    def maths(x: Array, *given: Array) -> Any:
        slots = {name: slot.first(x, **asked_of(slot.first, numbers)) for name, slot in d.slots.items()}
        return call(d, x, slots, numbers, {**dict(zip(facts, given, strict=True)), **still})

    return check_elementwise(d.name, maths, 1 + len(facts))


@functools.lru_cache(1024)
def _join_may_be_inlined(maths: Callable[..., Any], branches: int, over: str) -> bool:
    """The same of what `join` makes of its branches."""
    return over == "element" and check_elementwise(f"join({shown(maths)}, …)", maths, branches)


def _split(cells: list[dict[str, Any]], *, in_jit: bool) -> tuple[tuple[Any, ...], list[dict[str, Any]]]:
    """What is part of the program, and what is handed to it.

    In a program that is being traced Python's numbers are part of it, and XLA uses what they are. Outside jit they are
    handed over, so that a new learning rate needs no new program; but for decays, since float32 keeps of 1 − 1e-7 too
    few digits for the difference to 1. An integer is the length of a loop, or the like.
    """

    def is_fixed(x: Any) -> bool:
        parts = jax.tree.leaves(x)
        given = any(hasattr(v, "dtype") or (not in_jit and type(v) is float and not 0.5 < v < 1) for v in parts)
        return not given or not all(_is_number(v) or type(v) is int for v in parts)

    fixed = tuple(tuple((name, x) for name, x in cell.items() if is_fixed(x)) for cell in cells)
    return fixed, [{name: x for name, x in cell.items() if not is_fixed(x)} for cell in cells]
