"""The state of a walk: how it begins, and how it is read, array by array."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.core
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import asked_of
from optzoo_jax.composition import Composition, Definition, Elsewhere, Join, Matrices, Passage, Piece
from optzoo_jax.matrices import as_matrix, axes_by_themselves, axes_of, native
from optzoo_jax.precision import wide, widen, widest
from optzoo_jax.program import call, narrowed
from optzoo_jax.trees import checked_mask, flatten_like, without_variables
from optzoo_jax.versions import typeof


class WalkState(NamedTuple):
    """What a walk over the parameters keeps.

    Attributes:
      count: how many updates were made.
      last_learning_rate: a record of the last update's (before it, of the first one's), which nobody reads: to set it
        changes nothing. None where no piece has one; (), which is as empty, where it is not one number: several pieces
        have one, or nothing is known of what comes after it.
      slots: for each piece that keeps something, in the order in which they act, a dict of its slots by name, each
        shaped like the parameters; and, alone in a tuple, the state of each transformation that was made elsewhere.
    """

    count: Any  # pyright: ignore[reportIncompatibleMethodOverride]
    last_learning_rate: Any
    slots: Any


def chosen(composition: Composition, tree: Any) -> list[list[Any]]:
    """For every mask, which of the arrays it takes; for every partition into matrices and others the axes of each."""

    def spread(mask: Any) -> list[bool]:
        if not jax.tree.leaves(tree):  # such as what optax.tree.map_params puts in the place of the parameters
            return []
        found = checked_mask(mask(tree) if callable(mask) else mask, tree)
        try:
            plain = without_variables(tree)
            return jax.tree.leaves(jax.tree.map(lambda m, x: jax.tree.map(lambda _: bool(m), x), found, plain))
        except ValueError as error:
            raise ValueError(
                "the mask is no tree like the parameters: give a function from them to one, such as lambda params: "
                f"jax.tree.map(lambda p: p.ndim > 1, params). {error}"
            ) from None

    def axes(node: Matrices) -> list[Any]:
        return axes_of(node.axes, tree, rest=len(node.inside) > 1, where=composition.name)

    return [axes(node) if isinstance(node, Matrices) else spread(node.mask) for node in composition.masks]


class Beginning(Passage):
    """The slots before the first update.

    A slot is a function of the stream as it arrives at its piece, so the streams' shapes are followed through the
    composition.
    """

    def __init__(self, composition: Composition, params: Any, numbers: list[dict[str, Any]]) -> None:
        self.params, self.numbers = params, iter(numbers)
        self.arrays, self.treedef = jax.tree.flatten(params)
        self.streams = {i: _stream_of(p) for i, p in enumerate(self.arrays)}
        self.any_complex = any(map(jnp.iscomplexobj, self.arrays))  # a square is real
        self.taken, self.seen = iter(chosen(composition, params)), {}
        self.published = {i: dict[str, Any]() for i in self.streams}  # for each array; a number where not followed
        for name in (name for leaf in composition.leaves for name in leaf.definition.publishes):
            for known in self.published.values():
                known[name] = jax.ShapeDtypeStruct((), jnp.float32)
        self.slots: tuple[Any, ...] = ()
        self.through(composition, self.streams, {"grad": self.streams})

    def joined(self, join: Join, ys: list[Any], scope: dict[str, Any]) -> Any:
        axes = {} if join.over == "element" else scope.get("matrix_axes") or {}

        def one(i: int) -> Any:
            way = axes.get(i)
            mine = [as_matrix(y[i], way) for y in ys]
            y = self.traced(join, join.maths, *(map(_whole, mine) if join.over == "matrix" else mine))
            return native(_placed_as(y, mine[0]), way)

        return {i: one(i) for i in ys[0]}

    def traced(self, node: Piece | Join, f: Callable[..., Any], *given: Any) -> Any:
        """What f, a function of the node's, makes of shapes: found once for all arrays of one shape."""
        key = id(node), *((x.shape, x.dtype) for x in jax.tree.leaves(given))
        if key not in self.seen:
            with jax.numpy_dtype_promotion("standard"):  # only the shape and the kind of number matter here
                self.seen[key] = jax.eval_shape(f, *given)
        return self.seen[key]

    def leaf(self, node: Piece | Elsewhere, xs: dict[int, Any], scope: dict[str, Any]) -> dict[int, Any]:
        numbers = next(self.numbers)
        if isinstance(node, Elsewhere):
            params = self.treedef.unflatten([x if i in xs else optax.MaskedNode() for i, x in enumerate(self.arrays)])
            params = widen(params) if self.in_branches else params
            self.slots += ((node.transformation.init(params),),)
            return xs
        d = node.definition
        axes = {} if d.over == "element" else scope.get("matrix_axes") or {}
        if d.over == "matrix" and not axes:
            axes = axes_by_themselves(self.treedef, len(self.arrays), xs, d.name)
        seen = {i: as_matrix(x, axes.get(i)) for i, x in xs.items()}
        slots = {name: self.first(d, name, seen, numbers) for name in d.slots}
        if slots:
            self.slots += ({name: self.as_tree(x) for name, x in slots.items()},)
        if d.over == "tree":
            return xs
        return {
            i: self.after(node, x, {n: s[i] for n, s in slots.items()}, i, scope, numbers, axes.get(i))
            for i, x in seen.items()
        }

    def first(self, d: Definition, name: str, xs: dict[int, Any], numbers: dict[str, Any]) -> Any:
        first, of = d.slots[name]
        in_full = narrowed(numbers, widest(xs.values())) if of == "tree" else numbers
        first = functools.partial(first, **asked_of(first, in_full))
        if of == "tree":
            return _wide_array(first(list(xs.values())))
        if of == "parameter":
            return {i: _of_parameter(first, self.arrays[i]) for i in xs}
        made = {i: _wide_array(first(x)) for i, x in xs.items()}
        for i, slot in made.items() if d.over == "element" else ():
            if slot.shape != xs[i].shape:
                raise ValueError(
                    f"{d.name} says over='element', and its slot {name} begins with the shape {slot.shape} for a "
                    f"stream of shape {xs[i].shape}: with a slot of another shape it says over='array'."
                )
        return made

    def as_tree(self, slot: Any) -> Any:
        places = range(len(self.arrays))
        return self.treedef.unflatten([slot.get(i, optax.MaskedNode()) for i in places]) if type(slot) is dict else slot

    def after(self, node: Piece, x: Any, slots: Any, i: int, scope: Any, numbers: Any, axes: Any) -> Any:
        """One stream after a piece; as it was, where that cannot differ, or depends on what is not known yet."""
        count = jax.ShapeDtypeStruct((), jnp.asarray(0).dtype)
        known = self.published[i] | {"t": count, "params": self.streams[i]}
        known |= {name: tree[i] for name, tree in scope.items() if name != "matrix_axes"}
        cannot_differ = node.definition.over == "element" and not self.any_complex and not node.definition.publishes
        if cannot_differ or not known.keys() >= set(node.definition.reads):
            return native(x, axes)
        facts = {name: as_matrix(known[name], axes) for name in node.definition.reads}
        came = x
        if node.definition.over == "matrix":  # on whichever device, a matrix is whole there
            x, slots, facts = jax.tree.map(_whole, (x, slots, facts))
        y, told = self.traced(node, functools.partial(_stream_after, node, numbers), x, slots, facts)
        self.published[i] |= {name: native(value, axes) for name, value in told.items()}
        return native(_placed_as(y, came), axes)


def _whole(x: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(x.shape, x.dtype)


def _placed_as(y: Any, x: Any) -> Any:
    """A stream where one of its shape was."""
    return jax.ShapeDtypeStruct(y.shape, y.dtype, sharding=x.sharding) if y.shape == x.shape else y


def _stream_of(p: Any) -> jax.ShapeDtypeStruct:
    """The shape, the wide dtype and the sharding in which a parameter's gradient enters a walk."""
    holder = typeof(p) if isinstance(p, jax.core.Tracer) else p
    # An array that may be moved has a sharding too, and what is made for it would be bound to it.
    bound = getattr(holder, "committed", True)
    sharding = getattr(holder, "sharding", None) if bound else None
    return jax.ShapeDtypeStruct(jnp.shape(p), wide(jnp.result_type(p)), sharding=sharding)


def _stream_after(node: Piece, numbers: dict[str, Any], x: Any, slots: Any, facts: Any) -> Any:
    y, _, told = call(node.definition, x, slots, narrowed(numbers, jnp.finfo(x.dtype).dtype), facts)
    return y, told


def _of_parameter(first: Callable[..., Any], p: Any) -> Any:
    """A slot that starts from the parameter; a copy, since it must survive its donation, and 0 for a mere shape."""
    if isinstance(p, jax.ShapeDtypeStruct):
        shape = jax.eval_shape(first, p)
        return _wide_array(jnp.zeros(shape.shape, shape.dtype))
    return _wide_array(jnp.array(first(p), copy=True))


def _wide_array(x: Any) -> Any:
    return widen(x) if jnp.issubdtype(jnp.result_type(x), jnp.inexact) else jnp.asarray(x)


def memory(composition: Composition, state: WalkState, updates: Any) -> Iterator[Any]:
    """For every piece its slots by name, each by the places of the arrays; for what was made elsewhere, its state."""
    kept = iter(state.slots)
    overs = [x.definition.over for x in composition.leaves if isinstance(x, Piece)]
    all_alike = {*overs, *(join.over for join in composition.joins)} <= {"element"}
    for leaf in composition.leaves:
        if isinstance(leaf, Elsewhere):
            yield next(kept)[0]
            continue
        first = leaf.definition.slots
        slots = next(kept) if first else {}
        yield {n: x if first[n].of == "tree" else _column(x, updates, all_alike) for n, x in slots.items()}


def check_state(composition: Composition, state: Any) -> None:
    """Raises TypeError for a state that this composition did not make."""
    wanted = [None if isinstance(leaf, Elsewhere) else set(leaf.definition.slots) for leaf in composition.leaves]
    wanted = [names for names in wanted if names != set()]
    found = state.slots if isinstance(state, WalkState) else []
    kept = [set(x) if isinstance(x, dict) else None for x in found]
    if kept != wanted or not isinstance(state, WalkState):
        raise TypeError(
            f"this state, {type(state).__name__} with {kept}, was not made by init of {composition!r}, whose slots are "
            f"{wanted}: pass what init or the last update returned. A checkpoint is restored into what init returns."
        )


def _column(slot: Any, updates: Any, all_alike: bool) -> dict[int, Any]:
    """A slot by the places of the arrays; shaped like them where no piece makes another shape of them."""
    try:
        column = jax.tree.structure(updates).flatten_up_to(slot)
        alike = not all_alike or all(
            isinstance(x, optax.MaskedNode) or jnp.shape(x) == jnp.shape(g)
            for x, g in zip(column, jax.tree.leaves(updates), strict=True)
        )
    except ValueError:
        alike, column = False, []
    return dict(enumerate(column if alike else flatten_like(updates, slot, "state")))


def stored(composition: Composition, cells: list[Any], updates: Any) -> tuple[Any, ...]:
    """The inverse of `memory`."""
    treedef, found = jax.tree.structure(updates), []
    for leaf, cell in zip(composition.leaves, cells, strict=True):
        if isinstance(leaf, Elsewhere):
            found.append((cell,))
        elif cell:
            found.append({n: treedef.unflatten(x.values()) if type(x) is dict else x for n, x in cell.items()})
    return tuple(found)
