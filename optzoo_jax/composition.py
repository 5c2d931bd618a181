"""What a method is made of: a small closed tree, which can be read, compared and pickled.

    Piece          the maths of one array, with its hyperparameters
    Row            one after another
    Join           branches that are fed the same stream, and what is made of their results
    Masked         for some arrays only
    Elsewhere      a transformation that is no composition: optax's, or a wrapper around compositions

A Row or a Join may bear the call that made it: `adam(learning_rate=0.001, …)` is a Row of that name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import optax

from optzoo_jax.units import Flow, side_by_side

Slots = Mapping[str, Callable[..., Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Definition:
    """What `piece` was told of a body, and what the body's signature says."""

    name: str
    body: Callable[..., Any]
    stream: str
    flow: Flow
    over: str
    slots: Slots
    reads: tuple[str, ...]  # facts, by name, that the walk looks up for each array
    once: Mapping[str, Callable[..., Any]]  # facts that depend on the step and on hyperparameters alone
    publishes: tuple[str, ...]
    takes: Mapping[str, tuple[str, ...]]  # "body", each slot and each fact of `once` → the hyperparameters it takes


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
    """A value as it is printed: a function by its name."""
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value)


class _Node:
    """What all have in common: a call, children with their roles, what flows."""

    called: Call | None = None

    @property
    def children(self) -> tuple[tuple[str, Any], ...]:
        return ()

    def __repr__(self) -> str:
        if self.called:
            return str(self.called)
        inside = ", ".join(f"{role}={child!r}" if role else repr(child) for role, child in self.children)
        return f"{self.name}({inside})"

    @property
    def name(self) -> str:
        return self.called.name if self.called else "chain"


@dataclasses.dataclass(frozen=True, repr=False)
class Piece(_Node):
    """A piece, by the factory that `piece` made of its body."""

    factory: Any
    arguments: Any

    @property
    def definition(self) -> Definition:
        return self.factory.definition

    @property
    def called(self) -> Call:  # pyright: ignore[reportIncompatibleVariableOverride]
        return Call(self.definition.name, self.arguments)

    @property
    def flow(self) -> Flow:
        return self.definition.flow


@dataclasses.dataclass(frozen=True, repr=False)
class Row(_Node):
    """One after another."""

    links: tuple[Any, ...]
    called: Call | None = None

    @property
    def children(self) -> tuple[tuple[str, Any], ...]:
        return tuple(("", link) for link in self.links)

    @cached_property
    def flow(self) -> Flow:
        flow = Flow()
        for link in self.links:
            flow = flow.then(link.flow)
        return dataclasses.replace(flow, by=f"{self.called.name}(…)") if self.called else flow


@dataclasses.dataclass(frozen=True, repr=False)
class Join(_Node):
    """Branches that are fed the same stream; `maths` makes one stream of theirs.

    With the roles ("direction", "rate"), the second branch is shown what the first returned, and what entered both is
    the gradient to either.
    """

    maths: Callable[..., Any]
    branches: tuple[Any, ...]
    roles: tuple[str, ...]
    product: bool
    over: str = "element"
    called: Call | None = None

    @property
    def is_precondition(self) -> bool:
        return self.roles == ("direction", "rate")

    def scope_of(self, xs: Any, before: list[Any]) -> dict[str, Any]:
        """The facts that a branch is shown, after those `before` it."""
        if not self.is_precondition:
            return {}
        return {"grad": xs, "direction": before[0]} if before else {"grad": xs}

    @property
    def name(self) -> str:
        return self.called.name if self.called else "precondition" if self.is_precondition else "join"

    @property
    def children(self) -> tuple[tuple[str, Any], ...]:
        return tuple(zip(self.roles, self.branches, strict=True))

    @cached_property
    def flow(self) -> Flow:
        flows = [branch.flow for branch in self.branches]
        flow = side_by_side(flows, product=self.product, shows_direction=self.is_precondition)
        return dataclasses.replace(flow, by=f"{self.called.name}(…)") if self.called else flow


@dataclasses.dataclass(frozen=True, repr=False)
class Masked(_Node):
    """For the arrays for which `mask`, a tree of booleans or a function from the parameters to one, is true."""

    inner: Any
    mask: Any

    @property
    def name(self) -> str:
        return "masked"

    @property
    def children(self) -> tuple[tuple[str, Any], ...]:
        return (("", self.inner),)

    @property
    def flow(self) -> Flow:
        return self.inner.flow


@dataclasses.dataclass(frozen=True, repr=False)
class Elsewhere(_Node):
    """A transformation that is no composition."""

    transformation: optax.GradientTransformation

    @property
    def owner(self) -> Any:
        return getattr(self.transformation.update, "__self__", None)

    @property
    def called(self) -> Call:  # pyright: ignore[reportIncompatibleVariableOverride]
        known = getattr(self.owner, "called", None)
        name = getattr(self.transformation.update, "__qualname__", "unknown").split(".")[0]
        return known if isinstance(known, Call) else Call(name, {})

    @property
    def children(self) -> tuple[tuple[str, Any], ...]:
        inner = getattr(self.owner, "inner", None)
        return () if inner is None else ((self.owner.role, composition_of(inner)),)

    @property
    def flow(self) -> Flow:
        return getattr(self.owner, "flow", Flow(gives=None, by=f"{self.name}(…)"))


Composition = Piece | Row | Join | Masked | Elsewhere


def composition_of(tx: Any) -> Composition:
    """What a transformation is made of; one from elsewhere is a link of its own."""
    owner = getattr(getattr(tx, "update", None), "__self__", None)
    found = getattr(owner, "composition", None)
    return found if isinstance(found, Composition) else Elsewhere(tx)


def leaves(node: Composition) -> Iterator[Piece | Elsewhere]:
    """What does the work, in the order in which it acts."""
    if isinstance(node, Piece | Elsewhere):
        yield node
    else:
        for _, child in node.children:
            yield from leaves(child)


def masks(node: Composition) -> Iterator[Masked]:
    """The masks, in order."""
    if isinstance(node, Masked):
        yield node
    for _, child in () if isinstance(node, Elsewhere) else node.children:
        yield from masks(child)


def joins(node: Composition) -> Iterator[Join]:
    """The joins, but for the product of precondition."""
    if isinstance(node, Join) and not node.is_precondition:
        yield node
    for _, child in () if isinstance(node, Elsewhere) else node.children:
        yield from joins(child)


def is_local(node: Composition) -> bool:
    """Whether it can be computed for one array without the others."""
    return all(isinstance(leaf, Piece) and leaf.definition.over != "tree" for leaf in leaves(node))


def is_elementwise(node: Composition) -> bool:
    """Whether each number is treated by itself, and all arrays alike."""
    elementwise = (isinstance(leaf, Piece) and leaf.definition.over == "element" for leaf in leaves(node))
    return all(elementwise) and not any(masks(node)) and all(join.over == "element" for join in joins(node))


def skeleton(node: Any) -> Any:
    """The same without hyperparameters and names: what decides which program runs. It can be hashed."""
    if isinstance(node, Piece):
        return Piece(node.factory, None)
    if isinstance(node, Row):
        return Row(tuple(skeleton(link) for link in node.links))
    if isinstance(node, Join):
        return Join(
            node.maths, tuple(skeleton(branch) for branch in node.branches), node.roles, node.product, node.over
        )
    return Masked(skeleton(node.inner), None)
