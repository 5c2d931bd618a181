"""Who takes part: the library's methods by name, factories of the user's own, and which hyperparameter is tuned."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax
from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.training.schedules import Scheduled

# Those of a race where none are named; any other may be named.
DEFAULT = """adamw nag sgd momentum adam nadam radam adabelief yogi diffgrad adabound adamod lion adopt laprop ademamix
    cautious_adamw lamb adafactor stable_adamw muon soap schedule_free_adamw prodigy""".split()
QUICK = "adamw nag sgd momentum adam nadam radam lion adopt lamb adafactor schedule_free_adamw".split()
FEW = "adamw nag sgd momentum adam radam lion schedule_free_adamw".split()
# Tuned twice as long as the others: what is worth leaving must be at its best.
BASELINES = ("adamw", "nag")
LOOKAHEAD = "lookahead(adam)"
# The classical ones, in the order of their year, for pictures and the bench; three more are drawn with them.
_CLASSICAL = """sgd momentum nag adagrad adadelta rmsprop adam ema_momentum nadam adamw sgdw amsgrad yogi adabound
    adamod amsbound diffgrad radam ranger adabelief adadb""".split()
_NAMED_FOR_DECAY = ("adamw", "nadamw", "sgdw")
_MOMENTUM = ("b1", "momentum", "beta1", "beta")


class Knob(NamedTuple):
    """The hyperparameter that is tuned beside the learning rate.

    Attributes:
      name: of the argument.
      low, high: log-uniform between them, in what is varied.
      complement: whether 1 − the argument is varied.
      default: the argument's own.
    """

    name: str
    low: float
    high: float
    complement: bool
    default: float


@dataclasses.dataclass(frozen=True, eq=False)
class Entry:
    """A method in a race.

    Attributes:
      name: a registered name, with a variant in brackets where it is not the default; or that of the user's factory.
      factory: a learning rate or schedule, and the knob by its name → the optimizer.
      learning_rate: that of the card, None where nobody names one.
      knob: None where only the learning rate is tuned.
      call: what a user types, a format of `rate` and `knob`.
      second_order: whether a step takes the Hessian too.
    """

    name: str
    factory: Callable[..., Any]
    learning_rate: float | None
    knob: Knob | None
    call: str
    second_order: bool = False

    def make(self, rate: Any, knob: Any) -> Any:
        """The optimizer of a learning rate or schedule, and a knob, which is not read where there is none."""
        return self.factory(rate) if self.knob is None else self.factory(rate, **{self.knob.name: knob})

    def untuned(self, rate: Any) -> Any:
        """The card's own call, with a learning rate or schedule."""
        return self.factory(rate)

    @property
    def untuned_call(self) -> str:
        """The card's own call in words; empty where no learning rate is named."""
        call = re.sub(r", \w+={knob}", "", self.call)
        return "" if self.learning_rate is None else call.format(rate=self.learning_rate)

    @classmethod
    def of(cls, factory: Callable[..., Any], name: str | None = None, learning_rate: float | None = None) -> Entry:
        """The entry of a function whose first argument is the learning rate; one of the library's has that of its name.

        Args:
          factory: (learning rate or schedule, …) → an optax transformation; the learning rate is traced.
          name: its own, where None.
          learning_rate: that of its card, or the default of the first argument, where None.

        Raises:
          ValueError: for a factory that makes no transformation, or needs to know the learning rate's value.
        """
        own = _name(factory)
        card = optzoo_jax.card(own) if own in optzoo_jax.list_optimizers() else None
        if card is not None and card.factory is factory:
            if name is None and hasattr(optzoo_jax, own):
                return entry(own)
            learning_rate = card.learning_rate if learning_rate is None else learning_rate
        parameters = _parameters(factory)
        first = next(iter(parameters.values()), None)
        if learning_rate is None and first is not None and _is_number(first.default) and first.default > 0:
            learning_rate = float(first.default)
        found = cls(name or own, factory, learning_rate, None, "")
        _check(found)
        takes_schedules = _can(found, lambda rate: Scheduled(rate, jnp.ones_like))
        made = factory if takes_schedules else functools.partial(_made_anew, factory)
        found = dataclasses.replace(found, factory=made, knob=_knob(parameters, decay_first=False))
        if not _can(found, lambda rate: rate):  # it looks at the knob's value
            found = dataclasses.replace(found, knob=None)
        return dataclasses.replace(found, call=_call(factory, found.knob))


def default_names() -> list[str]:
    """The classical methods, and three more; first-order ones first, each in the order of its year."""
    return [*_CLASSICAL, "adabound[survey]", "amsbound[survey]", LOOKAHEAD, "newton"]


def select(words: Sequence[str]) -> list[Entry]:
    """The entries that are meant by names, patterns ("ada*") and variants ("radam[torch]"); where there are none,
    those of `default_names`. Patterns choose from these and `DEFAULT`.

    Raises:
      ValueError: for a word that means nothing, with the nearest name.
    """
    names = [name for word in words for name in _matches(word)] if words else default_names()
    return [entry(name) for name in dict.fromkeys(names)]


@functools.cache
def entry(name: str) -> Entry:
    """The entry of one name: a method's, a variant's "radam[torch]", or "lookahead(adam)".

    Raises:
      ValueError: for an unknown name or variant, with the nearest one, and for a method that cannot be raced.
    """
    wrapped = re.fullmatch(r"lookahead\((.+)\)", name)
    if wrapped:
        inner = entry(wrapped[1])

        def factory(rate: Any, **arguments: Any) -> Any:
            return optzoo_jax.lookahead(inner.factory(rate, **arguments))

        return dataclasses.replace(inner, name=name, factory=factory, call=f"oz.lookahead({inner.call})")
    base, variant = _parsed(name)
    card = optzoo_jax.card(base)
    if variant is not None and not card.variants:
        raise ValueError(f"{name!r}: {base} has no variants; write {base!r}.")
    if not hasattr(optzoo_jax, base):  # kept by name it would be the one that was defined first
        raise ValueError(f"{base} is a method of your own: give race({base}, …) the function, without quotes.")
    if card.learning_rate is None:
        raise ValueError(f"{name} has no learning rate on its card, and cannot race.")
    asks = {fact for leaf in optzoo_jax.composition_of(card.example()).leaves for fact in leaf.definition.reads}
    if "hessian_diagonal" in asks:
        raise ValueError(f"{base} asks for hessian_diagonal= in each step, which no race gives, and cannot race.")
    arguments = {} if variant is None else {"variant": variant}
    make = functools.partial(_make, base, arguments)
    make(card.learning_rate)  # which raises for a variant that there is not
    knob = _knob(_parameters(getattr(optzoo_jax, base)), decay_first=base in _NAMED_FOR_DECAY)
    more = f"{_knob_in_call(knob)}{'' if variant is None else f', variant={variant!r}'}"
    second_order = card.kind == "second-order optimizer"
    return Entry(name, make, card.learning_rate, knob, f"oz.{base}({{rate}}{more})", second_order)


def racing(optimizers: Sequence[Any]) -> list[Entry]:
    """The entries of names, patterns, factories and entries, each once.

    Raises:
      ValueError: for what cannot race, and for two of one name.
    """
    found = []
    for one in optimizers:
        found += select([one]) if isinstance(one, str) else [one if isinstance(one, Entry) else Entry.of(one)]
    found = list(dict.fromkeys(found))
    for each in found:
        if each.second_order:
            raise ValueError(f"{each.name} takes the Hessian in each step, which no race gives: leave it out.")
        if sum(each.name == other.name for other in found) > 1:
            raise ValueError(
                f"{each.name} is given more than once, and a race tells methods apart by their names. Leave one, or "
                "write a function of another name around the other."
            )
    return found


def _matches(word: str) -> list[str]:
    names = list(dict.fromkeys([*default_names(), *DEFAULT]))
    if word == "lookahead":
        return [LOOKAHEAD]
    # Brackets hold a variant here; in fnmatch they would be a set of characters.
    found = fnmatch.filter(names, word.replace("[", "[[]"))
    if found or _parsed(word)[1] is not None or word.startswith("lookahead("):
        return found or [word]
    if word in optzoo_jax.list_optimizers(kind="*optimizer"):
        return [word]
    if word in optzoo_jax.list_optimizers():
        kind = optzoo_jax.card(word).kind
        raise ValueError(f"{word} is a {kind}: it does not train a model by itself, and cannot race.")
    return [known("no optimizer is called", word, names)]


def _parsed(name: str) -> tuple[str, str | None]:
    found = re.fullmatch(r"([^\[]+)\[(.+)\]", name)
    return (found[1], found[2]) if found else (name, None)


def _make(name: str, arguments: dict[str, Any], rate: Any, **knob: Any) -> Any:
    # AdaBound's bounds follow a schedule; they are given for its peak.
    base = {"base_learning_rate": rate.peak} if isinstance(rate, Scheduled) else {}
    return optzoo_jax.get(name, learning_rate=rate, **base, **arguments, **knob)


def _parameters(factory: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(factory).parameters)
    except ValueError:  # a builtin has no signature
        return {}


def _knob(parameters: dict[str, inspect.Parameter], *, decay_first: bool) -> Knob | None:
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    decay, decays = defaults.get("weight_decay", inspect.Parameter.empty), []
    if decay is None or _is_number(decay):
        decays = [Knob("weight_decay", 1e-4, 1.0, complement=False, default=float(decay or 0.0))]
    momenta = [
        Knob(name, 0.005, 0.5, complement=True, default=float(defaults[name]))
        for name in _MOMENTUM
        if _is_number(defaults.get(name)) and 0 < defaults[name] < 1
    ]
    return next(iter([*decays, *momenta] if decay_first else [*momenta, *decays]), None)


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool)


def _knob_in_call(knob: Knob | None) -> str:
    return "" if knob is None else f", {knob.name}={{knob}}"


def _name(factory: Any) -> str:
    if isinstance(factory, functools.partial):
        return f"{_name(factory.func)}({_given(factory)})"
    return getattr(factory, "__name__", type(factory).__name__)


def _given(factory: functools.partial[Any]) -> str:
    return ", ".join([*map(repr, factory.args), *(f"{name}={value!r}" for name, value in factory.keywords.items())])


def _call(factory: Any, knob: Knob | None) -> str:
    partial = isinstance(factory, functools.partial)
    function, more = (factory.func, f", {_given(factory)}") if partial else (factory, "")
    home = _home(function)
    prefix = {"__main__": "", "optzoo_jax": "oz."}.get(home, f"{home}.")
    return f"{prefix}{_name(function)}({{rate}}{more.replace('{', '{{').replace('}', '}}')}{_knob_in_call(knob)})"


def _home(function: Any) -> str:
    """The first package or module on the way to the function's own that has it under its name."""
    parts = (getattr(function, "__module__", None) or "__main__").split(".")
    ways = [".".join(parts[: i + 1]) for i in range(len(parts))]
    has = (way for way in ways if getattr(sys.modules.get(way), _name(function), None) is function)
    return next(has, parts[0])


def _made_anew(factory: Callable[..., Any], rate: Any, **knob: Any) -> Any:
    """The transformation of a factory that takes numbers only: made at every step with that step's rate."""
    if not callable(rate):
        return factory(rate, **knob)

    def init(params: Any) -> Any:
        return jnp.zeros((), jnp.int32), factory(rate(0), **knob).init(params)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        tx = optax.with_extra_args_support(factory(rate(state[0]), **knob))
        updates, inner = tx.update(updates, state[1], params, **extra)
        return updates, (state[0] + 1, inner)

    return optax.GradientTransformationExtraArgs(init, update)


def _check(found: Entry) -> None:
    """Makes the optimizer once from a traced rate, as the race will, before time is spent on the others."""

    def state(rate: jax.Array) -> Any:
        tx = found.factory(rate)
        if not (hasattr(tx, "init") and hasattr(tx, "update")):
            raise ValueError(
                f"{found.name} returned {tx!r}, not an optax.GradientTransformation, a pair (init, update)."
            )
        return tx.init(_PARAMS)

    try:
        jax.eval_shape(state, jax.ShapeDtypeStruct((), jnp.float32))
    except jax.errors.ConcretizationTypeError as error:
        raise ValueError(
            f"{found.name} needs to know the learning rate's value, and in a race it is a traced array: "
            "use it in jax.numpy only, without float() and without if."
        ) from error
    except TypeError as error:
        raise ValueError(f"{found.name} does not take a learning rate alone: {error}.") from error


def _can(found: Entry, rates: Callable[[jax.Array], Any]) -> bool:
    """Whether a step can be traced with such learning rates, and with the knob where there is one."""

    def step(rate: jax.Array, knob: jax.Array) -> Any:
        tx = optax.with_extra_args_support(found.make(rates(rate), knob))
        return tx.update(_PARAMS, tx.init(_PARAMS), _PARAMS, value_fn=lambda params: jnp.float32(0))

    number = jax.ShapeDtypeStruct((), jnp.float32)
    try:
        jax.eval_shape(step, number, number)
    except Exception:  # whatever it is, the factory's author did not mean it to be called so
        return False
    return True


_PARAMS = {"w": np.zeros((2, 3), np.float32)}
