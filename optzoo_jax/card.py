"""The record that says everything about a method. Each optimizer's own file fills its card in.

    @optimizer(full_name="Adaptive moment estimation", year=2014, learning_rate=1e-3, parent="rmsprop", …)
    def adam(learning_rate, b1=0.9, …, **decay: Unpack[WeightDecay]):
        '''First line. Equations, Args, Departures, Reference: the card reads them from here.'''
        return precondition(…)

The body returns the method's step, and the decorator makes the update of it: `descent`, with the learning rate and the
same four weight-decay arguments for all. It checks arguments and names the transformation after the call. `step_of`
gives the step alone, `scale_by_adam`. A body that returns an update has used its learning rate and its decay itself.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, Literal, ParamSpec, TypedDict

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Base, Decayed, bind, ranges_of
from optzoo_jax.composition import Call, Elsewhere, composition_of
from optzoo_jax.piece import called, named
from optzoo_jax.pieces.updates import descent

P = ParamSpec("P")
Transformation = optax.GradientTransformationExtraArgs
Kind = Literal["optimizer", "second-order optimizer", "wrapper", "gradient noise", "stopping rule"]


class WeightDecay(TypedDict, total=False):
    """The arguments that every named optimizer takes, keyword-only."""

    weight_decay: Decayed | None
    weight_decay_mode: Literal["l2", "decoupled", "independent"]
    mask: Any
    base_learning_rate: Base | None


_DECAY_HELP = """\
weight_decay: λ ≥ 0, a number or a schedule; None for no decay. Default: {weight_decay}.
weight_decay_mode: "l2" (g ← g + λθ before everything), "decoupled" (θ ← θ − α_t·λ·θ) or "independent"
  (θ ← θ − (α_t/α₀)·λ·θ). Default: "{weight_decay_mode}".
mask: a pytree of booleans, or a function from the parameters to one; only what is True decays.
base_learning_rate: α₀, needed where something is measured against a schedule's base: "independent" decay, and
  AdaBound's bounds.
"""


@dataclasses.dataclass(frozen=True)
class Card:
    """What is known about a method.

    Attributes:
      name: the public name.
      full_name: the name in words.
      year: of the first publication.
      kind: what it is.
      factory: the function that builds it.
      learning_rate: where to start, None where there is none.
      parent: the method that it differs least from, None for a root.
      difference: the difference to the parent, in words.
      variants: formula → a line; the first is the default.
      calls: whose numbers ("torch", "optax", "authors", "survey") → the arguments that give them.
      no_counterpart: optax's arguments that this library does not have → what to do instead.
      degree: gradients c times as large make updates c^degree times as large, at ε = 0.
      not_claimed: invariances that do not hold → the mathematical reason; all others of
        `optzoo_jax.testing.INVARIANCES` do.
      bound: what the size of an update may not exceed, where the paper proves it.
    """

    name: str
    full_name: str
    year: int
    kind: Kind
    factory: Callable[..., Any]
    learning_rate: float | None
    parent: str | None
    difference: str
    variants: Mapping[str, str]
    calls: Mapping[str, Mapping[str, Any]]
    no_counterpart: Mapping[str, str]
    degree: int
    not_claimed: Mapping[str, str]
    bound: str

    @property
    def arguments(self) -> dict[str, Any]:
        """The factory's arguments and their defaults (`inspect.Parameter.empty` where one is required)."""
        return {p.name: p.default for p in inspect.signature(self.factory).parameters.values()}

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return inspect.cleandoc(self.factory.__doc__ or "").split("\n")[0]

    @property
    def equations(self) -> str:
        """The equations: the docstring's indented blocks before its first section (Usage, Args)."""
        body = inspect.cleandoc(self.factory.__doc__ or "").split("\nArgs:")[0].split("\nUsage:")[0]
        return textwrap.dedent("\n".join(line for line in body.split("\n") if line.startswith("    ")))

    @property
    def departures(self) -> str:
        """Where the method departs from what was printed, from the docstring."""
        return self._section("Departures:")

    @property
    def reference(self) -> str:
        """The reference, from the docstring."""
        return self._section("Reference:")

    def example(self) -> Any:
        """The method at its defaults and the card's learning rate; a wrapper is put around Adam."""
        if self.kind == "wrapper":
            return self.factory(CARDS["adam"].example())
        if self.kind == "gradient noise":
            return self.factory(key=0)
        if self.kind == "stopping rule":
            return self.factory(patience=10)
        return self.factory(learning_rate=self.learning_rate)

    def without_constants(self, **arguments: Any) -> Any:
        """The example without decay and with ε = 0: what is left of a method when nothing in it has units."""
        dimensional = ("eps", "eps_root", "initial_accumulator_value")
        zero = {name: 0.0 for name in dimensional if name in self.arguments}
        decay = {"weight_decay": None} if "weight_decay" in self.arguments else {}
        if self.kind == "wrapper":
            return self.factory(CARDS["adam"].without_constants(), **arguments)
        return self.factory(learning_rate=self.learning_rate, **{**zero, **decay, **arguments})

    @property
    def parts(self) -> list[str]:
        """The names of the pieces that the method is made of, in the order in which they act."""
        return [] if self.kind == "stopping rule" else _pieces(composition_of(self.example()))

    @property
    def slots(self) -> list[str]:
        """The names of the arrays that the method keeps for every parameter."""
        return [str(getattr(path[-1], "key", getattr(path[-1], "name", ""))) for path, _ in self._arrays()]

    @property
    def bytes_per_parameter(self) -> int:
        """Bytes of state for every float32 parameter, beside a few scalars."""
        return sum(x.dtype.itemsize for _, x in self._arrays())

    def _arrays(self) -> list[tuple[Any, jax.ShapeDtypeStruct]]:
        if self.kind == "stopping rule":
            return []
        probe = jax.ShapeDtypeStruct((7,), jnp.float32)
        state = jax.eval_shape(self.example().init, probe)
        return [(path, x) for path, x in jax.tree_util.tree_leaves_with_path(state) if x.shape == probe.shape]

    def _section(self, title: str) -> str:
        text = inspect.cleandoc(self.factory.__doc__ or "")
        if title not in text:
            return ""
        return " ".join(text.split(title, 1)[1].split("\n\n")[0].split())


def _pieces(node: Any) -> list[str]:
    if isinstance(node, Elsewhere):
        return [node.name, *(name for _, child in node.children for name in _pieces(child))]
    return [name for leaf in node.leaves for name in (_pieces(leaf) if isinstance(leaf, Elsewhere) else [leaf.name])]


CARDS: dict[str, Card] = {}


def card_of(
    *,
    full_name: str = "",
    year: int = 0,
    kind: Kind = "optimizer",
    learning_rate: float | None = None,
    parent: str | None = None,
    difference: str = "",
    variants: Mapping[str, str] | None = None,
    calls: Mapping[str, Mapping[str, Any]] | None = None,
    no_counterpart: Mapping[str, str] | None = None,
    degree: int = 0,
    not_claimed: Mapping[str, str] | None = None,
    bound: str = "",
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Fills in the card of a method that is not a named optimizer (a wrapper, a rule).

    Raises:
      ValueError: where the name is taken by another function.
    """

    def decorate(factory: Callable[P, Any]) -> Callable[P, Any]:
        name = factory.__name__
        taken = CARDS.get(name)
        if taken and (taken.factory.__module__, taken.factory.__qualname__) != (
            factory.__module__,
            factory.__qualname__,
        ):
            raise ValueError(
                f"the name {name!r} is taken by the method of {taken.factory.__module__}, {taken.summary!r}: a card is "
                "found by its name. Call yours otherwise."
            )

        @functools.wraps(factory)
        def build(*args: P.args, **kwargs: P.kwargs) -> Any:
            return factory(**bind(build, args, kwargs))  # pyright: ignore[reportCallIssue]

        in_all = ranges_of(WeightDecay) if kind.endswith("optimizer") else {}
        build.__dict__.update(allowed={**in_all, **ranges_of(factory)})

        CARDS[name] = Card(
            name, full_name or name, year, kind, build, learning_rate, parent, difference, variants or {},
            calls or {}, no_counterpart or {}, degree, not_claimed or {}, bound,
        )  # fmt: skip
        return build

    return decorate


def optimizer(
    *,
    learning_rate: float = 1e-3,
    kind: Kind = "optimizer",
    weight_decay: float | None = None,
    weight_decay_mode: Literal["l2", "decoupled", "independent"] = "decoupled",
    **facts: Any,
) -> Callable[[Callable[P, Transformation]], Callable[P, Transformation]]:
    """Makes a function a named optimizer: its card, its weight decay, its checked arguments.

    The function takes a learning rate and its own arguments, and returns a step, gradient → step, with the learning
    rate in it or not; or an update.

    Args:
      learning_rate: the one to start with.
      kind: what it is.
      weight_decay, weight_decay_mode: the method's defaults of the arguments in `WeightDecay`.
      **facts: the other fields of `Card`: full_name, year, parent, difference, variants, calls, degree, ….

    Raises:
      ValueError: where the name is taken.
      TypeError: where what the function returns is neither a step nor an update.
    """
    decay = WeightDecay(
        weight_decay=weight_decay, weight_decay_mode=weight_decay_mode, mask=None, base_learning_rate=None
    )

    def decorate(body: Callable[P, Transformation]) -> Callable[P, Transformation]:
        own = inspect.signature(body).parameters
        if "learning_rate" not in own:
            raise TypeError(f"{body.__name__}: an optimizer's first argument is its learning_rate.")

        def build(**arguments: Any) -> Transformation:
            return called(_update_of(body, arguments), Call(body.__name__, arguments))

        functools.update_wrapper(build, body)
        build.__signature__ = _with_decay(inspect.signature(body), decay)  # pyright: ignore[reportAttributeAccessIssue]
        build.__doc__ = _with_decay_help(body.__doc__ or "", decay)
        factory = card_of(learning_rate=learning_rate, kind=kind, **facts)(build)
        factory.__dict__.update(step_body=body)
        return factory  # pyright: ignore[reportReturnType]

    return decorate


def _update_of(body: Callable[..., Transformation], arguments: Mapping[str, Any]) -> Transformation:
    """The update of the step that a body returns; where it returns an update, that."""
    decay = {name: arguments[name] for name in WeightDecay.__annotations__}
    own = {name: value for name, value in arguments.items() if name not in decay}
    takes_decay = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(body).parameters.values())
    step = body(**own, **decay) if takes_decay else body(**own)
    flow = composition_of(step).flow
    if flow.word == "update":
        if decay["weight_decay"] is not None and not takes_decay:
            raise TypeError(
                f"{body.__name__}: weight_decay={decay['weight_decay']!r} is left unused, since the function returns "
                "an update: let it return the step, which the decorator descends along, or take **decay and use it."
            )
        return step
    unit = flow.at()
    if unit is None:
        raise TypeError(
            f"{body.__name__} returns what ends in a transformation from elsewhere, {flow.by}, of which it is not "
            "known whether it is a step or an update: chain with optzoo_jax.chain, which sees inside, and return "
            "descent(step, learning_rate), which says what it is."
        )
    return descent(step, arguments["learning_rate"], rate_inside=unit["α"] == 1, **decay)


def step_of(
    factory: Callable[..., Transformation], *, learning_rate: float | None = None
) -> Callable[..., Transformation]:
    """The step of an optimizer, before its learning rate: `scale_by_adam = step_of(adam)`.

    Args:
      factory: an optimizer, as `optimizer` makes it.
      learning_rate: the default, where the step has the learning rate in it.
    """
    body: Callable[..., Transformation] = factory.step_body  # pyright: ignore[reportFunctionMemberAccess]
    name, rate = factory.__name__, inspect.Parameter("learning_rate", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [p for p in inspect.signature(body).parameters.values() if p.kind is not p.VAR_KEYWORD]
    parameters = [p.replace(default=learning_rate) if p.name == rate.name else p for p in own]
    parameters = [p for p in parameters if p.name != rate.name or learning_rate is not None]

    def step(**arguments: Any) -> Transformation:
        return body(**{"learning_rate": None, **arguments})

    step.__name__ = step.__qualname__ = f"scale_by_{name}"
    step.__module__ = body.__module__
    step.__annotations__ = {p.name: p.annotation for p in parameters}
    step.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]
    summary, args = (
        (factory.__doc__ or "").split("\n")[0],
        inspect.cleandoc(body.__doc__ or "").partition("\nArgs:\n")[2],
    )
    lines = [line for line in args.partition("\n\n")[0].split("\n") if not line.startswith("  learning_rate:")]
    step.__doc__ = f"The step of `{name}`, before its learning rate. {summary}\n\nArgs:\n" + "\n".join(lines)
    return named(step)


def _with_decay(signature: inspect.Signature, decay: WeightDecay) -> inspect.Signature:
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=decay[name], annotation=annotation)
        for name, annotation in WeightDecay.__annotations__.items()
    ]
    return signature.replace(parameters=own + shared)


def _with_decay_help(doc: str, decay: WeightDecay) -> str:
    """The docstring with the shared arguments at the end of its Args."""
    doc = inspect.cleandoc(doc)
    head, args, tail = doc.partition("\nArgs:\n")
    if not args:
        return f"{doc}\n\nArgs:\n{textwrap.indent(_DECAY_HELP.format(**decay), '  ')}"
    own, _, rest = tail.partition("\n\n")
    return f"{head}{args}{own}\n{textwrap.indent(_DECAY_HELP.format(**decay), '  ')}\n{rest}"
