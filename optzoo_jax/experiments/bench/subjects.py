"""Which optimizers are measured, what each is measured beside, and on which parameters."""

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
    """A method of ours, and optax's where it has it.

    Attributes:
      name: as on the command line.
      ours, twin: the two.
      method: that other libraries have, which is what is inside a wrapper.
    """

    name: str
    ours: Subject
    twin: Subject | None
    method: str

    @property
    def sides(self) -> dict[str, Subject]:
        """Those that are measured in turn."""
        return {"ours": self.ours} if self.twin is None else {"ours": self.ours, "optax": self.twin}


# Around Adam, and measured beside Adam alone.
WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "pack(adam)": optzoo_jax.pack,
    "compress_state(adam, int8)": lambda tx: optzoo_jax.compress_state(tx, "int8"),
    "compress_state(adam, bfloat16)": lambda tx: optzoo_jax.compress_state(tx, "bfloat16"),
}
_ELEMENTWISE = ("lion", "adan", "adopt", "schedule_free_adamw", *(name for name in WRAPPERS if "compress" in name))
# Beside the classical methods, which `many` is not for: compiling for a thousand arrays takes half a minute. What looks
# at whole arrays says nothing on one vector.
_BY_DEFAULT = {
    "array": _ELEMENTWISE,
    "gpt2": (*_ELEMENTWISE, "pack(adam)", "lamb", "adafactor", "muon"),
    "many": ("sgd", "adam", "pack(adam)"),
}


def plan(words: Sequence[str], trees: Sequence[str]) -> list[tuple[Pair, str]]:
    """The methods that are meant by names and patterns, each on every tree; where there are none, what tells most.

    Raises:
      ValueError: for a word that means nothing, with the nearest name.
    """

    def on(tree: str) -> list[Pair]:
        return pairs(words) if words else [*(pairs() if tree != "many" else []), *pairs(_BY_DEFAULT[tree])]

    return [(pair, tree) for tree in trees for pair in on(tree)]


def pairs(words: Sequence[str] = ()) -> list[Pair]:
    """The methods that are meant by names and patterns; where there are none, the classical first-order ones.

    Raises:
      ValueError: for a word that means nothing, with the nearest name.
    """
    if not words:
        return [_pair(e.name) for e in select([]) if not e.second_order and "[" not in e.name]
    names = [name for word in words for name in ([word] if word in WRAPPERS else [e.name for e in select([word])])]
    return [_pair(name) for name in dict.fromkeys(names)]


def _pair(name: str) -> Pair:
    method = "adam" if name in WRAPPERS else name
    e, wrap = entry(method), WRAPPERS.get(name, lambda tx: tx)
    rate: Any = e.learning_rate  # a Python number, as in a user's program
    ours = Subject(lambda: wrap(e.untuned(rate)))
    if name == LOOKAHEAD:
        theirs = functools.partial(optax.lookahead, sync_period=5, slow_step_size=0.5)
        return Pair(name, ours, Subject(lambda: theirs(optax.adam(rate)), optax.LookaheadParams.init_synced), method)
    make = None if "[" in name else twin(method)
    return Pair(name, ours, make and Subject(lambda: make(rate)), method)
