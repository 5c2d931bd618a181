"""Who takes part: the classical methods, any other that is named, and what a name on the command line stands for."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import re
from collections.abc import Sequence
from typing import Any

import optzoo_jax
from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.training.program import MakeOptimizer
from optzoo_jax.experiments.training.schedules import Scheduled

LOOKAHEAD = "lookahead(adam)"

# Those of a race where none are named: the classical ones, each in the order of its year. Any other may be named.
FIRST_ORDER = """sgd momentum nag adagrad adadelta rmsprop adam ema_momentum nadam adamw sgdw amsgrad yogi adabound
    adamod amsbound diffgrad radam ranger adabelief adadb""".split()
_MORE = ("adabound[survey]", "amsbound[survey]", LOOKAHEAD)

# Why a method may stay behind however its rate is chosen; a table says it only of one that did.
REASONS = {
    "adabound[survey]": "its rate falls as 1/√t before training is done",
    "amsbound[survey]": "its rate falls as 1/√t before training is done",
    "newton": "its model is linear",
}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A method in a race.

    Attributes:
      name: a registered name, with a variant in brackets where it is not the default.
      learning_rate: the middle of its grid.
      make_optimizer: a learning rate or schedule → the optimizer.
      problem: the only problem that it is trained on, None where it takes any.
      most_steps: after which it has arrived, None for as many as it is given.
      second_order: whether a step takes the Hessian too, a gradient's derivative for each parameter.
      source_sha256: of the file that it is written in, None where this library is that.
    """

    name: str
    learning_rate: float
    make_optimizer: MakeOptimizer
    problem: str | None = None
    most_steps: int | None = None
    second_order: bool = False
    source_sha256: str | None = None


def default_names() -> list[str]:
    """The classical methods, and three more; first-order ones first, each in the order of its year."""
    return [*FIRST_ORDER, *_MORE, "newton"]


def select(words: Sequence[str]) -> list[Entry]:
    """The entries that are meant by names, patterns ("ada*") and variants ("radam[torch]"); where there are none,
    those of `default_names`, from which patterns choose too.

    Raises:
      ValueError: for a word that means nothing, with the nearest name.
    """
    names = [name for word in words or ["*"] for name in _matches(word)]
    return [entry(name) for name in dict.fromkeys(names)]


def entry(name: str) -> Entry:
    """The entry of one name.

    Raises:
      ValueError: for an unknown name or variant, with the nearest one.
    """
    if name == LOOKAHEAD:
        return Entry(name, _start("adam"), lambda rate: optzoo_jax.lookahead(optzoo_jax.adam(rate)))
    base, variant = _parsed(name)
    card = optzoo_jax.card(base)
    arguments: dict[str, Any] = {}
    if variant is not None:
        if not card.variants:
            raise ValueError(f"{name!r}: {base} has no variants; write {base!r}.")
        arguments["variant"] = variant
        _make(base, arguments, _start(base))  # which raises for a variant that there is not
    make = functools.partial(_make, base, arguments)
    asks = {fact for leaf in optzoo_jax.composition_of(card.example()).leaves for fact in leaf.definition.reads}
    if "hessian_diagonal" in asks:
        raise ValueError(f"{base} asks for hessian_diagonal= in each step, which no race gives, and cannot race.")
    if card.kind == "second-order optimizer":
        return Entry(name, _start(base), make, problem="logistic", most_steps=10, second_order=True)
    return Entry(name, _start(base), make)


def _matches(word: str) -> list[str]:
    names = default_names()
    if word == "lookahead":
        return [LOOKAHEAD]
    # Brackets hold a variant here; in fnmatch they would be a set of characters.
    found = fnmatch.filter(names, word.replace("[", "[[]"))
    if found or _parsed(word)[1] is not None:
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


def _make(name: str, arguments: dict[str, Any], rate: Any) -> Any:
    # AdaBound's bounds follow a schedule; they are given for its peak.
    base = {"base_learning_rate": rate.peak} if isinstance(rate, Scheduled) else {}
    return optzoo_jax.get(name, learning_rate=rate, **base, **arguments)


def _start(name: str) -> float:
    found = optzoo_jax.card(name).learning_rate
    if found is None:
        raise ValueError(f"{name} has no learning rate on its card, and cannot race.")
    return found
