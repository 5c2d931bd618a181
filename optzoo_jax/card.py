"""The record that says everything about a method. Each optimizer's own file fills its card in.

    @optimizer(learning_rate=1e-3, calls={"optax": {}, …})
    def adam(learning_rate, b1=0.9, …, **decay: Unpack[WeightDecay]):
        '''First line. Equations, Args, Variants, Departures, Reference, …: the card reads them (docstring.py).'''
        return precondition(…)

The body returns the method's step, and the decorator makes the update of it: `descent`, with the learning rate and the
same four weight-decay arguments for all. It checks arguments and names the transformation after the call. `step_of`
gives the step alone, `scale_by_adam`. A body that returns an update has used its learning rate and its decay itself.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, ParamSpec, TypedDict, TypeVar

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Base, Decayed, ranges_of, unknown, validated
from optzoo_jax.composition import Call, Elsewhere, Piece, composition_of
from optzoo_jax.docstring import facts_of
from optzoo_jax.piece import Transformation, called, for_matrices, named
from optzoo_jax.pieces.reductions import by_axes
from optzoo_jax.pieces.updates import WeightDecayMode, descent

P = ParamSpec("P")
R = TypeVar("R")
Kind = Literal["optimizer", "second-order optimizer", "matrix optimizer", "wrapper", "gradient noise", "stopping rule"]


class WeightDecay(TypedDict, total=False):
    """The arguments that every named optimizer takes, keyword-only; in braces is the method's default.

    Args:
      weight_decay: λ ≥ 0, a number or a schedule; None for no decay. Default: {weight_decay}.
      weight_decay_mode: "l2" (g ← g + λθ before everything), "decoupled" (θ ← θ − α_t·λ·θ), "independent"
        (θ ← θ − (α_t/α₀)·λ·θ), "proximal" (θ ← θ/(1 + α_t·λ), the step too) or "cautious" (decoupled, where the step
        does not take the parameter away from 0). Default: "{weight_decay_mode}".
      mask: a pytree of booleans, or a function from the parameters to one; only what is True decays.
      base_learning_rate: α₀, needed where something is measured against a schedule's base: "independent" decay, and
        AdaBound's bounds.
    """

    weight_decay: Decayed | None
    weight_decay_mode: WeightDecayMode
    mask: Any
    base_learning_rate: Base | None


class MatrixArguments(TypedDict, total=False):
    """The arguments of every optimizer for matrices, keyword-only; in braces is the method's default.

    Args:
      matrix_axes: the pair (output axis, input axis) of arrays of two axes, (-1, -2) for the kernels of Flax, (0, 1)
        for Equinox's; or a function (path, array) → such a pair, or None for what is no matrix. Paths are keys joined
        by "/". Default: (-1, -2).
      otherwise: what moves all other arrays: an optimizer; a step, which shares learning rate and decay; "adamw", which
        does too; None where there are none. Default: "{otherwise}".
    """

    matrix_axes: Any
    otherwise: Any


class MatrixOptions(MatrixArguments, WeightDecay, total=False):
    """Both groups, for a type checker: what an optimizer for matrices takes beside its own arguments."""


_MATRIX = jax.ShapeDtypeStruct((7, 5), jnp.float32)  # sides that differ, so that a slot of one is told from the other


@dataclasses.dataclass(frozen=True)
class Card:
    """What is known about a method: its code, and what its docstring says.

    Attributes:
      name: the public name.
      factory: the function that builds it.
      summary: the docstring's first line.
      equations: the docstring's indented blocks before its first section.
      full_name: the name in words.
      year: of the first publication.
      parent: the method that it differs least from, None for a root.
      difference: the difference to the parent, in words.
      bound: what the size of an update may not exceed, where the paper proves it.
      variants: formula → a line; the first is the default.
      not_claimed: invariances that do not hold → the mathematical reason; all others of
        `optzoo_jax.testing.INVARIANCES` do.
      no_counterpart: optax's arguments that this library does not have → what to do instead.
      departures: where the method departs from what was printed.
      reference: authors, year, title.
      kind: what it is.
      learning_rate: where to start, None where there is none.
      calls: whose numbers ("torch", "optax", "authors", "survey") → the arguments that give them.
      degree: gradients c times as large make updates c^degree times as large, at ε = 0.
    """

    name: str
    factory: Callable[..., Any]
    summary: str
    equations: str
    full_name: str
    year: int
    parent: str | None
    difference: str
    bound: str
    variants: Mapping[str, str]
    not_claimed: Mapping[str, str]
    no_counterpart: Mapping[str, str]
    departures: str
    reference: str
    kind: Kind = "optimizer"
    learning_rate: float | None = None
    calls: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    degree: float = 0

    @property
    def arguments(self) -> dict[str, Any]:
        """The factory's arguments and their defaults (`inspect.Parameter.empty` where one is required)."""
        return {p.name: p.default for p in inspect.signature(self.factory).parameters.values()}

    def example(self) -> Any:
        """The method at its defaults and the card's learning rate; a wrapper is put around Adam."""
        if self.kind == "wrapper":
            return self.factory(CARDS["adam"].example())
        required = {"gradient noise": {"key": 0}, "stopping rule": {"patience": 10}}
        return self.factory(**required.get(self.kind, {"learning_rate": self.learning_rate}))

    def without_constants(self, **arguments: Any) -> Any:
        """The example without decay and with ε = 0: what is left of a method when nothing in it has units."""
        if self.kind == "wrapper":
            return self.factory(CARDS["adam"].without_constants(), **arguments)
        without = {"eps": 0.0, "eps_root": 0.0, "initial_accumulator_value": 0.0, "weight_decay": None}
        own = {name: value for name, value in without.items() if name in self.arguments}
        if self.arguments.get("otherwise") == "adamw":
            own["otherwise"] = step_of(CARDS["adam"].factory)(eps=0.0)
        return self.factory(learning_rate=self.learning_rate, **{**own, **arguments})

    @property
    def parts(self) -> list[str]:
        """The names of the pieces that the method is made of, in the order in which they act."""
        return [] if self.kind == "stopping rule" else _pieces(composition_of(self.example()))

    @property
    def slots(self) -> list[str]:
        """The names of the arrays that the method keeps of a matrix's own shape."""
        return [name for name, x in self._arrays() if x.shape == _MATRIX.shape]

    @property
    def slots_beside(self) -> list[str]:
        """The names of the arrays that it keeps for the rows, the columns or the sides of a matrix."""
        return [name for name, x in self._arrays() if x.shape != _MATRIX.shape]

    @property
    def bytes_per_parameter(self) -> int:
        """Bytes of state for every float32 parameter of a matrix, `slots_beside` and a few scalars aside."""
        return sum(x.dtype.itemsize for _, x in self._arrays() if x.shape == _MATRIX.shape)

    @property
    def bytes_in_words(self) -> str:
        """`bytes_per_parameter`, with a + where there are `slots_beside`."""
        return f"{self.bytes_per_parameter}{'+' if self.slots_beside else ''}"

    @property
    def state_in_words(self) -> str:
        """The slots and their bytes."""
        own = f"{', '.join(self.slots) or 'none'}; {self.bytes_per_parameter} bytes a float32 parameter"
        beside = ", ".join(self.slots_beside)
        return f"{own}; beside it {beside}, for rows, columns or sides of a matrix" if beside else own

    def _arrays(self) -> list[tuple[str, jax.ShapeDtypeStruct]]:
        if self.kind == "stopping rule":
            return []
        found = jax.tree_util.tree_leaves_with_path(jax.eval_shape(self.example().init, _MATRIX))
        return [(str(getattr(p[-1], "key", getattr(p[-1], "name", ""))), x) for p, x in found if x.size > 1]


def _pieces(node: Any) -> list[str]:
    own = [node.name] if isinstance(node, Piece | Elsewhere) else []
    return own + [name for _, child in node.children for name in _pieces(child)]


CARDS: dict[str, Card] = {}


def card_of(**facts: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Fills in the card of a method, whose arguments it checks: by itself for a wrapper or a rule.

    Args:
      **facts: the fields of `Card` that are no words: kind, learning_rate, calls, degree; and those that the docstring
        does not say.

    Raises:
      ValueError: where the name is taken by another function, or a section of the docstring is not as it should be.
    """

    def decorate(factory: Callable[P, R]) -> Callable[P, R]:
        name, build = factory.__name__, validated(factory)
        taken, place = CARDS.get(name), (factory.__module__, factory.__qualname__)
        if taken and (taken.factory.__module__, taken.factory.__qualname__) != place:
            raise ValueError(
                f"the name {name!r} is taken by the method of {taken.factory.__module__}, {taken.summary!r}: a card is "
                "found by its name. Call yours otherwise."
            )
        said, allowed = facts_of(name, factory.__doc__), ranges_of(factory)
        _, words = allowed.get("variant", (None, []))
        if said["variants"] and list(said["variants"]) != words:
            raise ValueError(
                f"{name}: the section 'Variants' of its docstring has {list(said['variants'])}, and the argument "
                f"variant takes {words}: give both the same words, the default first, in a Literal[…]."
            )
        CARDS[name] = Card(**{**said, **facts, "name": name, "factory": build})
        return build

    return decorate


def optimizer(
    *,
    learning_rate: float = 1e-3,
    weight_decay: float | None = None,
    weight_decay_mode: WeightDecayMode = "decoupled",
    decays_inside: WeightDecayMode | None = None,
    otherwise: str | None = None,
    **facts: Any,
) -> Callable[[Callable[P, Transformation]], Callable[P, Transformation]]:
    """Makes a function a named optimizer: its card, its weight decay, its checked arguments.

    The function takes a learning rate and its own arguments, and returns a step, gradient → step, with the learning
    rate in it or not; or an update. Its docstring is the source of what its card says in words.

    Args:
      learning_rate: the one to start with.
      weight_decay, weight_decay_mode: the method's defaults of the arguments in `WeightDecay`.
      decays_inside: the mode in which the function puts the decay into its step, with `decay_inside`.
      otherwise: of a method for matrices what moves all other arrays: "adamw", or "own", where the function returns a
        pair, the step of matrices and that of vectors and numbers, or None for AdamW's.
      **facts: the other fields of `Card`: kind, calls, degree; and those that the docstring does not say.

    Raises:
      ValueError: where the name is taken, or a section of the docstring is not as it should be.
      TypeError: where what the function returns is neither a step nor an update.
    """
    defaults: dict[str, Any] = {"weight_decay": weight_decay, "weight_decay_mode": weight_decay_mode}
    groups: list[Any] = [WeightDecay]
    if otherwise is not None:
        groups, facts = [MatrixArguments, WeightDecay], {"kind": "matrix optimizer", **facts}
        defaults |= {"matrix_axes": (-1, -2), "otherwise": otherwise}
    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=hint.__forward_arg__
        )
        for group in groups
        for name, hint in group.__annotations__.items()
    ]

    def decorate(body: Callable[P, Transformation]) -> Callable[P, Transformation]:
        signature = inspect.signature(body)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        if "learning_rate" not in signature.parameters:
            raise TypeError(f"{body.__name__}: an optimizer's first argument is its learning_rate.")

        @functools.wraps(body)
        def build(**arguments: Any) -> Transformation:
            return called(_update_of(body, arguments, decays_inside), Call(body.__name__, arguments))

        signature = signature.replace(parameters=[*own, *shared])
        build.__dict__.update(__signature__=signature, allowed=ranges_of(WeightDecay, body), step_body=body)
        build.__doc__ = _with_shared_help(body.__doc__ or "", groups, defaults)
        return card_of(learning_rate=learning_rate, **facts)(build)  # pyright: ignore[reportReturnType]

    return decorate


def _update_of(
    body: Callable[..., Transformation], arguments: Mapping[str, Any], decays_inside: WeightDecayMode | None
) -> Transformation:
    """The update of the step that a body returns; where it returns an update, that."""
    decay = {name: arguments[name] for name in WeightDecay.__annotations__}
    matrices = {name: arguments[name] for name in MatrixArguments.__annotations__ if name in arguments}
    own = {name: value for name, value in arguments.items() if name not in decay and name not in matrices}
    takes_decay = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(body).parameters.values())
    step = body(**own, **decay) if takes_decay else body(**own)
    if matrices:
        step = _beside_others(body.__name__, step, arguments["learning_rate"], matrices, decay)
    flow = composition_of(step).flow
    if flow.word == "update":
        if decay["weight_decay"] is not None and not takes_decay and not matrices:
            raise TypeError(
                f"{body.__name__}: weight_decay={decay['weight_decay']!r} is left unused, since the function returns "
                "an update: let it return the step, which the decorator descends along, or take **decay and use it."
            )
        return step
    unit = flow.at()
    if unit is None and any(isinstance(leaf, Elsewhere) for leaf in composition_of(step).leaves):
        raise TypeError(
            f"{body.__name__} returns what ends in a transformation from elsewhere, {flow.by}, of which it is not "
            "known whether it is a step or an update: chain with optzoo_jax.chain, which sees inside, and return "
            "descent(step, learning_rate), which says what it is."
        )
    if decay["weight_decay_mode"] == decays_inside:
        decay["weight_decay"] = None
    return descent(step, arguments["learning_rate"], rate_inside=unit is not None and unit["α"] == 1, **decay)


def _beside_others(
    name: str, made: Any, learning_rate: Any, matrices: Mapping[str, Any], decay: Mapping[str, Any]
) -> Transformation:
    """A step, or an update, of matrices, beside that of all other arrays: both steps, or both updates."""
    step, own = made if type(made) is tuple else (made, None)
    otherwise = matrices["otherwise"]
    if isinstance(otherwise, str):
        default = "own" if type(made) is tuple else "adamw"
        if otherwise != default:
            unknown(f"{name}: otherwise={otherwise!r} is unknown", otherwise, [default])
        otherwise = step_of(CARDS["adam"].factory)()
        if own is not None:  # a vector's rule is none for stacks of matrices
            otherwise = by_axes(otherwise, own)
    elif otherwise is not None and not hasattr(otherwise, "update"):
        given = getattr(otherwise, "__name__", repr(otherwise))
        raise TypeError(f"{name}: otherwise={given} is no optimizer: call it, such as adamw(1e-3), or say None.")

    def is_update(tx: Transformation) -> bool:
        unit = composition_of(tx).flow.at()
        return unit is None or unit["α"] == 1

    # Where there is no learning rate a step is asked for, and for_matrices says what is none.
    if otherwise is not None and learning_rate is not None and is_update(step) != is_update(otherwise):
        if is_update(step):
            otherwise = descent(otherwise, learning_rate, **decay)
        else:
            step = descent(step, learning_rate, **decay)
    return for_matrices(step, otherwise, matrices["matrix_axes"])


def _with_shared_help(doc: str, groups: list[Any], defaults: Mapping[str, Any]) -> str:
    """The docstring with the shared arguments at the end of its Args."""
    shared = "\n".join(_shared_args(groups, defaults))
    head, args, tail = inspect.cleandoc(doc).partition("\nArgs:\n")
    own, empty, rest = tail.partition("\n\n")
    return f"{head}{args}{own}\n{shared}{empty}{rest}" if args else f"{head}\n\nArgs:\n{shared}"


def _shared_args(groups: list[Any], defaults: Mapping[str, Any]) -> list[str]:
    return [inspect.cleandoc(x.__doc__ or "").partition("\nArgs:\n")[2].format(**defaults) for x in groups]


def step_of(
    factory: Callable[..., Transformation], *, learning_rate: float | None = None
) -> Callable[..., Transformation]:
    """The step of an optimizer, before its learning rate: `scale_by_adam = step_of(adam)`.

    Args:
      factory: an optimizer, as `optimizer` makes it.
      learning_rate: the default, where the step has the learning rate in it.
    """
    body: Callable[..., Transformation] = factory.step_body  # pyright: ignore[reportFunctionMemberAccess]
    name, parameters = factory.__name__, inspect.signature(factory).parameters
    own = {argument: p for argument, p in parameters.items() if argument not in WeightDecay.__annotations__}
    own["learning_rate"] = own["learning_rate"].replace(default=learning_rate)
    if learning_rate is None:
        del own["learning_rate"]

    @functools.wraps(body)
    def step(**arguments: Any) -> Transformation:
        matrices = {name: arguments.pop(name) for name in MatrixArguments.__annotations__ if name in arguments}
        made = body(**{"learning_rate": None, **arguments})
        return _beside_others(name, made, None, matrices, {}) if matrices else made

    step.__name__ = step.__qualname__ = f"scale_by_{name}"
    step.__signature__ = inspect.Signature([*own.values()])  # pyright: ignore[reportAttributeAccessIssue]
    args = inspect.cleandoc(body.__doc__ or "").partition("\nArgs:\n")[2].partition("\n\n")[0].split("\n")
    if "otherwise" in own:
        args += _shared_args([MatrixArguments], {"otherwise": own["otherwise"].default})
    kept = "\n".join(line for line in args if not line.startswith("  learning_rate:"))
    step.__doc__ = f"The step of `{name}`, before its learning rate. {CARDS[name].summary}\n\nArgs:\n{kept}"
    return named(step)
