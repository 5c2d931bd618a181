"""The record that says everything about a method. Each optimizer's own file fills its card in.

    @optimizer(full_name="Adaptive moment estimation", year=2014, learning_rate=1e-3, parent="rmsprop", …)
    def adam(learning_rate, b1=0.9, …, **decay: Unpack[WeightDecay]):
        '''First line. Equations, Args, Departures, Reference: the card reads them from here.'''

The decorator checks arguments by name, gives every optimizer the same four weight-decay arguments, and names the
transformation after the call.
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

from optzoo_jax.arguments import bind, check_choice
from optzoo_jax.transformation import Numeric, Part, Schedule, Transformation, name_part, part_of

P = ParamSpec("P")
Kind = Literal["optimizer", "second-order optimizer", "wrapper", "gradient noise", "stopping rule"]


class WeightDecay(TypedDict, total=False):
    """The arguments that every named optimizer takes, keyword-only."""

    weight_decay: Numeric | Schedule | None
    weight_decay_mode: Literal["l2", "decoupled", "independent"]
    mask: Any
    base_learning_rate: Numeric | None


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
        return [] if self.kind == "stopping rule" else _pieces(part_of(self.example()))

    @property
    def slots(self) -> list[str]:
        """The names of the arrays that the method keeps for every parameter."""
        return [path[-1].name for path, _ in self._arrays()]

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


def _pieces(part: Part) -> list[str]:
    below = [name for _, child in part.children for name in _pieces(child)]
    wraps = any(role == "inner" for role, _ in part.children)
    return [part.name, *below] if wraps or not below else below


CARDS: dict[str, Card] = {}


def card_of(
    *,
    full_name: str,
    year: int,
    kind: Kind,
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
    """Fills in the card of a method that is not a named optimizer (a wrapper, a rule)."""

    def decorate(factory: Callable[P, Any]) -> Callable[P, Any]:
        @functools.wraps(factory)
        def build(*args: P.args, **kwargs: P.kwargs) -> Any:
            bind(factory, args, kwargs)
            return factory(*args, **kwargs)

        CARDS[factory.__name__] = Card(
            factory.__name__, full_name, year, kind, build, learning_rate, parent, difference, variants or {},
            calls or {}, no_counterpart or {}, degree, not_claimed or {}, bound,
        )  # fmt: skip
        return build

    return decorate


def optimizer(
    *,
    learning_rate: float,
    kind: Kind = "optimizer",
    variants: Mapping[str, str] | None = None,
    weight_decay: float | None = None,
    weight_decay_mode: Literal["l2", "decoupled", "independent"] = "decoupled",
    **facts: Any,
) -> Callable[[Callable[P, Transformation]], Callable[P, Transformation]]:
    """Makes a factory a named optimizer: its card, its weight decay, its checked arguments.

    Args:
      learning_rate: where to start.
      kind: what it is.
      variants: formula → a line; the first is the default.
      weight_decay, weight_decay_mode: the method's defaults of the arguments in `WeightDecay`.
      **facts: the other fields of `Card`.
    """
    decay = WeightDecay(
        weight_decay=weight_decay, weight_decay_mode=weight_decay_mode, mask=None, base_learning_rate=None
    )

    def decorate(factory: Callable[P, Transformation]) -> Callable[P, Transformation]:
        name = factory.__name__

        @functools.wraps(factory)
        def build(*args: P.args, **kwargs: P.kwargs) -> Transformation:
            arguments = bind(build, args, kwargs)
            if variants:
                check_choice(name, "variant", arguments["variant"], variants)
            return name_part(factory(**arguments), name, arguments, "gradient [g] → update [θ]")  # pyright: ignore[reportCallIssue]

        build.__signature__ = _with_decay(inspect.signature(factory), decay)  # pyright: ignore[reportAttributeAccessIssue]
        build.__doc__ = _with_decay_help(factory.__doc__ or "", decay)
        return card_of(learning_rate=learning_rate, kind=kind, variants=variants, **facts)(build)

    return decorate


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
        raise ValueError(f"an optimizer's docstring needs an Args section: {doc[:60]!r}")
    own, _, rest = tail.partition("\n\n")
    return f"{head}{args}{own}\n{textwrap.indent(_DECAY_HELP.format(**decay), '  ')}\n{rest}"
