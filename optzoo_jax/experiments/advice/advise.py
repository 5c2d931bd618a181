"""Advice: of the methods that lead on the problems of a task, what is to be expected after the user's own trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from optzoo_jax.experiments.advice.tasks import PROBLEMS, TASKS
from optzoo_jax.experiments.arguments.names import known


class Range(NamedTuple):
    """From the lower to the upper quartile."""

    low: float
    high: float


class Suggestion(NamedTuple):
    """A method for a task.

    Attributes:
      method: its name.
      call: the one that was chosen where the rate is the middle one.
      own: the card's own call, with the paper's rate.
      score: expected after the user's trials, a weighted mean over the task's problems.
      seconds: of a step divided by adamw's, None where there was no clock.
      bytes: of state a parameter.
      rates: a range to search, of the best rates on all problems of the race.
      over_card: the same divided by the card's rate.
      searched: of how many problems that range is.
    """

    method: str
    call: str
    own: str
    score: float
    seconds: float | None
    bytes: float | None
    rates: Range
    over_card: Range | None
    searched: int


class Advice(NamedTuple):
    """What is known for a task.

    Attributes:
      task: one of `TASKS`.
      trials: the user's; 0 is the card's own call, without any.
      trained: the trials that groups and scores are of: the race has no others.
      problems: that stand for the task in the race, with their number of parameters; empty where none does.
      led: on which of them the suggestions lead, or are not told from what leads.
      suggestions: the methods that lead on the most of the problems' weight, first by score to the second digit, then
        by seconds, then by bytes.
      adamw: its expected score, None where it is not ranked.
      schedule: under which all was measured.
    """

    task: str
    trials: int
    trained: int
    problems: dict[str, int]
    led: list[str]
    suggestions: list[Suggestion]
    adamw: float | None
    schedule: str


def advise(measured: Mapping[str, Any], task: str, trials: int = 4) -> Advice:
    """The methods that lead on a task's problems, the most promising first.

    Args:
      measured: what `measured.measured` makes of a race.
      task: one of `TASKS`.
      trials: how many learning rates the user can try; 0 for none, which is the card's own.

    Raises:
      ValueError: for an unknown task, with the nearest name, and for less than 0 trials.
    """
    known("advise: no task is called", task, TASKS)
    if trials < 0:
        raise ValueError(f"trials={trials} is less than 0; 0 trials are the card's own call.")
    weights = {name: w for name, w in PROBLEMS.get(task, {}).items() if name in measured["problems"]}
    problems = {name: measured["problems"][name] for name in weights}
    tried = sorted({int(k) for problem in problems.values() for k in problem["leaders"]})
    trained = max((k for k in tried if k <= trials and (k or not trials)), default=0)
    led: dict[str, list[str]] = {}
    for name, problem in problems.items():
        for method in problem["leaders"].get(str(trained), []):
            led.setdefault(method, []).append(name)
    most = max((sum(weights[name] for name in names) for names in led.values()), default=0)
    leading = [method for method, names in led.items() if sum(weights[name] for name in names) == most]
    suggestions = [_suggestion(measured, weights, method, trained) for method in leading]
    return Advice(
        task,
        trials,
        trained,
        {name: problem["parameters"] for name, problem in problems.items()},
        sorted({name for method in leading for name in led[method]}, key=list(problems).index),
        sorted(suggestions, key=_place),
        _score(problems, weights, "adamw", trained),
        " or ".join(measured["race"]["schedules"]),
    )


def _suggestion(measured: Mapping[str, Any], weights: Mapping[str, int], method: str, trained: int) -> Suggestion:
    everywhere = list(_cells(measured["problems"], method))
    cells = list(_cells({name: measured["problems"][name] for name in weights}, method))
    middle = sorted(cells, key=lambda cell: cell["rate"])[(len(cells) - 1) // 2]
    ratios = [cell["over_card"] for cell in everywhere if cell["over_card"] is not None]
    score = _score({name: measured["problems"][name] for name in weights}, weights, method, trained)
    assert score is not None, f"{method} leads and is not ranked"
    return Suggestion(
        method,
        middle["call"],
        middle["untuned_call"],
        score,
        _median(cell["seconds"] for cell in cells),
        _median(cell["bytes"] for cell in cells),
        _quartiles([cell["rate"] for cell in everywhere]),
        _quartiles(ratios) if ratios else None,
        len(everywhere),
    )


def _place(one: Suggestion) -> tuple[float, float, float, str]:
    """Scores that are alike in the second digit are not told apart, so that seconds and bytes have a say."""
    unknown = float("inf")
    seconds, size = (unknown if x is None else x for x in (one.seconds, one.bytes))
    return -round(one.score, 2), seconds, size, one.method


def _score(problems: Mapping[str, Any], weights: Mapping[str, int], method: str, trained: int) -> float | None:
    """Weighted mean over the problems on which the method is ranked."""
    known = {
        name: cell["after"][str(trained)] if trained else cell["untuned"]
        for name, problem in problems.items()
        if (cell := problem["methods"].get(method))
    }
    known = {name: score for name, score in known.items() if score is not None}
    return float(np.average([*known.values()], weights=[weights[name] for name in known])) if known else None


def _cells(problems: Mapping[str, Any], method: str) -> Iterable[Mapping[str, Any]]:
    return (problem["methods"][method] for problem in problems.values() if method in problem["methods"])


def _median(values: Iterable[float | None]) -> float | None:
    some = [x for x in values if x is not None]
    return float(np.median(some)) if some else None


def _quartiles(values: list[float]) -> Range:
    low, high = 10 ** np.quantile(np.log10(values), [0.25, 0.75])
    return Range(float(low), float(high))
