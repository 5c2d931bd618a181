"""An optimizer of the user's own in a race: `module:factory@rate`."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from optzoo_jax.experiments.arguments.numbers import number
from optzoo_jax.experiments.methods.entries import Entry

_FORM = "MODULE:FACTORY@RATE, such as optax:lion@1e-4"


def user_entries(texts: Sequence[str]) -> list[Entry]:
    """The entries of several optimizers that are imported, each as `user_entry` reads it.

    Raises:
      ValueError: as there, and for one that is given twice: a race knows a method by its name.
    """
    entries = [user_entry(text) for text in texts]
    for name, count in Counter(entry.name for entry in entries).items():
        if count > 1:
            raise ValueError(
                f"--optimizer: {name} is given {count} times, and a race tells methods apart by their names. Leave "
                "one, around whose rate all rates are tried, or write a function of another name around the other."
            )
    return entries


def user_entry(text: str) -> Entry:
    """The entry of an optimizer that is imported.

    Args:
      text: "module:factory" or "module:factory@rate". The factory is a function from a learning rate, which is traced,
        or a schedule to an optax transformation; the rate is the middle of its grid, and the default of the factory's
        first argument where it is left out. Modules are looked for in the current folder too.

    Raises:
      ValueError: for what cannot be imported, takes no learning rate, or makes no transformation.
    """
    found = re.fullmatch(r"([\w.]+):([\w.]+)(?:@(.+))?", text)
    if not found:
        raise ValueError(f"--optimizer {text!r} is not of the form {_FORM}.")
    module, name, rate = found.groups()
    factory = _factory(module, name)
    learning_rate = _default(text, factory) if rate is None else _number(text, rate)
    _check(f"{module}:{name}", factory)
    return Entry(f"{module}:{name}", learning_rate, factory, source_sha256=_hash(module))


def _factory(module: str, name: str) -> Callable[[Any], Any]:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # an installed command, unlike `python -m`, does not look there
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise ValueError(f"--optimizer: {module} imports {error.name}, which is not installed.") from error
        raise ValueError(
            f"--optimizer: there is no module {module!r}, neither in {os.getcwd()} nor installed."
        ) from None
    try:
        factory: Any = imported
        for part in name.split("."):
            factory = getattr(factory, part)
    except AttributeError:
        near = difflib.get_close_matches(name, vars(imported), n=1)
        hint = f" Did you mean {module}:{near[0]}?" if near else ""
        raise ValueError(f"--optimizer: the module {module} has no {name!r}.{hint}") from None
    if not callable(factory):
        raise ValueError(
            f"--optimizer: {module}:{name} is {type(factory).__name__}, not a function of the learning rate."
        )
    return factory


def _hash(module: str) -> str | None:
    file = getattr(sys.modules[module], "__file__", None)
    return None if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _default(text: str, factory: Callable[[Any], Any]) -> float:
    try:
        first = next(iter(inspect.signature(factory).parameters.values()), None)
    except ValueError:  # a builtin has no signature
        first = None
    if first is None or isinstance(first.default, bool) or not isinstance(first.default, int | float):
        raise ValueError(
            f"--optimizer {text}: {factory.__name__} has no default learning rate to put its grid around; "
            f"write one, as in {text}@1e-3."
        )
    return float(first.default)


def _number(text: str, rate: str) -> float:
    found = number(rate)
    if not 0 < found < math.inf:
        raise ValueError(f"--optimizer {text}: {rate!r} is outside (0, ∞); write {_FORM}.")
    return found


def _check(name: str, factory: Callable[[Any], Any]) -> None:
    """Makes the optimizer once from a traced rate, as the race will, before time is spent on the others."""

    def state(rate: jax.Array) -> Any:
        tx = factory(rate)
        if not (hasattr(tx, "init") and hasattr(tx, "update")):
            raise ValueError(
                f"--optimizer: {name} returned {tx!r}, not an optax.GradientTransformation, a pair (init, update)."
            )
        return tx.init({"w": jnp.zeros((2, 3), jnp.float32)})

    try:
        jax.eval_shape(state, jax.ShapeDtypeStruct((), jnp.float32))
    except jax.errors.ConcretizationTypeError as error:
        raise ValueError(
            f"--optimizer: {name} needs to know the learning rate's value, and in a race it is a traced array: "
            "use it in jax.numpy only, without float() and without if."
        ) from error
    except TypeError as error:
        raise ValueError(f"--optimizer: {name} does not take a learning rate alone: {error}.") from error
