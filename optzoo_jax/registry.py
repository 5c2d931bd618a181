"""Finds the cards: list_optimizers("ada*"), card("radam"), get("radam", like="torch", learning_rate=1e-3)."""

import fnmatch
import importlib
import pkgutil
from typing import Any

from optzoo_jax import optimizers, pieces, stopping, wrappers  # noqa: F401  (importing stopping fills in its card)
from optzoo_jax.arguments import unknown
from optzoo_jax.card import CARDS, Card
from optzoo_jax.wrappers.split_complex import split_complex

for _package in (optimizers, pieces, wrappers):
    for _module in pkgutil.iter_modules(_package.__path__):
        importlib.import_module(f"{_package.__name__}.{_module.name}")


def list_optimizers(pattern: str = "*", *, kind: str = "*") -> list[str]:
    """The names that match, in the order of their year.

    Args:
      pattern: with `*` and `?`, such as "ada*".
      kind: "optimizer", "second-order optimizer", "matrix optimizer", "wrapper", "gradient noise" or "stopping rule",
        patterns too; "*optimizer" for all that train a model by themselves.
    """
    cards = sorted(CARDS.values(), key=lambda c: (c.year, c.name))
    return [c.name for c in cards if fnmatch.fnmatchcase(c.name, pattern) and fnmatch.fnmatchcase(c.kind, kind)]


def card(name: str) -> Card:
    """The card of a method.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    if name not in CARDS:
        unknown(f"there is no optimizer {name!r}", name, list_optimizers())
    return CARDS[name]


def get(name: str, *, like: str | None = None, **arguments: Any) -> Any:
    """Builds a method by name; with `like`, the call that gives another implementation's numbers.

    Args:
      name: the name of a method.
      like: "torch", "optax", "authors" or "survey", where the card has it. Torch's optimizers train complex parameters
        as pairs of real ones, and so does what "torch" gives.
      **arguments: the factory's; they take precedence over those of `like`.

    Raises:
      ValueError: for an unknown name or an unknown `like`, with the nearest one.
    """
    found = card(name)
    if like is not None and like not in found.calls:
        unknown(f"{name} has no call like {like!r}", like, list(found.calls))
    tx = found.factory(**{**(found.calls[like] if like else {}), **arguments})
    return split_complex(tx) if like == "torch" else tx
