"""How a composition becomes a transformation of a pytree: the counter, precision, and what is compiled together.

* Arithmetic runs in at least float32, state is kept in at least float32 and never changes its dtype; the update has the
  wider precision of gradient and parameter, and streams stay wide between the pieces of one walk.
* What depends on the step alone (a schedule's value, the weight of an average) is computed once a step.
* Pieces that look at one array at a time are one program an array, shared by arrays of one shape. Where a piece looks
  at the tree, what stands before it is computed for all arrays first.
"""

import dataclasses
import functools
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.arguments import Array, asked_of
from optzoo_jax.composition import Composition, Elsewhere, Join, Passage, Piece, Row, shown
from optzoo_jax.elementwise import inlined
from optzoo_jax.matrices import as_matrix, axes_by_themselves, in_batches, native, placed_as
from optzoo_jax.precision import cast, promoted, wide, widen, with_precision_of
from optzoo_jax.program import Frame, call, cut_for, from_the_second, kept_as, narrowed, programs_of
from optzoo_jax.state import Beginning, WalkState, check_state, chosen, memory, stored
from optzoo_jax.trees import as_arrays, flatten_like
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
        params = as_arrays(params, "parameter")
        count = jnp.zeros((), jnp.int32)
        numbers = _numbers(self.composition, count, count + 1)
        beginning = Beginning(self.composition, params, numbers)
        return WalkState(count, _learning_rate(self.composition, numbers, jnp.asarray(0.0)), beginning.slots)

    def update(self, updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, WalkState]:
        """The new updates, and the state after them."""
        check_runs(self.composition.flow)
        updates, params = as_arrays(updates, "gradient"), as_arrays(params, "parameter")
        check_state(self.composition, state)
        count = jnp.asarray(_increment(state.count))
        numbers = _numbers(self.composition, count - 1, count)
        way = _OverTheTree(self.composition, updates, params, extra, count)
        way.cells = zip(memory(self.composition, state, updates), numbers, strict=True)
        ys = way.through(self.composition, way.arrays, {"grad": way.arrays})
        for i, y in ys.items():
            if y.shape != way.arrays[i].shape:
                raise ValueError(
                    f"{' → '.join(leaf.name for leaf in self.composition.leaves)} makes an array of shape {y.shape} "
                    f"of a gradient of shape {way.arrays[i].shape}: an update has the shape of its parameter."
                )
            ys[i] = placed_as(with_precision_of(y, way.precisions[i]), way.arrays[i])
        slots = stored(self.composition, way.new, updates)
        rate = _learning_rate(self.composition, numbers, state.last_learning_rate)
        return way.treedef.unflatten(ys.values()), WalkState(count, rate, slots)


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
    for leaf, late in zip(composition.leaves, composition.late, strict=True):
        d = leaf.definition
        numbers = {name: _at(leaf, name, value, count) for name, value in leaf.arguments.items()}
        clock = jnp.maximum(t - late, 1) if late else t
        in_full = narrowed(numbers, jnp.result_type(float))  # in which the step is counted
        once = {name: inlined(f)(clock, **asked_of(f, in_full)) for name, f in d.once.items()}
        found.append(numbers | once)
    return found


def _at(leaf: Piece, name: str, value: Any, count: Array) -> Any:
    """The value of a hyperparameter at a count 0, 1, …, where it is a schedule."""
    if not callable(value):
        return value
    given = f"{name}={shown(value)}"
    where, remedy = f"{leaf.name}: {given}", f"If it makes schedules, call it: {given}(…)."
    try:
        found: Any = value(count)
    except TypeError as error:
        raise TypeError(f"{where} is no schedule, a function of the count 0, 1, …: {error}. {remedy}") from error
    if callable(found) or isinstance(found, str | tuple | list | dict | None) or np.ndim(found):
        raise TypeError(f"{where} gives {shown(found)} at a count, and a schedule returns a number. {remedy}")
    return found


def _learning_rate(composition: Composition, numbers: list[dict[str, Any]], like: Any) -> Any:
    """The learning rate that comes into the stream, for the state to record as it recorded `like`."""
    leaves = list(zip(composition.leaves, numbers, strict=True))
    rates = [i for i, (leaf, _) in enumerate(leaves) if leaf.flow.multiplies_by_the_rate]
    unknown_after = rates and any(not leaf.is_known for leaf, _ in leaves[rates[0] + 1 :])
    given = {id(leaves[i][0].arguments.get("learning_rate", i)) for i in rates}  # to several pieces it may be one
    if len(given) > 1 or unknown_after:
        return ()
    if not rates or isinstance(leaves[rates[0]][0], Elsewhere):  # whose state has it, if any
        return None
    number = leaves[rates[0]][1].get("learning_rate")
    # Wide also where a schedule's or a caller's number is not: bfloat16 would show 1e-3 as 0.000999.
    return () if number is None else jax.lax.convert_element_type(number, jnp.result_type(like))


class _Everywhere:
    """A fact that is one for all arrays."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, place: int) -> Any:
        return self.value


def _in_order(axes: Any, ndim: int) -> tuple[int, int]:
    """A pair of axes, the first one first."""
    first, second = sorted(axis % ndim for axis in axes)
    return first, second


class _OverTheTree(Passage):
    """The way of all arrays: through the programs of each, and through pieces that look at the tree."""

    cells: Iterator[tuple[Any, dict[str, Any]]]  # of each leaf its slots and its numbers

    def __init__(
        self, composition: Composition, updates: Any, params: Any, extra: dict[str, Any], count: Array
    ) -> None:
        self.whole, self.updates, self.params, self.extra = composition, updates, params, extra
        self.in_jit = isinstance(count, jax.core.Tracer)
        flat, self.treedef = jax.tree.flatten(updates)
        self.arrays = dict(enumerate(flat))
        beside = flat if params is None else flatten_like(updates, params, "parameters")
        dtypes = [[jnp.finfo(jnp.result_type(x)).dtype for x in pair] for pair in zip(flat, beside, strict=True)]
        self.precisions = {i: promoted(*pair) for i, pair in enumerate(dtypes)}  # of the updates
        self.taken = iter(chosen(composition, updates))
        self.facts = {"t": _Everywhere(count.astype(int)), **self.given()}  # for each array
        self.new: list[Any] = []  # of each leaf its new slots

    def given(self) -> dict[str, Any]:
        """What the pieces look up beside their stream and the step, from the arguments of update."""
        known, published = {}, {"grad", "direction", "t"}
        for leaf in self.whole.leaves:
            wanted = [name for name in leaf.definition.reads if name not in published]
            for name in wanted:
                if name == "params" and self.params is None:
                    raise ValueError(
                        f"{leaf.name} reads the parameters: call update(gradients, state, params), with params."
                    )
                if name not in self.extra and name != "params":
                    raise TypeError(
                        f"{leaf.name} reads {name}, which no piece before it publishes: call update(gradients, state, "
                        f"params, {name}=…)."
                    )
                own = dict(enumerate(jax.tree.leaves(self.params)))  # also where the parameter is a number by itself
                known[name] = own if name == "params" else self.by_place(self.extra[name])
            published |= set(leaf.definition.publishes)
        return known

    def by_place(self, value: Any) -> Any:
        """A fact: for each array its own, where it is a tree like the gradients."""
        flat, treedef = jax.tree.flatten(value)
        if treedef == jax.tree.structure(0) and not callable(value) and jnp.shape(value) == ():
            return _Everywhere(value)  # a loss, also where the parameter is a number by itself
        alike = treedef == self.treedef and all(
            not callable(x) and jnp.shape(x) == g.shape for x, g in zip(flat, self.arrays.values(), strict=True)
        )
        return dict(enumerate(flat)) if alike else _Everywhere(value)

    def through(self, node: Composition, xs: Places, scope: dict[str, Any]) -> Places:
        return self.programs(node, xs, scope) if node.is_local else super().through(node, xs, scope)

    def links(self, row: Row) -> Iterator[Any]:
        """Neighbours that look at one array at a time are one program."""
        for local, group in itertools.groupby(row.inside, lambda link: link.is_local):
            neighbours = tuple(group)
            yield from [Row(neighbours)] if local else neighbours

    def entering(self, join: Join, xs: Places) -> list[Places]:
        streams = {i: cut_for(join, with_precision_of(x, wide(self.precisions[i]))) for i, x in xs.items()}
        return [{i: x[n] for i, x in streams.items()} for n in range(len(join.inside))]

    def joined(self, join: Join, ys: list[Places], scope: dict[str, Any]) -> Places:
        if join.over == "element" or not ys[0]:
            return super().joined(join, ys, scope)
        axes = scope.get("matrix_axes") or dict.fromkeys(ys[0])
        given = {i: [as_matrix(y[i], axes[i]) for y in ys] for i in ys[0]}
        if join.over == "array":
            return {i: native(join.maths(*mine), axes[i]) for i, mine in given.items()}
        out = in_batches(lambda mine: join.maths(*mine), given)
        return {i: placed_as(native(y, axes[i]), ys[0][i]) for i, y in out.items()}

    def late(self, node: Row, xs: Places, scope: dict[str, Any]) -> Places:
        t = (self.facts | scope)["t"].value
        return from_the_second(self, node, xs, scope | {"t": _Everywhere(jnp.maximum(t - 1, 1))}, t == 1)

    def leaf(self, node: Piece | Elsewhere, xs: Places, scope: dict[str, Any]) -> Places:
        slots, numbers = next(self.cells)
        if isinstance(node, Elsewhere):
            return self.elsewhere(node, slots, xs)
        if node.definition.over == "matrix":
            return self.matrices(node, slots, numbers, xs, scope)
        d = node.definition
        widest = functools.reduce(promoted, self.precisions.values(), np.dtype(np.float32))

        def listed(value: Any) -> Any:
            if isinstance(value, dict):
                return [cast(value[i], wide(self.precisions[i])) for i in xs]
            value = value.value if isinstance(value, _Everywhere) else value
            # A function of the parameters, such as the loss, becomes one of the list of their arrays.
            return (lambda arrays: value(self.treedef.unflatten(arrays))) if callable(value) else cast(value, widest)

        known = self.facts | scope
        facts = {name: listed(known[name]) for name in d.reads}
        mine = {n: listed(x) for n, x in slots.items()}
        ys, kept, told = call(d, listed(xs), mine, narrowed(numbers, widest), facts)
        if [jnp.shape(y) for y in ys] != [x.shape for x in xs.values()]:
            raise ValueError(f"{d.name}: a piece over the tree returns a list of arrays shaped like those it is given.")
        new = {}
        for name, value in kept.items():
            old = slots[name]
            if isinstance(old, dict):
                new[name] = old | {i: kept_as(d, name, v, old[i]) for i, v in zip(xs, value, strict=True)}
            else:
                new[name] = kept_as(d, name, value, old)
        self.new.append(new)
        self.facts |= {name: _Everywhere(value) for name, value in told.items()}
        return dict(zip(xs, ys, strict=True))

    def elsewhere(self, node: Elsewhere, state: Any, xs: Places) -> Places:
        """Made elsewhere: it gets what an optax chain would give it, streams as narrow as the updates are.

        But in a branch they stay wide: a moment of 16-bit gradients would be 0.
        """
        tx = optax.with_extra_args_support(node.transformation)
        params = widen(self.params) if self.in_branches else self.params
        dtypes = {i: wide(p) if self.in_branches else p for i, p in self.precisions.items()}

        def only(arrays: Places) -> Any:
            """The tree, with those that this link is not given left out."""
            return self.treedef.unflatten([arrays[i] if i in xs else optax.MaskedNode() for i in self.arrays])

        given = only({i: with_precision_of(x, dtypes[i]) for i, x in xs.items()})
        params = None if params is None else only(dict(enumerate(jax.tree.leaves(params))))
        updates, state = tx.update(given, state, params, **self.extra)
        self.new.append(state)
        return dict(zip(xs, flatten_like(given, updates, f"update of {node!r}"), strict=True))

    def matrices(self, node: Piece, slots: Any, numbers: dict[str, Any], xs: Places, scope: dict[str, Any]) -> Places:
        """The streams after a piece over matrices: those of one shape are one batch."""
        d = node.definition
        if not xs:
            self.new.append(slots)
            return {}
        axes = scope.get("matrix_axes")
        if axes is None:  # it stands in no for_matrices: what comes must be matrices by itself
            axes = axes_by_themselves(self.treedef, len(self.arrays), xs, d.name)
        written_out, shared, fixed, handed = programs_of(node, [numbers], in_jit=self.in_jit)
        known = self.facts | scope
        everywhere = {name: known[name].value for name in d.reads if isinstance(known[name], _Everywhere)}
        program = written_out if self.in_jit or any(map(callable, everywhere.values())) else shared

        def given(i: int) -> Any:
            x = with_precision_of(xs[i], wide(self.precisions[i]))
            if d.symmetric:  # nothing is moved that need not be
                return as_matrix(x, _in_order(axes[i], x.ndim))
            facts = {name: as_matrix(known[name][i], axes[i]) for name in d.reads if name not in everywhere}
            return as_matrix(x, axes[i]), {name: slot[i] for name, slot in slots.items()}, facts

        def batch(mine: Any) -> Any:
            x, kept, facts = (mine, {}, {}) if d.symmetric else mine
            frame = Frame(node.skeleton(iter(())), fixed, jnp.finfo(x.dtype).dtype, False)
            y, (kept,), told = program(frame, x, [kept], [*handed], everywhere | facts)
            return y if d.symmetric else (y, kept, told)

        new = {name: dict(slot) for name, slot in slots.items()}
        ys, published = {}, {}
        for i, out in in_batches(batch, {i: given(i) for i in xs}, symmetric=d.symmetric).items():
            y, kept, told = (out, {}, {}) if d.symmetric else out
            way = _in_order(axes[i], y.ndim) if d.symmetric else axes[i]
            ys[i] = placed_as(native(y, way), xs[i])
            for name, value in kept.items():
                new[name][i] = placed_as(value, slots[name][i])
            for name, value in told.items():
                published.setdefault(name, {})[i] = native(value, way)
        self.new.append(new)
        self.facts |= published
        return ys

    def programs(self, node: Composition, xs: Places, scope: dict[str, Any]) -> Places:
        """The streams after pieces that look at one array at a time: a program an array, shared with its likes."""
        cells = list(itertools.islice(self.cells, len(node.leaves)))
        taken = list(itertools.islice(self.taken, len(node.masks)))
        written_out, shared, fixed, numbers = programs_of(node, [n for _, n in cells], in_jit=self.in_jit)
        begins = scope["grad"] is xs
        read = {name for piece in node.leaves for name in piece.definition.reads} - ({"grad"} if begins else set())
        read |= {"t"} if any(isinstance(row, Row) and row.starts_late for row in node.nodes) else set()
        facts = {name: f for name, f in (self.facts | scope).items() if name in read}
        functions = any(isinstance(f, _Everywhere) and callable(f.value) for f in facts.values())
        takes = {i: tuple(t[i] for t in taken) for i in xs}
        skeletons = {t: node.skeleton(iter(t)) for t in set(takes.values())}
        axes = scope.get("matrix_axes") or {}
        alike = Counter((x.shape, x.dtype, takes[i]) for i, x in xs.items())
        ys, published = {}, {}
        new = [{name: dict(slot) for name, slot in slots.items()} for slots, _ in cells]
        for i, x in xs.items():
            frame = Frame(skeletons[takes[i]], fixed, np.dtype(self.precisions[i]), begins, axes.get(i))
            # A program is only worth its call where others of that shape call it too, or, outside jit, later steps.
            single = self.in_jit and isinstance(x, jax.core.Tracer) and alike[x.shape, x.dtype, takes[i]] == 1
            slots = [{name: slot[i] for name, slot in slots.items()} for slots, _ in cells]
            given = {name: f[i] for name, f in facts.items()}
            ys[i], kept, told = (written_out if single or functions else shared)(frame, x, slots, numbers, given)
            for place, mine in zip(new, kept, strict=True):
                for name, value in mine.items():
                    place[name][i] = value
            for name, value in told.items():
                published.setdefault(name, {})[i] = value
        self.new += new
        self.facts |= published
        return ys
