"""An optimizer of the user's own on the command line: `module:factory@rate`."""

from __future__ import annotations

import math
import re

from optzoo_jax.experiments.arguments.imported import imported
from optzoo_jax.experiments.arguments.numbers import number
from optzoo_jax.experiments.methods.entries import Entry

_OPTION = "--optimizer"
_FORM = "MODULE:FACTORY@RATE, such as optax:lion@1e-4"


def user_entry(text: str) -> Entry:
    """The entry of an optimizer that is imported.

    Args:
      text: "module:factory" or "file.py:factory", and "@rate" behind it. The factory is a function from a learning
        rate, which is traced, or a schedule to an optax transformation; the rate is the one that it is raced at
        untuned, the default of its first argument where it is left out.

    Raises:
      ValueError: for what cannot be imported, takes no learning rate, or makes no transformation.
    """
    found = re.fullmatch(r"([^:@]+):([\w.]+)(?:@(.+))?", text)
    if not found:
        raise ValueError(f"{_OPTION} {text!r} is not of the form {_FORM}.")
    module, name, rate = found.groups()
    learning_rate = None if rate is None else number(rate)
    if learning_rate is not None and not 0 < learning_rate < math.inf:
        raise ValueError(f"{_OPTION} {text}: {rate!r} is outside (0, ∞); write {_FORM}.")
    factory = imported(_OPTION, module, name)
    if not callable(factory):
        kind = type(factory).__name__
        raise ValueError(f"{_OPTION}: {module}:{name} is {kind}, not a function of the learning rate.")
    try:
        return Entry.of(factory, f"{module}:{name}", learning_rate)
    except ValueError as error:
        raise ValueError(f"{_OPTION}: {error}") from error
