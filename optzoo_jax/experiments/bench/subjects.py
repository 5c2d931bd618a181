"""Which optimizers are measured, and what each is measured beside."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import optax

import optzoo_jax
from optzoo_jax.experiments.bench.twins import twin
from optzoo_jax.experiments.methods.entries import LOOKAHEAD, entry, select


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
    return [_pair(e.name) for e in select(words) if not e.second_order and (words or "[" not in e.name)]


def _pair(name: str) -> Pair:
    e = entry(name)
    rate: Any = e.learning_rate  # a Python number, as in a user's program
    ours = Subject(lambda: e.untuned(rate))
    if name == LOOKAHEAD:
        theirs = functools.partial(optax.lookahead, sync_period=5, slow_step_size=0.5)
        return Pair(name, ours, Subject(lambda: theirs(optax.adam(rate)), optax.LookaheadParams.init_synced))
    # Beside a method of the same name and another formula nothing is timed.
    make = twin(name) if "[" not in name and "optax" in optzoo_jax.card(name).calls else None
    return Pair(name, ours, make and Subject(lambda: make(rate)))
