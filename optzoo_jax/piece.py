"""Pieces, and how they are put together.

A piece is the maths of one array, in its paper's letters:

    @piece("x → x", mu=zeros)
    def raw_ema(x, mu, decay: Decay = 0.9):
        mu = mu + (1 - decay) * (x - mu)
        return mu, mu                             # the stream, and the new slots in their order

The first parameter of the body is the stream. Of the others,

* **slots** are those that the decorator names, with their first value: a function of the stream as it arrives there, or
  of the parameter (`of_params(f)`), or of all streams, where it is one for the tree (`shared(f)`);
* **facts** are `params`, `grad` (the stream as it entered the enclosing precondition or `scoped(…)`, or else the
  walk), `direction` (what precondition's direction returned, in its rate), the step `t` = 1, 2, …, and what the
  decorator lists in `facts`: arguments of `update` and what an earlier piece publishes, by name, and functions of t and
  hyperparameters, which are evaluated once a step;
* all others are **hyperparameters**: a number, an array, or a schedule of the count 0, 1, …, evaluated once a step.

`over` says how much the body looks at: "element", one number at a time, so that arrays may be packed; "array";
"matrix", where stream, slots and facts are batches of matrices (…, output, input), all arrays of a shape in one; or
"tree", where they are lists over the arrays. What `piece` makes of the body is a factory of its
hyperparameters; what that makes is an optax transformation.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, ParamSpec

import numpy as np
import optax

from optzoo_jax.arguments import after_the_first, bind, ranges_of, unknown
from optzoo_jax.composition import (
    Call,
    Composition,
    Definition,
    Elsewhere,
    Join,
    Masked,
    Matrices,
    Piece,
    Row,
    Slot,
    composition_of,
)
from optzoo_jax.precision import times
from optzoo_jax.trees import checked_mask
from optzoo_jax.units import Flow
from optzoo_jax.walk import transformation
from optzoo_jax.wrapper import under_its_name

P = ParamSpec("P")
Transformation = optax.GradientTransformationExtraArgs

_FACTS = ("params", "grad", "direction", "t")
_HINT = (
    " What a body takes beside its stream is a slot, where the decorator gives its first value, as in piece(…, "
    "mu=zeros); a fact; or a hyperparameter, which is given or has a default."
)


def of_params(first: Callable[..., Any]) -> Slot:
    """The first value of a slot as a function of the parameter, such as a copy of it."""
    return Slot(first, "parameter")


def shared(first: Callable[..., Any]) -> Slot:
    """The first value of a slot that is one for the tree, as a function of the list of streams."""
    return Slot(first, "tree")


def piece(
    stream: str | Callable[..., str],
    *,
    over: Literal["element", "array", "matrix", "tree"] = "element",
    symmetric: bool = False,
    facts: Sequence[str | Callable[..., Any]] = (),
    publishes: Sequence[str] = (),
    **slots: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Transformation]]:
    """Makes a factory of transformations of the maths of one array; the module's docstring has the rules.

    Args:
      stream: what flows in and out, with units: "gradient [g] → step [1]", "x → x" (see `optzoo_jax.units`); where it
        depends on hyperparameters, a function of them, whose docstring stands for a schedule's: then nothing is known.
      over: "element", "array", "matrix" or "tree".
      symmetric: of a piece over matrices without slots and facts, that f(Xᵀ) = f(X)ᵀ: then transposed matrices of a
        shape are one batch with the others.
      facts: names of arguments of `update` or of published numbers; and functions f(t, …hyperparameters), whose value
        the body takes by the function's name.
      publishes: names under which the last values that the body returns can be read by later pieces.
      **slots: the first value of each slot.

    Raises:
      TypeError: where a slot, or a function among the facts, is no parameter of the body, or has a default.
      ValueError: where the stream is not as it should be.
    """
    if over not in ("element", "array", "matrix", "tree"):
        unknown(f"piece: over={over!r} is unknown", str(over), ["element", "array", "matrix", "tree"])
    if isinstance(stream, str):
        Flow.parse(stream)
    for f in facts:
        if callable(f) and not hasattr(f, "__name__"):
            raise TypeError(f"piece: the fact {f!r} has no name, by which the body would take it: def one.")
    once = {f.__name__: f for f in facts if callable(f)}
    first = {name: x if isinstance(x, Slot) else Slot(x, "stream") for name, x in slots.items()}
    listed = {*_FACTS, *(name for name in facts if isinstance(name, str))}

    def decorate(body: Callable[..., Any]) -> Callable[..., Transformation]:
        parameters = list(inspect.signature(body).parameters.values())
        if not parameters or any(p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters):
            raise TypeError(
                f"{body.__name__}: a body takes the stream first, and slots, facts and hyperparameters by their names: "
                "no *args, **kwargs or positional-only parameters."
            )
        names = {p.name: p for p in parameters[1:]}
        for name in (*slots, *publishes, *once):
            if name in _FACTS:
                raise TypeError(f"{body.__name__}: {name} is a fact: call the slot, or what is published, otherwise.")
        for name in (*slots, *once):
            has = f"{body.__name__} has the {'slot' if name in slots else 'fact'} {name}"
            if name not in names:
                raise TypeError(f"{has}, and no parameter of that name: add it to the body.")
            if names[name].default is not inspect.Parameter.empty:
                raise TypeError(f"{has}, with a default that nothing would read: leave the default out.")
        own = [p for name, p in names.items() if name not in {*first, *once, *listed}]
        beside = [*once.values(), *(slot.first for slot in first.values())]
        hyperparameters = _merged(own, *map(after_the_first, beside))
        reads = tuple(name for name in names if name in listed)
        if symmetric and (over != "matrix" or slots or reads or publishes):
            raise TypeError(
                f"{body.__name__} says symmetric=True, which a piece over matrices is that keeps, reads and publishes "
                "nothing: leave it out."
            )
        told = tuple(publishes)
        definition = Definition(body.__name__, body, stream, over, first, reads, once, told, symmetric)
        signature = inspect.Signature(hyperparameters, return_annotation=Transformation)

        @functools.wraps(body)
        def factory(*args: Any, **kwargs: Any) -> Transformation:
            arguments = bind(factory, args, kwargs)
            # A program is found by what its pieces were made with, which a list cannot be asked for.
            return transformation(Piece(factory, {name: _hashable(body, name, x) for name, x in arguments.items()}))

        factory.__signature__ = signature  # pyright: ignore[reportAttributeAccessIssue]
        factory.__annotations__ = {p.name: p.annotation for p in hyperparameters} | {"return": Transformation}
        allowed = ranges_of(body, *(slot.first for slot in first.values()), *once.values())
        factory.__dict__.update(definition=definition, allowed=allowed, hint=_HINT)
        return factory

    return decorate


def _hashable(body: Callable[..., Any], name: str, value: Any) -> Any:
    value = tuple(value) if isinstance(value, list) else bool(value) if isinstance(value, np.bool_) else value
    if not hasattr(value, "dtype") and not callable(value):
        try:
            hash(value)
        except TypeError:
            raise TypeError(
                f"{body.__name__}: {name}={value!r} is no hyperparameter, which is a number, an array, a schedule, or "
                "a word, a flag, a tuple that can be hashed."
            ) from None
    return value


def _merged(*groups: Iterable[inspect.Parameter]) -> list[inspect.Parameter]:
    """The parameters of several functions as those of one, each once, those without a default first."""
    found: dict[str, inspect.Parameter] = {}
    for p in (p for group in groups for p in group):
        defaults = {found[p.name].default, p.default} - {p.empty} if p.name in found else set()
        if len(defaults) > 1:
            raise TypeError(
                f"{p.name} has two defaults, {' and '.join(map(repr, defaults))}: it is one hyperparameter."
            )
        found.setdefault(p.name, p)
    return sorted(found.values(), key=lambda p: (p.kind, p.default is not p.empty and p.kind != p.KEYWORD_ONLY))


def named(factory: Callable[P, Transformation]) -> Callable[P, Transformation]:
    """A function that puts pieces together, whose arguments are checked and whose result bears its name."""

    @functools.wraps(factory)
    def build(*args: P.args, **kwargs: P.kwargs) -> Transformation:
        arguments = bind(factory, args, kwargs)
        return called(factory(**arguments), Call(factory.__name__, arguments))  # pyright: ignore[reportCallIssue]

    return build


def called(tx: optax.GradientTransformation, call: Call) -> Transformation:
    """The same transformation under the name that a user wrote; a nameless chain's links become its own."""
    node = composition_of(tx)
    if isinstance(node, Join) and node.called is None and not node.is_precondition:
        return transformation(dataclasses.replace(node, called=call))
    if isinstance(node, Elsewhere):
        return under_its_name(tx, call)
    if isinstance(node, Row) and node.called is None:
        return transformation(dataclasses.replace(node, called=call))
    return transformation(Row((node,), call))


def _links(node: Composition) -> tuple[Composition, ...]:
    return node.inside if isinstance(node, Row) and node.called is None and node.nameless == "chain" else (node,)


def chain(*transformations: optax.GradientTransformation) -> Transformation:
    """One after another: what comes out of one goes into the next, as in `optax.chain`.

    This library's pieces are one walk over the parameters, with one counter, and streams stay in at least float32
    between them. Transformations from elsewhere may stand among them; nothing is known of their units.

    Args:
      *transformations: this library's or any of optax's, in the order in which they act.

    Raises:
      TypeError: where one gives a unit that the next does not take.
    """
    return transformation(Row(tuple(link for tx in transformations for link in _links(node_of(tx, "chain")))))


def join(
    maths: Callable[..., Any],
    *branches: optax.GradientTransformation,
    units: Literal["same", "product"] = "same",
    over: Literal["element", "array", "matrix"] = "element",
) -> Transformation:
    """maths(branch₁(x), branch₂(x), …): branches that are fed the same stream, and what is made of their results.

        a sum of averages   join(lambda fast, slow: fast + 5 * slow, raw_ema(0.9), raw_ema(0.9999))

    Args:
      maths: the branches' streams, of one array → a stream.
      *branches: transformations, of this library or of optax.
      units: "same" where all branches must have one unit, which is that of the result, "product" where the result has
        the product of theirs.
      over: "element" where the maths goes number by number, "array" where it does not, or the streams' shapes differ;
        "matrix" where it is one of batches of matrices.

    Raises:
      TypeError: where the branches' units differ, or they take different ones.
      ValueError: where `units` or `over` is none of its words; at the first update, where "element" is not true.
    """
    for name, word, words in (("units", units, ["same", "product"]), ("over", over, ["element", "array", "matrix"])):
        if word not in words:
            unknown(f"join: {name}={word!r} is unknown", str(word), words)
    if not branches:
        raise TypeError("join: there is nothing to join: give it at least one branch.")
    nodes = tuple(node_of(branch, "join") for branch in branches)
    return transformation(Join(nodes, maths, units == "product", over=over))


def precondition(direction: optax.GradientTransformation, rate: optax.GradientTransformation) -> Transformation:
    """u = direction(g) · rate(g): an update is a direction times a rate.

    Stream: gradient [g] → step [units of the direction × units of the rate].

    Both branches are fed what comes in, which is `grad` to the pieces in either; the rate's pieces may also read
    `direction`, what the direction branch returned. Inside the rate branch the stream *is* the rate, so `rectify`,
    `bound_lr`, `dfc_friction` are plain links there. A rate may be number by number, one an array, or anything that
    broadcasts against the direction.

    Where |g| is so large that its square would overflow, it is cut to a quarter of the root of the largest number
    of its dtype (5e18 in float32), for both branches alike, so that the step keeps its usual size.

    Args:
      direction: gradient → direction, such as `debiased_ema(0.9)`.
      rate: gradient → rate, such as `chain(second_moment(0.999), inverse_root(1e-8))`.

    Raises:
      TypeError: where a branch takes what is no gradient.
    """
    nodes = node_of(direction, "precondition"), node_of(rate, "precondition")
    for node in nodes:
        if node.flow.needs_word:
            raise TypeError(
                f"precondition: its branches are fed the gradient [g], and {node.flow.needed_by} takes a "
                f"{node.flow.needs_word}: put before it what makes one, such as second_moment(0.999) for a moment, and "
                "inverse_rms(0.999) for a rate, in the second argument."
            )
    return transformation(Join(nodes, times, True, ("direction", "rate")))


def scoped(tx: optax.GradientTransformation) -> Transformation:
    """The transformation, to whose pieces `grad` is what enters here, not what entered the walk.

    So a method reads the gradient with what was done to it before, such as L2 decay or a clip, and a branch reads the
    stream that it is an average of. Inside a precondition that is so anyhow.

    Args:
      tx: made of pieces; where none of them reads `grad` or asks for [g], it stays what it is.
    """
    node = node_of(tx, "scoped")
    if not (_reads_the_gradient(node) or node.flow.needs is not None):
        return optax.with_extra_args_support(tx)
    return transformation(Row(_links(node), scoped=True))


def from_the_second_step(tx: optax.GradientTransformation) -> Transformation:
    """The transformation, which sits out the first step, as if there had been none: 0 comes out, and its state stays.

    Its clock begins in the second step, and `grad` is what enters here. Schedules are functions of the step all the
    same.

    Args:
      tx: made of pieces.
    """
    return transformation(Row(_links(node_of(tx, "from_the_second_step")), scoped=True, starts_late=True))


def _reads_the_gradient(node: Composition) -> bool:
    """Whether a piece inside reads the gradient that entered the walk."""
    if isinstance(node, Piece):
        return "grad" in node.definition.reads
    is_a_scope = node.scoped if isinstance(node, Row) else isinstance(node, Join) and node.is_precondition
    return not is_a_scope and any(map(_reads_the_gradient, node.inside))


def masked(tx: optax.GradientTransformation, mask: Any) -> Transformation:
    """The transformation, for those arrays for which the mask is true; others pass as they are."""
    if not callable(mask):
        checked_mask(mask)
    return transformation(Masked((composition_of(tx),), mask))


def parted(*transformations: optax.GradientTransformation) -> Transformation:
    """Several transformations, each `masked`, of which no two take the same array."""
    return transformation(Row(tuple(composition_of(tx) for tx in transformations), parted=True))


def for_matrices(
    step: optax.GradientTransformation, otherwise: optax.GradientTransformation | None, matrix_axes: Any = (-1, -2)
) -> Transformation:
    """One transformation for the arrays that are matrices, and another one for all others.

    Inside of the first, what looks at more than one number sees arrays (…, output, input), whichever way they are
    stored. Both are steps, or both are updates.

    Args:
      step: for matrices.
      otherwise: for the rest; None where there is to be none.
      matrix_axes: a pair (output axis, input axis), which arrays of two axes have, or a function (path, array) → such
        a pair, or None for what is no matrix. Paths are keys joined by "/".

    Raises:
      TypeError: where one of the two is an update and the other one is none; where axes are no such pair.
      ValueError: at init, where an array is no matrix and `otherwise` is None; where it has no such axes.
    """
    inside = [step] if otherwise is None else [step, otherwise]
    return transformation(Matrices(tuple(node_of(tx, "for_matrices") for tx in inside), matrix_axes))


def node_of(tx: Any, where: str) -> Composition:
    """What a transformation is made of; TypeError for what is none, in the words of the function that was given it."""
    if not hasattr(tx, "update"):
        name = getattr(tx, "__name__", repr(tx))
        raise TypeError(f"{where}: {name} is no transformation" + (f": call it, {name}(…)." if callable(tx) else "."))
    return composition_of(tx)
