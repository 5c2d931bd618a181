"""An optimizer of the user's own in a race: `module:factory@rate`."""

from __future__ import annotations

import difflib
import importlib
import math
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from optzoo_jax.experiments.arguments.numbers import number
from optzoo_jax.experiments.methods.entries import Entry

_OPTION = "--optimizer: "
_FORM = "MODULE:FACTORY@RATE, such as optax:lion@1e-4"


def user_entry(text: str) -> Entry:
    """The entry of an optimizer that is imported.

    Args:
      text: "module:factory" or "module:factory@rate". The factory is a function from a learning rate, which is traced,
        or a schedule to an optax transformation; the rate is the one it is raced at untuned, the default of its first
        argument where it is left out. Modules are looked for in the current folder too.

    Raises:
      ValueError: for what cannot be imported, takes no learning rate, or makes no transformation.
    """
    found = re.fullmatch(r"([\w.]+):([\w.]+)(?:@(.+))?", text)
    if not found:
        raise ValueError(f"--optimizer {text!r} is not of the form {_FORM}.")
    module, name, rate = found.groups()
    learning_rate = None if rate is None else _number(text, rate)
    try:
        return Entry.of(_factory(module, name), f"{module}:{name}", learning_rate)
    except ValueError as error:
        raise ValueError(f"{_OPTION}{str(error).removeprefix(_OPTION)}") from error


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


def _number(text: str, rate: str) -> float:
    found = number(rate)
    if not 0 < found < math.inf:
        raise ValueError(f"--optimizer {text}: {rate!r} is outside (0, ∞); write {_FORM}.")
    return found
