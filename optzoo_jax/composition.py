"""What a method is made of: a small closed tree, which can be read, compared and pickled.

    Piece          the maths of one array, with its hyperparameters
    Row            one after another
    Join           branches that are fed the same stream, and what is made of their results
    Masked         for some arrays only
    Matrices       for the arrays that are matrices, and another for the rest
    Elsewhere      a transformation that is no composition: optax's, or a wrapper around compositions

A Row or a Join may bear the call that made it: `adam(learning_rate=0.001, …)` is a Row of that name.
"""

import dataclasses
import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import optax

from optzoo_jax.units import Flow, apart, side_by_side


class Slot(NamedTuple):
    """The first value of a slot: a function of the "stream", of the "parameter", or of the streams of the "tree"."""

    first: Callable[..., Any]
    of: str


@dataclasses.dataclass(frozen=True, eq=False)
class Definition:
    """What `piece` was told of a body, and what the body's signature says."""

    name: str
    body: Any
    stream: Any  # a text, or a function of hyperparameters that returns one
    over: str
    slots: Mapping[str, Slot]
    reads: tuple[str, ...]  # facts, by name, that the walk looks up for each array
    once: Mapping[str, Callable[..., Any]]  # facts that depend on the step and on hyperparameters alone
    publishes: tuple[str, ...]
    symmetric: bool = False  # of a piece over matrices, whether f(Xᵀ) = f(X)ᵀ


@dataclasses.dataclass(frozen=True)
class Call:
    """The call that made something."""

    name: str
    arguments: Mapping[str, Any]

    @property
    def said(self) -> list[str]:
        """The arguments as they are printed."""
        return [f"{name}={shown(value)}" for name, value in self.arguments.items()]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.said)})"


def shown(value: Any) -> str:
    """A value as it is printed: a function by its name, a transformation as what it is made of."""
    if isinstance(value, optax.GradientTransformation):
        return repr(composition_of(value))
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value)


class _Node:
    """What all have in common: a call, what is inside with its roles, what flows."""

    inside: tuple[Any, ...]
    called: Call | None = None
    roles: tuple[str, ...] = ()
    nameless = "chain"
    is_known = True  # whether it is this library's, what is inside aside

    @property
    def name(self) -> str:
        return self.called.name if self.called else self.nameless

    @property
    def children(self) -> list[tuple[str, Any]]:
        """What is inside, each with its role."""
        return list(itertools.zip_longest(self.roles, self.inside, fillvalue=""))

    def __repr__(self) -> str:
        inside = ", ".join(f"{role}={child!r}" if role else repr(child) for role, child in self.children)
        return str(self.called) if self.called else f"{self.name}({inside})"

    @functools.cached_property
    def nodes(self) -> list[Any]:
        """The node and what is inside, in the order in which it acts; a wrapper is not looked into."""
        return [self, *(node for child in self.inside for node in child.nodes)]

    @property
    def leaves(self) -> list[Any]:
        """The pieces, and what was made elsewhere."""
        return [node for node in self.nodes if isinstance(node, Piece | Elsewhere)]

    @property
    def masks(self) -> list[Any]:
        """What does not take all arrays alike."""
        return [node for node in self.nodes if isinstance(node, Masked | Matrices)]

    @property
    def joins(self) -> list[Any]:
        return [node for node in self.nodes if isinstance(node, Join)]

    @property
    def overs(self) -> set[str]:
        """How much its pieces, and the maths of its joins, look at."""
        return {leaf.definition.over for leaf in self.leaves} | {join.over for join in self.joins}

    @functools.cached_property
    def is_local(self) -> bool:
        """Whether it can be computed for one array without the others."""
        return not {"tree", "matrix"} & self.overs

    @functools.cached_property
    def is_elementwise(self) -> bool:
        """Whether each number is treated by itself, and all arrays alike."""
        return self.overs <= {"element"} and not self.masks

    @functools.cached_property
    def late(self) -> list[int]:
        """By how many steps the clock of each leaf is late."""
        own = int(isinstance(self, Row) and self.starts_late)
        return [steps + own for child in self.inside for steps in child.late] or [own]

    def skeleton(self, taken: Iterator[Any]) -> Any:
        """What decides which program runs for an array: no hyperparameters and names, masks as whether they take it."""
        node: Any = self
        bare: dict[str, Any] = {"called": None}
        if isinstance(node, Masked):
            bare["mask"] = next(taken)
        if isinstance(node, Matrices):
            bare["axes"] = next(taken)
        return dataclasses.replace(node, inside=tuple(child.skeleton(taken) for child in self.inside), **bare)

    @functools.cached_property
    def flow(self) -> Flow:
        """What flows in and out; TypeError where it does not fit."""
        return dataclasses.replace(self._flow(), by=f"{self.name}(…)") if self.called else self._flow()

    def _flow(self) -> Flow:
        return functools.reduce(Flow.then, (node.flow for node in self.inside), Flow())


@dataclasses.dataclass(frozen=True, repr=False)
class Piece(_Node):
    """A piece, by the factory that `piece` made of its body."""

    factory: Any
    arguments: Any
    inside: tuple[Any, ...] = ()

    @property
    def definition(self) -> Definition:
        return self.factory.definition

    @property
    def called(self) -> Call:  # pyright: ignore[reportIncompatibleVariableOverride]
        return Call(self.definition.name, self.arguments)

    @property
    def is_known(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.definition.body.__module__.startswith("optzoo_jax.")

    def skeleton(self, taken: Iterator[Any]) -> Any:
        return Piece(self.factory, None)

    @functools.cached_property
    def stream(self) -> str:
        """What flows in and out, in words."""
        stream: Any = self.definition.stream
        if not callable(stream):
            return stream
        numbers = {name: self.arguments[name] for name in inspect.signature(stream).parameters}
        known = all(isinstance(x, float | int) for x in numbers.values())
        return str(stream(**numbers)) if known else f"{stream.__doc__}".strip()

    @functools.cached_property
    def flow(self) -> Flow:  # pyright: ignore[reportIncompatibleVariableOverride]
        d = self.definition
        if callable(d.stream) and self.stream == f"{d.stream.__doc__}".strip():
            return Flow(gives=None, by=f"{d.name}(…)")
        return Flow.parse(self.stream, f"{d.name}(…)", reads_direction="direction" in d.reads)


@dataclasses.dataclass(frozen=True, repr=False)
class Row(_Node):
    """One after another; where it is `scoped`, what enters it is the gradient to what is inside.

    One that starts late sits out the first step, out of which comes 0, and its clock begins in the second. In one that
    is `parted` each link takes arrays of its own, and so is fed what enters the row.
    """

    inside: tuple[Any, ...]
    called: Call | None = None
    scoped: bool = False
    starts_late: bool = False
    parted: bool = False

    @property
    def nameless(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        if self.starts_late:
            return "from_the_second_step"
        return "parted" if self.parted else "scoped" if self.scoped else "chain"

    def _flow(self) -> Flow:
        if self.parted:
            return apart([node.flow for node in self.inside])
        return super()._flow().of_its_own_gradient() if self.scoped else super()._flow()


@dataclasses.dataclass(frozen=True, repr=False)
class Join(_Node):
    """Branches that are fed the same stream; `maths` makes one stream of theirs.

    With the roles ("direction", "rate"), the second branch is shown what the first returned, and what entered both is
    the gradient to either.
    """

    inside: tuple[Any, ...]
    maths: Callable[..., Any]
    product: bool
    roles: tuple[str, ...] = ()
    over: str = "element"
    called: Call | None = None

    @property
    def nameless(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return "precondition" if self.is_precondition else "join"

    @property
    def is_precondition(self) -> bool:
        return self.roles == ("direction", "rate")

    def scope_of(self, xs: Any, before: list[Any]) -> dict[str, Any]:
        """The facts that a branch is shown, after those `before` it."""
        if not self.is_precondition:
            return {}
        return {"grad": xs, "direction": before[0]} if before else {"grad": xs}

    def _flow(self) -> Flow:
        flows = [branch.flow for branch in self.inside]
        return side_by_side(flows, product=self.product, shows_direction=self.is_precondition)


@dataclasses.dataclass(frozen=True, repr=False)
class Masked(_Node):
    """For the arrays for which `mask`, a tree of booleans or a function from the parameters to one, is true."""

    inside: tuple[Any, ...]
    mask: Any
    called: Call | None = None
    nameless = "masked"


@dataclasses.dataclass(frozen=True, repr=False)
class Matrices(_Node):
    """For the arrays that are matrices, and a second one for the rest, where there is one.

    `axes` is a pair (output axis, input axis), for arrays of two axes, or a function (path, array) → such a pair or
    None. Inside, pieces that look at more than one number see arrays (…, output, input).
    """

    inside: tuple[Any, ...]
    axes: Any
    called: Call | None = None
    roles: tuple[str, ...] = ("matrices", "otherwise")
    nameless = "for_matrices"

    @property
    def children(self) -> list[tuple[str, Any]]:
        return list(zip(self.roles, self.inside, strict=False))

    def _flow(self) -> Flow:
        return apart([node.flow for node in self.inside])


@dataclasses.dataclass(frozen=True, repr=False)
class Elsewhere(_Node):
    """A transformation that is no composition."""

    transformation: optax.GradientTransformation
    inside: tuple[Any, ...] = ()
    definition: ClassVar = Definition("", None, "", "tree", {}, (), {}, ())
    arguments: ClassVar = {}

    @property
    def is_known(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return type(self.owner).__module__.startswith("optzoo_jax.")

    @property
    def owner(self) -> Any:
        return getattr(self.transformation.update, "__self__", None)

    @property
    def called(self) -> Call:  # pyright: ignore[reportIncompatibleVariableOverride]
        known = getattr(self.owner, "called", None)
        name = getattr(self.transformation.update, "__qualname__", "unknown").split(".")[0]
        return known if isinstance(known, Call) else Call(name, {})

    @property
    def children(self) -> list[tuple[str, Any]]:
        inner = getattr(self.owner, "inner", None)
        return [] if inner is None else [(self.owner.role, composition_of(inner))]

    def _flow(self) -> Flow:
        return getattr(self.owner, "flow", Flow(gives=None))


Composition = Piece | Row | Join | Masked | Matrices | Elsewhere


def composition_of(tx: Any) -> Composition:
    """What a transformation is made of; one from elsewhere is a link of its own."""
    owner = getattr(getattr(tx, "update", None), "__self__", None)
    found = getattr(owner, "composition", None)
    return found if isinstance(found, Composition) else Elsewhere(tx)


class Passage:
    """Streams on their way through a composition: for each array, by its place in the tree, one.

    What a leaf makes of them, a subclass says. `scope` is what pieces are shown there: "grad", in a rate "direction".
    """

    leaf: Callable[..., Any]
    taken: Iterator[Sequence[Any]]  # of each mask, which arrays; of matrices, the axes of each, or None
    cells: Iterator[Any]  # of each leaf what it is given
    new: list[Any]  # of each leaf its new slots
    in_branches = 0  # of how many joins

    def through(self, node: Composition, xs: Any, scope: dict[str, Any]) -> Any:
        """The streams after `node`."""
        if isinstance(node, Row):
            scope = scope | {"grad": xs} if node.scoped else scope
            return (self.late if node.starts_late else self.row)(node, xs, scope)
        if isinstance(node, Join):
            ys: list[Any] = []
            self.in_branches += 1
            for branch, mine in zip(node.inside, self.entering(node, xs), strict=True):
                ys.append(self.through(branch, mine, scope | node.scope_of(mine, ys)))
            self.in_branches -= 1
            return self.joined(node, ys, scope)
        if isinstance(node, Masked):
            return self.masked(node, xs, scope)
        return self.parted(node, xs, scope) if isinstance(node, Matrices) else self.leaf(node, xs, scope)

    def links(self, row: Row) -> Iterable[Any]:
        return row.inside

    def entering(self, join: Join, xs: Any) -> list[Any]:
        """What enters each branch."""
        return [xs] * len(join.inside)

    def joined(self, join: Join, ys: list[Any], scope: dict[str, Any]) -> Any:
        return {i: join.maths(*(y[i] for y in ys)) for i in ys[0]}

    def row(self, node: Row, xs: Any, scope: dict[str, Any]) -> Any:
        for link in self.links(node):
            xs = self.through(link, xs, scope)
        return xs

    def late(self, node: Row, xs: Any, scope: dict[str, Any]) -> Any:
        return self.row(node, xs, scope)

    def parted(self, node: Matrices, xs: Any, scope: dict[str, Any]) -> Any:
        axes, ys = next(self.taken), xs
        for branch, is_matrix in zip(node.inside, (True, False), strict=False):
            mine = {i: x for i, x in xs.items() if (axes[i] is not None) == is_matrix}
            begins = {"grad": mine} if scope["grad"] is xs else {}
            taken = {i: axes[i] for i in mine} if is_matrix else None
            ys = ys | self.through(branch, mine, scope | begins | {"matrix_axes": taken})
        return ys

    def masked(self, node: Masked, xs: Any, scope: dict[str, Any]) -> Any:
        taken = next(self.taken)
        return xs | self.through(node.inside[0], {i: x for i, x in xs.items() if taken[i]}, scope)
