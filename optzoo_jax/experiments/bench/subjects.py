"""Which optimizers are measured, and what each is measured beside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import optax

import optzoo_jax
from optzoo_jax.experiments.methods.entries import LOOKAHEAD, entry, select

# optax's names for what it has under another one.
_TWINS: dict[str, Callable[[Any], Any]] = {
    "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
    "nag": lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
    LOOKAHEAD: lambda rate: optax.lookahead(optax.adam(rate), sync_period=5, slow_step_size=0.5),
}


@dataclasses.dataclass(frozen=True)
class Subject:
    """An optimizer to be measured.

    Attributes:
      make: () → the optimizer, anew.
      start: the parameters → what the optimizer trains; optax's lookahead has two sets of them.
    """

    make: Callable[[], Any]
    start: Callable[[Any], Any] = lambda params: params


@dataclasses.dataclass(frozen=True)
class Pair:
    """A method of ours, and optax's where it has it."""

    name: str
    ours: Subject
    twin: Subject | None

    @property
    def sides(self) -> dict[str, Subject]:
        """Those that are measured in turn."""
        return {"ours": self.ours} if self.twin is None else {"ours": self.ours, "optax": self.twin}


def pairs(words: Sequence[str] = ()) -> list[Pair]:
    """The first-order methods that are meant by names and patterns; all, where there are none.

    Raises:
      ValueError: for a word that means nothing, with the nearest name.
    """
    return [_pair(e.name) for e in select(words) if e.problem is None and (words or "[" not in e.name)]


def _pair(name: str) -> Pair:
    e = entry(name)
    rate: Any = e.learning_rate  # a Python number, as in a user's program
    ours = Subject(lambda: e.make_optimizer(rate))
    if name in _TWINS:
        start = optax.LookaheadParams.init_synced if name == LOOKAHEAD else Subject.start
        return Pair(name, ours, Subject(lambda: _TWINS[name](rate), start))
    has_twin = "[" not in name and "optax" in optzoo_jax.card(name).calls
    return Pair(name, ours, Subject(lambda: getattr(optax, name)(rate)) if has_twin else None)
