"""A race's answer to "which one?", in a sentence; from `in_short`'s few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optzoo_jax.experiments.race.statistics import level
from optzoo_jax.experiments.report.text import count

_SHOWN = 5


def answer(short: dict[str, Any]) -> str:
    """The methods that are level with the best on the most problems, those with the best places first.

    Level is a median test score as good as the worse quartile of the best method's runs: the race does not tell the two
    apart.

    Args:
      short: a race's document, in short.
    """
    problems = [[r for r in short["methods"] if r["problem"] == name] for name in short["problems"]]
    standings = [_standing(raced) for raced in problems if raced]
    often = {r["name"]: sum(r["name"] in names for names in standings) for r in short["methods"]}
    most = max(often.values(), default=0)
    if most == 0:
        return "Which one? None: no run of any method ended in a finite number."
    named = sorted((name for name in often if often[name] == most), key=lambda name: _places(name, standings))
    where = count(len(standings), "problem") if most == len(standings) else f"{most} of {len(standings)} problems"
    return (
        f"Which one? {_listed(named)}: on {where} the median test score is within the middle half of the best method's "
        "runs, so that the race does not tell them apart."
    )


def _standing(raced: Sequence[dict[str, Any]]) -> list[str]:
    """The names of those that are level with the best on a problem, the best first."""
    score = raced[0]["score"]
    arrived = [r for r in raced if r["train_loss"] is not None]  # a run that diverged has an accuracy too, 0
    as_good = level([r["test"] for r in arrived], score)
    found = [r for r in arrived if as_good(r["test"]["median"])]
    return [r["name"] for r in sorted(found, key=lambda r: r["test"]["median"], reverse=score == "accuracy")]


def _places(name: str, standings: Sequence[Sequence[str]]) -> int:
    return sum(names.index(name) for names in standings if name in names)


def _listed(names: Sequence[str]) -> str:
    """a, b and c; of many the first, and how many more."""
    if len(names) > _SHOWN:
        return f"{', '.join(names[:_SHOWN])} and {count(len(names) - _SHOWN, 'other')}"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
