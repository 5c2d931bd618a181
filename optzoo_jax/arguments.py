"""What an argument may be, decided by its name, and the error when it is not.

A decay is called `b1`, `b2`, `rho` … wherever it appears, so its range is said here once and checked where a
factory is called. Arrays and traced values are not checked: their value is not known when the factory runs.
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np

_MAY_BE_SCHEDULES = ("learning_rate", "weight_decay")
_DECAYS = ("b1", "b2", "b3", "decay", "rho", "momentum")
_DECAY = "a decay: the share of the old average that is kept each step, 0 for none"
_NON_NEGATIVE = (0.0, math.inf, "[0, ∞)")

# name → lowest, highest, the rule as printed, what the argument is
RANGES: dict[str, tuple[float, float, str, str]] = {
    **{name: (0.0, math.nextafter(1.0, 0.0), "[0, 1)", _DECAY) for name in _DECAYS},
    "eps": (*_NON_NEGATIVE, "added outside the root"),
    "eps_root": (*_NON_NEGATIVE, "added inside the root"),
    "learning_rate": (*_NON_NEGATIVE, "the step size; negate the loss to ascend"),
    "base_learning_rate": (
        math.nextafter(0.0, 1.0),
        math.inf,
        "(0, ∞)",
        "the learning rate that a schedule is measured against",
    ),
    "weight_decay": (*_NON_NEGATIVE, "the pull of the parameters to 0; None for no decay"),
    "initial": (*_NON_NEGATIVE, "the value that an accumulator starts at"),
    "initial_accumulator_value": (*_NON_NEGATIVE, "the value that an accumulator starts at"),
    "final_learning_rate": (*_NON_NEGATIVE, "the rate that the bounds close on"),
    "gamma": (*_NON_NEGATIVE, "the speed of a decay over time"),
    "eta": (*_NON_NEGATIVE, "the variance of the first step's noise"),
    "lam": (*_NON_NEGATIVE, "the weight of the speed-up"),
    "momentum_decay": (*_NON_NEGATIVE, "the speed at which the momentum schedule rises"),
    "damping": (*_NON_NEGATIVE, "what is added to every curvature"),
    "min_delta": (*_NON_NEGATIVE, "the least improvement that counts"),
    "scale": (math.nextafter(0.0, 1.0), math.inf, "(0, ∞)", "the unit that a change is measured in"),
    "threshold": (4.0, math.inf, "[4, ∞)", "r_t is a real number only for ρ_t ≥ 4"),
    "slow_step_size": (0.0, 1.0, "[0, 1]", "the share of the way from slow to fast weights"),
    "sync_period": (1.0, math.inf, "[1, ∞)", "the number of fast steps between two syncs"),
    "patience": (1.0, math.inf, "[1, ∞)", "the number of checks in a row without improvement"),
}


def check_ranges(where: str, arguments: Mapping[str, Any]) -> None:
    """Raises ValueError for the first Python number outside the range of its name, TypeError for a schedule."""
    for name, value in arguments.items():
        if name in RANGES and callable(value) and name not in _MAY_BE_SCHEDULES:
            raise TypeError(
                f"{where}: {name} is a schedule ({value!r}), and must be a number: only the learning rate and the "
                "weight decay follow a schedule by themselves; others do by "
                f"optax.inject_hyperparams({where})({name}=…)."
            )
        if name not in RANGES or isinstance(value, bool) or not isinstance(value, int | float | np.generic):
            continue
        low, high, rule, meaning = RANGES[name]
        if not low <= float(value) <= high:
            raise ValueError(f"{where}: {name}={value} is outside {rule}. {name} is {meaning}.")


def check_choice(where: str, name: str, value: object, choices: Iterable[str]) -> None:
    """Raises ValueError, with the nearest valid word, where `value` is none of `choices`."""
    choices = list(choices)
    if value not in choices:
        unknown(f"{where}: {name}={value!r} is unknown", str(value), choices)


def unknown(message: str, word: str, choices: list[str]) -> NoReturn:
    """Raises ValueError with the valid words and, where one is near, a suggestion."""
    near = difflib.get_close_matches(word, choices, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{message}; it is one of {', '.join(map(repr, choices))}.{hint}")


def bind(factory: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, defaults included, checked against the ranges of their names."""
    try:
        bound = inspect.signature(factory).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{factory.__name__}: {error}") from None
    bound.apply_defaults()
    arguments = dict(bound.arguments)
    check_ranges(factory.__name__, arguments)
    return {name: _as_number(name, value) if name in RANGES else value for name, value in arguments.items()}


def _as_number(name: str, value: Any) -> Any:
    """An array as the number that it stands for, where a wrapper cast it to the dtype of the parameters.

    optax.inject_hyperparams makes a complex number of a hyperparameter of complex parameters, and of 0.999 in bfloat16
    it makes 1: an average that keeps all of its old value, 0/0 after bias correction. The largest number below 1 is
    what that dtype has to say.
    """
    if not isinstance(value, jax.Array):
        return value
    if name not in _DECAYS or not jnp.issubdtype(value.dtype, jnp.inexact):
        return value.real
    return jnp.minimum(value.real, jnp.asarray(1 - jnp.finfo(value.dtype).epsneg, value.real.dtype))
