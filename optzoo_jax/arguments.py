"""What an argument may be, declared where it stands, and the error when it is not.

    def raw_ema(x, mu, decay: Decay = 0.9): …

`Decay` is a number with a range and a meaning; any other is `Annotated[Hyper, Range("[0, 1]", "the share of …")]`.
Python numbers and concrete arrays are checked where a factory is called; of a traced value only the type is known.
"""

import difflib
import functools
import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NoReturn

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from optzoo_jax.other_names import advice, split

Array = jax.Array
Numeric = float | int | jax.Array
Schedule = Callable[[Any], Any]
Hyper = Numeric | Schedule


class Range:
    """The numbers that an argument may be.

    Args:
      rule: an interval, "[0, 1)", "(0, ∞)".
      meaning: what the argument is, for the error.
      whole: whether it is a number of steps: an integer, and no schedule.
      schedule: whether it may be a schedule.
    """

    def __init__(self, rule: str, meaning: str, *, whole: bool = False, schedule: bool = True) -> None:
        low, high = (float(end.replace("∞", "inf")) for end in rule.strip("[]()").split(","))
        self.low = low if rule.startswith("[") else math.nextafter(low, math.inf)
        self.high = high if rule.endswith("]") else math.nextafter(high, -math.inf)
        self.rule, self.meaning, self.whole = rule, meaning, whole
        numbers = "a number, an array or a schedule" if schedule else "a number or an array"
        self.kind = "a whole number" if whole else numbers
        self.schedule = schedule and not whole

    def check(self, where: str, name: str, value: Any) -> None:
        """Raises ValueError for a number outside, TypeError for what is no number."""
        if callable(value) and self.schedule:
            return
        number = _concrete(value)
        wrong = number is None and not isinstance(value, jax.core.Tracer | jax.Array | np.ndarray)
        if wrong or (self.whole and not isinstance(value, int | np.integer | jax.core.Tracer)):
            raise TypeError(f"{where}: {name}={value!r} is not {self.kind} in {self.rule}. {name} is {self.meaning}.")
        if number is not None and not self.low <= number <= self.high:
            raise ValueError(f"{where}: {name}={value} is outside {self.rule}. {name} is {self.meaning}.")


def _concrete(value: Any) -> float | None:
    """The number, where it is one and known. Sixteen bits say 1 for .999, which the caller did not."""
    if isinstance(value, int | float | np.integer | np.floating):
        return None if isinstance(value, bool) else float(value)
    if isinstance(value, jax.core.Tracer) or not isinstance(value, np.ndarray | jax.Array) or value.ndim:
        return None
    return float(value) if value.dtype.kind in "iuf" and value.dtype.itemsize >= 4 else None


_decay = Range("[0, 1)", "a decay: the share of the old average that is kept each step, 0 for none")
Decay = Annotated[Hyper, _decay]
Epsilon = Annotated[Hyper, Range("[0, ∞)", "added outside the root")]
EpsilonRoot = Annotated[Hyper, Range("[0, ∞)", "added inside the root")]
Initial = Annotated[Hyper, Range("[0, ∞)", "the value that an accumulator starts at")]
LearningRate = Annotated[Hyper, Range("[0, ∞)", "the step size; negate the loss to ascend")]
Base = Annotated[Hyper, Range("(0, ∞)", "the learning rate that a schedule is measured against")]
Decayed = Annotated[Hyper, Range("[0, ∞)", "the pull of the parameters to 0; None for no decay")]
Unit = Annotated[Hyper, Range("(0, ∞)", "the unit that a change is measured in")]
Threshold = Annotated[
    Hyper, Range("[4, ∞)", "from where on the rate is trusted; r_t is a real number only for ρ_t ≥ 4")
]
FinalRate = Annotated[Hyper, Range("[0, ∞)", "the rate that the bounds close on")]
Speed = Annotated[Hyper, Range("[0, ∞)", "the speed at which something changes over the steps")]
Damping = Annotated[Hyper, Range("[0, ∞)", "what is added to every curvature")]
Weight = Annotated[Hyper, Range("[0, ∞)", "the weight of a term")]
Power = Annotated[Hyper, Range("[0, ∞)", "an exponent")]
Factor = Annotated[Hyper, Range("(0, ∞)", "a factor")]
Axis = Annotated[int, Range("[-64, 63]", "an axis of an array", whole=True)]
Steps = Annotated[int, Range("[1, ∞)", "a number of steps", whole=True)]
Mixed = Annotated[Hyper, Range("[0, 1]", "the share of the average between fast weights and it")]
WarmUp = Annotated[int, Range("[0, ∞)", "a number of steps, 0 for none", whole=True)]
Share = Annotated[Numeric, Range("[0, 1]", "the share of the way from slow to fast weights", schedule=False)]


# What an argument may be: a number in a range, where it has one, and what else: None, or a word.
Allowed = tuple[Range | None, list[Any]]


@functools.lru_cache(1024)
def ranges_of(*factories: Any) -> dict[str, Allowed]:
    """What the arguments of functions (or the items of a TypedDict) may be, by name, where a range is declared.

    A decorator that put functions together has left it there as `allowed`.
    """
    found = {}
    for factory in factories:
        for name, hint in {} if hasattr(factory, "allowed") else _hints(factory):
            parts = _parts(hint)
            rule = next((x for x in parts if isinstance(x, Range)), None)
            others = [x for x in parts if isinstance(x, str | None)]
            if rule or any(others):
                found[name] = rule, others
        found |= getattr(factory, "allowed", {})
    return found


def _hints(factory: Any) -> Iterable[tuple[str, Any]]:
    """The annotations, those with names that only a type checker knows left out."""
    known = getattr(inspect.unwrap(factory), "__globals__", {})
    for name, hint in inspect.get_annotations(factory).items():
        alone = types.SimpleNamespace(__annotations__={name: hint})
        try:
            yield from typing.get_type_hints(alone, known, include_extras=True).items()
        except (NameError, TypeError) as error:
            if "Range" in str(hint):
                raise TypeError(
                    f"{factory.__name__}: the range of {name}, {hint}, cannot be read, since {error}: import what it "
                    "names at the top of the module."
                ) from None


def _parts(hint: Any) -> list[Any]:
    """Ranges and words in an annotation, None where it may be that, and types."""
    origin, members = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return [x for x in hint.__metadata__ if isinstance(x, Range)]
    if origin is Callable or not members:
        return [None if hint is type(None) else hint]
    return [part for member in members for part in _parts(member)]


def _as_number(allowed: Range, value: Any) -> Any:
    """An array as the number that it stands for, where a wrapper cast it to the dtype of the parameters.

    optax.inject_hyperparams makes a complex number of a hyperparameter of complex parameters, and of 0.999 in bfloat16
    it makes 1: an average that keeps all of its old value, 0/0 after bias correction. The largest number below 1 is
    what that dtype has to say.
    """
    # A program would be handed NumPy's numbers traced: no loop could have so many turns, and float32 would keep five
    # digits of 1 − 0.999.
    if isinstance(value, np.integer | np.floating):
        return int(value) if isinstance(value, np.integer) else float(value)
    if not isinstance(value, jax.Array):
        return value
    if allowed is not _decay or not jnp.issubdtype(value.dtype, jnp.inexact):
        return value.real
    return jnp.minimum(value.real, jnp.asarray(1 - jnp.finfo(value.dtype).epsneg, value.real.dtype))


def unknown(message: str, word: str, choices: list[str]) -> NoReturn:
    """Raises ValueError with the valid words and, where one is near, a suggestion."""
    near = difflib.get_close_matches(word, choices, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{message}; it is one of {', '.join(map(repr, choices))}.{hint}")


signature_of = functools.lru_cache(1024)(inspect.signature)


@functools.lru_cache(1024)
def after_the_first(f: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """What a function of a stream, or of t, takes beside it; a builtin such as jnp.zeros_like takes nothing of ours."""
    if f.__module__.partition(".")[0] in ("jax", "numpy"):
        return ()
    _, *rest = signature_of(f).parameters.values()
    return tuple(p for p in rest if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))


def asked_of(f: Callable[..., Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that a function of a stream, or of t, takes beside it, by name."""
    return {p.name: numbers[p.name] for p in after_the_first(f) if p.name in numbers}


def bind(factory: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, defaults included, checked; those with a range as the numbers they stand for."""
    where = factory.__name__
    try:
        bound = signature_of(factory).bind(*args, **kwargs)
    except TypeError as error:
        known = signature_of(factory).parameters
        words = advice(kwargs, known, getattr(factory, "instead", {}))
        if "missing" in str(error):
            words = getattr(factory, "hint", "") + words
        if "too many positional" in str(error):
            places = [p.name for p in known.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
            words = f" Without their names it takes {', '.join(places) or 'none'}.{words}"
        raise TypeError(f"{where}: {error}{'.' if words else ''}{words}") from None
    bound.apply_defaults()
    found, allowed = bound.arguments, ranges_of(factory)
    for name in [name for name in found if name in allowed]:  # in order: of two errors the first is named
        value, (rule, others) = found[name], allowed[name]
        if isinstance(value, str | None) and value in others:
            continue
        words = [x for x in others if x is not None]
        if words and (rule is None or isinstance(value, str)):
            unknown(f"{where}: {name}={value!r} is unknown", str(value), words)
        if rule is not None:
            if isinstance(value, tuple | list) and len(value) > 1:
                following = list(found)[list(found).index(name) :]
                raise TypeError(
                    f"{where}: {name}={value!r} is not {rule.kind}: give each its name, {split(following, value)}."
                )
            rule.check(where, name, value)
            found[name] = _as_number(rule, value)
    return found


P = typing.ParamSpec("P")
R = typing.TypeVar("R")


def validated(factory: Callable[P, R]) -> Callable[P, R]:
    """A function whose arguments are checked against the ranges that it declares."""

    @functools.wraps(factory)
    def build(*args: P.args, **kwargs: P.kwargs) -> R:
        return factory(**bind(factory, args, kwargs))  # pyright: ignore[reportCallIssue]

    return build
