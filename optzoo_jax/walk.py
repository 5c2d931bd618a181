"""How a composition becomes a transformation of a pytree: the counter, precision, and what is compiled together.

* Arithmetic runs in at least float32, state is kept in at least float32 and never changes its dtype; the update has the
  wider precision of gradient and parameter, and streams stay wide between the pieces of one walk.
* What depends on the step alone (a schedule's value, the weight of an average) is computed once a step.
* Pieces that look at one array at a time are one program an array, shared by arrays of one shape. Where a piece looks
  at the tree, what stands before it is computed for all arrays first.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.arguments import Array
from optzoo_jax.composition import (
    Composition,
    Definition,
    Elsewhere,
    Join,
    Masked,
    Piece,
    Row,
    is_local,
    joins,
    leaves,
    masks,
    shown,
    skeleton,
)
from optzoo_jax.elementwise import check_elementwise, inlined
from optzoo_jax.precision import as_array, cast, cut, promoted, wide, widen, with_precision_of
from optzoo_jax.state import WalkState, check_state, chosen, first_slots, memory, stored
from optzoo_jax.trees import check_inexact, flatten_like
from optzoo_jax.units import check_runs

Places = dict[int, Any]  # the place of an array in the tree → what belongs to it


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Walk:
    """A composition as two functions of pytrees: a transformation is these methods, and so it can be pickled."""

    composition: Composition

    def __repr__(self) -> str:
        return repr(self.composition)

    def init(self, params: Any) -> WalkState:
        """The state before the first update."""
        check_runs(self.composition.flow)
        check_inexact(params, "parameter")
        count = jnp.zeros((), jnp.int32)
        numbers = _numbers(self.composition, count, count + 1)
        slots = first_slots(self.composition, jax.tree.map(as_array, params), numbers, _stream_after)
        return WalkState(count, _learning_rate(self.composition, numbers), slots)

    def update(self, updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, WalkState]:
        """The new updates, and the state after them."""
        check_runs(self.composition.flow)
        check_inexact(updates, "gradient")
        check_state(self.composition, state)
        count = jnp.asarray(_increment(state.count))
        numbers = _numbers(self.composition, count - 1, count)
        whole = _Tree(updates, params, extra, isinstance(count, jax.core.Tracer))
        way = _Way(
            cells=zip(memory(self.composition, state, updates), numbers, strict=True),
            taken=iter(dict(enumerate(taken)) for taken in chosen(self.composition, updates)),
            facts={"t": _Whole(count.astype(int)), **_facts(self.composition, whole)},
            precisions=whole.precisions,
            tree=whole,
        )
        ys = way.through(self.composition, whole.arrays, {}, last=True)
        slots = stored(self.composition, way.new, updates)
        return whole.treedef.unflatten(ys.values()), WalkState(count, _learning_rate(self.composition, numbers), slots)


def transformation(composition: Composition) -> optax.GradientTransformationExtraArgs:
    """The optax transformation of a composition, whose units are checked here."""
    _ = composition.flow
    walk = Walk(composition)
    return optax.GradientTransformationExtraArgs(walk.init, walk.update)


_increment = inlined(optax.safe_increment)


def _numbers(composition: Composition, count: Array, t: Array) -> list[dict[str, Any]]:
    """For every piece its hyperparameters in this step, and its facts that depend on the step alone."""
    t = t.astype(int)  # as wide as integers are by default: with x64 on t/3 is a float64, as the arrays are
    found = []
    for leaf in leaves(composition):
        numbers, once = {}, {}
        if isinstance(leaf, Piece):
            numbers = {name: _at(leaf, name, value, count) for name, value in leaf.arguments.items()}
            d = leaf.definition
            once = {name: inlined(f)(t, **{h: numbers[h] for h in d.takes[name]}) for name, f in d.once.items()}
        found.append(numbers | once)
    return found


def _at(leaf: Piece, name: str, value: Any, count: Array) -> Any:
    """The value of a hyperparameter at a count 0, 1, …, where it is a schedule."""
    if not callable(value):
        return value
    where, remedy = f"{leaf.name}: {name}={shown(value)}", f"If it makes schedules, call it: {name}={shown(value)}(…)."
    try:
        found: Any = value(count)
    except TypeError as error:
        raise TypeError(f"{where} is no schedule, a function of the count 0, 1, …: {error}. {remedy}") from error
    if callable(found) or isinstance(found, str | tuple | list | dict) or np.ndim(found):
        raise TypeError(f"{where} gives {shown(found)} at a count, and a schedule gives a number. {remedy}")
    return found


def _learning_rate(composition: Composition, numbers: list[dict[str, Any]]) -> Any:
    """The learning rate that comes into the stream, for the state to record."""
    for leaf, mine in zip(leaves(composition), numbers, strict=True):
        if isinstance(leaf, Piece) and leaf.definition.flow.multiplies_by_the_rate and "learning_rate" in mine:
            # Wide also where a schedule's or a caller's number is not: bfloat16 would show 1e-3 as 0.000999.
            return jax.lax.convert_element_type(mine["learning_rate"], jnp.asarray(0.0).dtype)
    return None


class _Whole(NamedTuple):
    """A fact that is one for all arrays."""

    value: Any


class _Tree:
    """The arguments of an update."""

    def __init__(self, updates: Any, params: Any, extra: dict[str, Any], in_jit: bool) -> None:
        self.updates, self.params, self.extra, self.in_jit = updates, params, extra, in_jit
        flat, self.treedef = jax.tree.flatten(updates)
        self.arrays = dict(enumerate(map(as_array, flat)))
        beside = flat if params is None else flatten_like(updates, params, "parameters")
        dtypes = [[jnp.finfo(jnp.result_type(x)).dtype for x in pair] for pair in zip(flat, beside, strict=True)]
        self.precisions = {i: promoted(*pair) for i, pair in enumerate(dtypes)}

    def by_place(self, value: Any) -> Any:
        """A fact: for each array its own, where it is a tree like the gradients."""
        flat, treedef = jax.tree.flatten(value)
        if jax.tree_util.treedef_is_leaf(treedef) and not callable(value) and jnp.shape(value) == ():
            return _Whole(value)  # a loss, also where the parameter is a number by itself
        alike = treedef == self.treedef and all(
            not callable(x) and jnp.shape(x) == g.shape for x, g in zip(flat, self.arrays.values(), strict=True)
        )
        return dict(enumerate(flat)) if alike else _Whole(value)

    def of_lists(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """A function of the parameters, such as the loss, as one of the list of their arrays."""
        return lambda arrays: f(self.treedef.unflatten(arrays))


def _facts(composition: Composition, tree: _Tree) -> dict[str, Any]:
    """What the pieces look up beside their stream and the step, from the arguments of update."""
    known: dict[str, Any] = {}
    published = {"grad", "direction", "t"}
    for leaf in leaves(composition):
        for name in leaf.definition.reads if isinstance(leaf, Piece) else ():
            if name == "params" and tree.params is None:
                raise ValueError(
                    f"{leaf.name} reads the parameters: call update(gradients, state, params), with params."
                )
            if name not in published and name not in tree.extra and name != "params":
                raise TypeError(
                    f"{leaf.name} reads {name}, which no piece before it publishes: call update(gradients, state, "
                    f"params, {name}=…)."
                )
            if name not in published:
                known[name] = tree.by_place(tree.params if name == "params" else tree.extra[name])
        published |= set(leaf.definition.publishes) if isinstance(leaf, Piece) else set()
    return known


@dataclasses.dataclass
class _Way:
    """One update, piece by piece: of all arrays, or inside the program of one of them, where there is no tree."""

    cells: Iterator[tuple[Any, dict[str, Any]]]  # of each piece its slots and its numbers
    taken: Iterator[Mapping[int, bool]]  # of each mask, which arrays
    facts: dict[str, Any]  # by name, for each array or as a _Whole
    precisions: Places  # of the updates
    tree: _Tree | None = None
    new: list[Any] = dataclasses.field(default_factory=list)  # of each piece its new slots
    told: dict[str, Any] = dataclasses.field(default_factory=dict)  # what was published on this way
    in_branches: int = 0  # of how many joins

    def through(self, node: Composition, xs: Places, scope: dict[str, Any], *, last: bool = False) -> Places:
        """The streams after `node`; in the precision of the updates where it is the last."""
        if self.tree and is_local(node):
            return self.programs(node, xs, scope, self.tree, last)
        xs = {i: with_precision_of(x, wide(self.precisions[i])) for i, x in xs.items()}
        scope = scope or {"grad": xs}
        ys = self.after(node, xs, scope)
        if not last:
            return ys
        for i, y in ys.items():
            if y.shape != xs[i].shape:
                made_by = " → ".join(leaf.name for leaf in leaves(node))
                raise ValueError(
                    f"{made_by} makes an array of shape {y.shape} of a gradient of shape {xs[i].shape}: an update has "
                    "the shape of its parameter."
                )
        return {i: with_precision_of(y, self.precisions[i]) for i, y in ys.items()}

    def after(self, node: Composition, xs: Places, scope: dict[str, Any]) -> Places:
        onward = self.through if self.tree else self.after
        if isinstance(node, Row):
            for link in _in_groups(node.links) if self.tree else node.links:
                xs = onward(link, xs, scope)
            return xs
        if isinstance(node, Join):
            xs = {i: cut(x) for i, x in xs.items()} if node.is_precondition else xs
            ys: list[Places] = []
            self.in_branches += 1
            for branch in node.branches:
                ys.append(onward(branch, xs, scope | node.scope_of(xs, ys)))
            self.in_branches -= 1
            return {i: node.maths(*(y[i] for y in ys)) for i in xs}
        if isinstance(node, Masked):
            taken = next(self.taken)
            return xs | onward(node.inner, {i: x for i, x in xs.items() if taken[i]}, scope)
        slots, numbers = next(self.cells)
        if isinstance(node, Elsewhere):
            return self.elsewhere(node, slots, xs, self.tree)
        over = self.over_tree if node.definition.over == "tree" else self.over_arrays
        return over(node, slots, numbers, xs, self.looked_up(node, scope))

    def looked_up(self, node: Piece, scope: dict[str, Any]) -> dict[str, Any]:
        """The facts that a piece reads."""
        found = self.facts | scope
        for name in node.definition.reads:
            if name not in found:
                raise TypeError(
                    f"{node.name} reads the {name}, and only makes sense inside the second argument of "
                    "precondition(direction, rate), which shows it the gradient and the direction; write "
                    f"precondition(direction, chain(…, {node.name}(…)))."
                )
        return {name: found[name] for name in node.definition.reads}

    def over_arrays(
        self, node: Piece, slots: dict[str, Places], numbers: dict[str, Any], xs: Places, facts: dict[str, Any]
    ) -> Places:
        d, ys, new, published = node.definition, {}, {n: dict(slot) for n, slot in slots.items()}, {}
        for i, x in xs.items():
            real = wide(self.precisions[i])
            given = {n: cast(f.value if isinstance(f, _Whole) else f[i], real) for n, f in facts.items()}
            mine = {n: cast(slot[i], real) for n, slot in slots.items()}
            ys[i], kept, told = call(d, x, mine, _narrowed(numbers, real), given)
            if d.over == "element" and ys[i].shape != x.shape:
                raise ValueError(
                    f"{d.name} says over='element', and makes an array of shape {ys[i].shape} of one of shape "
                    f"{x.shape}: what looks at more than one number says over='array'."
                )
            for name, value in kept.items():
                new[name][i] = _kept(d, name, value, slots[name][i])
            for name, value in told.items():
                published.setdefault(name, {})[i] = value
        self.new.append(new)
        self.tell(published)
        return ys

    def tell(self, published: dict[str, Any]) -> None:
        """Later pieces read it."""
        self.facts |= published
        self.told |= published

    def over_tree(
        self, node: Piece, slots: dict[str, Any], numbers: dict[str, Any], xs: Places, facts: dict[str, Any]
    ) -> Places:
        d = node.definition
        widest = functools.reduce(promoted, self.precisions.values(), np.dtype(np.float32))

        def listed(value: Any) -> Any:
            if isinstance(value, dict):
                return [cast(value[i], wide(self.precisions[i])) for i in xs]
            return cast(value, widest)

        def fact(f: Any) -> Any:
            f = f.value if isinstance(f, _Whole) else f
            return self.tree.of_lists(f) if callable(f) and self.tree else listed(f)

        given, mine = {n: fact(f) for n, f in facts.items()}, {n: listed(slot) for n, slot in slots.items()}
        ys, kept, told = call(d, list(xs.values()), mine, _narrowed(numbers, widest), given)
        if [jnp.shape(y) for y in ys] != [x.shape for x in xs.values()]:
            raise ValueError(f"{d.name}: a piece over the tree returns a list of arrays shaped like those it is given.")
        for name, value in kept.items():
            old = slots[name]
            each = dict(zip(xs, value, strict=True)) if isinstance(old, dict) else value
            new = {i: _kept(d, name, v, old[i]) for i, v in each.items()} if isinstance(old, dict) else None
            kept[name] = _kept(d, name, value, old) if new is None else old | new
        self.new.append(kept)
        self.tell({name: _Whole(value) for name, value in told.items()})
        return dict(zip(xs, ys, strict=True))

    def elsewhere(self, node: Elsewhere, state: Any, xs: Places, tree: Any) -> Places:
        """Made elsewhere: it gets what an optax chain would give it, streams as narrow as the updates are.

        But in a branch they stay wide: a moment of 16-bit gradients would be 0.
        """
        tx = optax.with_extra_args_support(node.transformation)
        params = widen(tree.params) if self.in_branches else tree.params
        given = xs if self.in_branches else {i: with_precision_of(x, self.precisions[i]) for i, x in xs.items()}
        updates, state = tx.update(tree.treedef.unflatten(given.values()), state, params, **tree.extra)
        self.new.append(state)
        return dict(enumerate(flatten_like(tree.updates, updates, f"update of {node!r}")))

    def programs(self, node: Composition, xs: Places, scope: dict[str, Any], tree: _Tree, last: bool) -> Places:
        """The streams after pieces that look at one array at a time: a program an array, shared with its likes."""
        pieces: list[Any] = list(leaves(node))
        cells = list(itertools.islice(self.cells, len(pieces)))
        taken = list(itertools.islice(self.taken, sum(1 for _ in masks(node))))
        # All of them are asked, since each may be found to lie.
        inlinable = [may_be_inlined(p.factory, _flags(n)) for p, (_, n) in zip(pieces, cells, strict=True)]
        inlinable += [join_may_be_inlined(j.maths, len(j.branches), j.over) for j in joins(node)]
        fixed, numbers = _split([n for _, n in cells], in_jit=tree.in_jit)
        read = {name for p in pieces for name in p.definition.reads}
        facts = {name: f for name, f in (self.facts | scope).items() if name in read}
        functions = any(isinstance(f, _Whole) and callable(f.value) for f in facts.values())
        alike = Counter((x.shape, x.dtype, *(t[i] for t in taken)) for i, x in xs.items())
        shape_of_all, ys, published = skeleton(node), {}, {}
        new = [{name: dict(slot) for name, slot in slots.items()} for slots, _ in cells]
        for i, x in xs.items():
            mine = tuple(t[i] for t in taken)
            frame = _Frame(shape_of_all, fixed, mine, np.dtype(self.precisions[i]), last, not scope)
            # A program is only worth its call where others of that shape call it too, or, outside jit, later steps.
            single = tree.in_jit and isinstance(x, jax.core.Tracer) and alike[x.shape, x.dtype, *mine] == 1
            written_out, shared = _INLINE if all(inlinable) else _PLAIN
            ys[i], kept, told = (written_out if single or functions else shared)(
                frame,
                x,
                [{name: slot[i] for name, slot in slots.items()} for slots, _ in cells],
                numbers,
                {name: f.value if isinstance(f, _Whole) else f[i] for name, f in facts.items()},
            )
            for place, slots in zip(new, kept, strict=True):
                for name, value in slots.items():
                    place[name][i] = value
            for name, value in told.items():
                published.setdefault(name, {})[i] = value
        self.new += new
        self.tell(published)
        return ys


def _in_groups(links: tuple[Any, ...]) -> Iterator[Any]:
    """Neighbours that look at one array at a time are one program."""
    for local, group in itertools.groupby(links, is_local):
        neighbours = tuple(group)
        yield from [Row(neighbours)] if local else neighbours


class _Frame(NamedTuple):
    """What a program for one array is made for; it can be hashed."""

    node: Any
    fixed: Any  # hyperparameters that are part of the program
    taken: tuple[bool, ...]
    precision: Any  # of the update
    last: bool
    begins: bool  # whether what enters is the gradient


def _one_array(frame: _Frame, x: Array, slots: Any, numbers: Any, facts: dict[str, Any]) -> tuple[Array, Any, Any]:
    """A composition on one array: the stream, the new slots of each piece, and what is published."""
    cells = [
        ({name: {0: s} for name, s in mine.items()}, {**dict(fixed), **n})
        for mine, fixed, n in zip(slots, frame.fixed, numbers, strict=True)
    ]
    known = {name: _Whole(value) for name, value in facts.items()}
    way = _Way(iter(cells), iter([{0: t} for t in frame.taken]), dict(known), {0: frame.precision})
    scope = {} if frame.begins else {name: known[name] for name in ("grad", "direction") if name in known}
    y = way.through(frame.node, {0: x}, scope, last=frame.last)[0]
    new = [{name: slot[0] for name, slot in mine.items()} for mine in way.new]
    return y, new, {name: f[0] for name, f in way.told.items()}


def _twice(f: Callable[..., Any]) -> tuple[Any, Any]:
    """Written out where it stands, and compiled by itself: traced and lowered once for all arrays of one shape."""
    return f, jax.jit(f, static_argnums=0)


_INLINE, _PLAIN = _twice(inlined(_one_array)), _twice(_one_array)


def call(d: Definition, x: Any, slots: Any, numbers: dict[str, Any], facts: Any) -> tuple[Any, Any, Any]:
    """A body, once: the stream, the new slots by name, and what it publishes by name."""
    out = d.body(x, **slots, **{name: numbers[name] for name in d.takes["body"]}, **facts)
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


def _stream_after(node: Piece, x: Any, slots: Any, facts: Any, numbers: dict[str, Any]) -> Array:
    return call(node.definition, x, slots, _narrowed(numbers, jnp.finfo(x.dtype).dtype), facts)[0]


def _narrowed(numbers: dict[str, Any], real: Any) -> dict[str, Any]:
    """The arrays among the numbers in the precision of the arithmetic. Python's take the dtype that they meet."""

    def one(x: Any) -> Any:
        fits = not hasattr(x, "dtype") or not jnp.issubdtype(x.dtype, jnp.inexact) or getattr(x, "weak_type", False)
        return x if fits else jnp.asarray(x).astype(real)

    return {name: jax.tree.map(one, x) for name, x in numbers.items()}


def _kept(d: Definition, name: str, new: Any, old: Any) -> Array:
    """A new slot, which changes neither its shape nor its dtype."""
    if jnp.shape(new) != jnp.shape(old):
        raise ValueError(
            f"{d.name}: its slot {name} begins with the shape {jnp.shape(old)}, and becomes one of shape "
            f"{jnp.shape(new)}. Where it is not shaped like the stream, its first value says so: "
            f"piece(…, {name}=lambda x: jnp.zeros({jnp.shape(new)}, x.dtype))."
        )
    new = jnp.asarray(new)
    return new if new.dtype == old.dtype else new.astype(old.dtype)


def _flags(numbers: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments of a piece, without the values of numbers."""
    return tuple((name, jax.tree.map(lambda v: _NUMBER if _is_number(v) else v, x)) for name, x in numbers.items())


def _is_number(x: Any) -> bool:
    return type(x) is float or hasattr(x, "dtype")


_NUMBER = object()


@functools.lru_cache(1024)
def may_be_inlined(factory: Any, flags: tuple[tuple[str, Any], ...]) -> bool:
    """Whether a piece is elementwise and has no loops. Raises ValueError where it says so and is not."""
    d: Definition = factory.definition
    if d.over != "element":
        return False
    numbers = {name: jax.tree.map(lambda v: 0.5 if v is _NUMBER else v, value) for name, value in flags}
    facts = [name for name in d.reads if name != "t"]
    still = {"t": jnp.asarray(3)} if "t" in d.reads else {}

    def maths(x: Array, *given: Array) -> Any:
        slots = {
            name: getattr(first, "first", first)(x, **{h: numbers[h] for h in d.takes[name]})
            for name, first in d.slots.items()
        }
        return call(d, x, slots, numbers, {**dict(zip(facts, given, strict=True)), **still})

    return check_elementwise(d.name, maths, 1 + len(facts))


@functools.lru_cache(1024)
def join_may_be_inlined(maths: Callable[..., Any], branches: int, over: str) -> bool:
    """The same of what `join` makes of its branches."""
    return over == "element" and check_elementwise(f"join({shown(maths)}, …)", maths, branches)


def _split(cells: list[dict[str, Any]], *, in_jit: bool) -> tuple[tuple[Any, ...], list[dict[str, Any]]]:
    """What is part of the program, and what is handed to it.

    In a program that is being traced Python's numbers are part of it, and XLA uses what they are. Outside jit they are
    handed over, so that a new learning rate needs no new program; an integer is the length of a loop, or the like.
    """

    def is_fixed(x: Any) -> bool:
        parts = jax.tree.leaves(x)
        given = any(hasattr(v, "dtype") or (not in_jit and type(v) is float) for v in parts)
        return not given or not all(_is_number(v) or type(v) is int for v in parts)

    fixed = tuple(tuple((name, x) for name, x in cell.items() if is_fixed(x)) for cell in cells)
    return fixed, [{name: x for name, x in cell.items() if not is_fixed(x)} for cell in cells]
