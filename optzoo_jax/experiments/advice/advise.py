"""Advice: the reasons that apply are votes, and the methods with the most are named."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import optzoo_jax
from optzoo_jax.experiments.advice.reasons import ARGUMENTS, CONDITIONS, REASONS, TASKS, Reason
from optzoo_jax.experiments.arguments.names import known

_MOST = 3
_ENOUGH = 3
_WIDE = 4  # bytes of state a parameter, above which memory is short
_INCOMPRESSIBLE = ("lookahead",)  # its slow weights are parameters, of which 8 bits are too few


class Suggestion(NamedTuple):
    """`call`: what to write. `reasons`: all that speak for it, the weightiest first."""

    method: str
    call: str
    reasons: tuple[Reason, ...]


def advise(task: str, conditions: Collection[str] = ()) -> list[Suggestion]:
    """The two or three methods that most speaks for, the first most.

    Args:
      task: one of `TASKS`.
      conditions: of `CONDITIONS`.

    Raises:
      ValueError: for an unknown task or condition, with the nearest name.
    """
    known("advise: no task is called", task, TASKS)
    for condition in conditions:
        known("advise: no condition is called", condition, CONDITIONS)
    short = "memory-limited" in conditions
    reasons = [
        reason
        for reason in REASONS
        if reason.when in (task, *conditions) and not (short and reason.method in _INCOMPRESSIBLE)
    ]
    votes: dict[str, int] = {}
    for reason in reasons:
        votes[reason.method] = votes.get(reason.method, 0) + reason.weight
    # What suits a condition need not suit the task: it takes some weight to come in from there.
    own = {reason.method for reason in reasons if reason.when == task}
    enough = [method for method in votes if method in own or votes[method] >= _ENOUGH]
    # Sorting is stable: among equals the task's own methods, which stand first, win.
    best = sorted(enough, key=lambda method: -votes[method])[:_MOST]
    return [
        Suggestion(
            method,
            call(task, method, compressed=short),
            tuple(sorted((r for r in reasons if r.method == method), key=lambda r: -r.weight)),
        )
        for method in best
    ]


def call(task: str, method: str, compressed: bool = False) -> str:
    """The Python expression of an optimizer with the learning rate to start from.

    Args:
      task: one of `TASKS`, or "" for none.
      method: a registered name.
      compressed: whether more than 4 bytes of state a parameter are too many; then it is kept in 8 bits.
    """
    name = "adamw" if method == "lookahead" else method
    card = optzoo_jax.card(name)
    arguments = {"learning_rate": card.learning_rate} | ARGUMENTS.get((task, name), {})
    rate = arguments.pop("learning_rate")
    inner = f"optzoo_jax.{name}({', '.join([f'{rate:g}', *(f'{k}={v:g}' for k, v in arguments.items())])})"
    if method == "lookahead":
        inner = f"optzoo_jax.lookahead({inner})"
    wide = optzoo_jax.card(method).bytes_per_parameter > _WIDE
    return f"optzoo_jax.compress_state({inner})" if compressed and wide else inner
