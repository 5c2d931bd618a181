"""What a race has found, in the lines of a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from optzoo_jax.experiments.evidence.findings import Findings, findings
from optzoo_jax.experiments.race.record import Race
from optzoo_jax.experiments.report.answers import ahead, answers, call, rates, second_run
from optzoo_jax.experiments.report.words import count, minutes, number

LINES, WIDTH = 24, 100


def text(race: Race, again: Race | None = None) -> str:
    """At most `LINES` lines, whose last are the answer: who is good enough, what to type, and where to search.

    Args:
      race: what was raced.
      again: a second study of the same.
    """
    found = findings(race)
    facts = found.facts
    head = (
        f"{count(len(found.methods), 'method')} on {count(len(found.problems), 'problem')}, "
        f"{facts['budget']['trials']} trials each, in {minutes(facts['seconds'])}. "
        "Inside a group nobody is before another."
    )
    good, _, leave, tries, cost = answers(found)
    below = ["", *_filled(leave.headline), *_filled(tries.headline), *_filled(cost.headline)]
    below += [*_filled(second_run(race, again)), "", *_filled(good.headline), *_answer(found)]
    table = _groups(found)
    room = LINES - 1 - len(below)
    if len(table) > room:
        table = [*table[: room - 1], f"and {count(len(table) - room + 1, 'more problem')}"]
    return "\n".join([head, *table, *below])


def _answer(found: Findings) -> list[str]:
    leading = ahead(found)
    if not leading:
        return []
    low, high = rates(found, leading[0])
    return [f"Type {call(found, leading[0])}", f"and search its rate from {number(low, 2)} to {number(high, 2)}."]


def _groups(found: Findings) -> list[str]:
    wide = max((len(name) for name in found.problems), default=0)
    rows = [f"{'problem':{wide}}  adamw  group A"]
    for name, problem in found.problems.items():
        baseline = problem.methods.get("adamw")
        place = (baseline.group or "out") if baseline else "–"
        leading = problem.groups[0] if problem.groups else []
        rows.append(f"{name:{wide}}  {place:5}  {_fitted(leading, WIDTH - wide - 9)}")
    return rows


def _fitted(names: Sequence[str], width: int) -> str:
    """As many names as there is room for, and how many more."""
    for shown in range(len(names), 0, -1):
        rest = len(names) - shown
        line = ", ".join(names[:shown]) + (f" and {rest} more" if rest else "")
        if len(line) <= width:
            return line
    return count(len(names), "method")


def _filled(sentence: str) -> list[str]:
    return textwrap.wrap(sentence.replace("`", ""), WIDTH, break_on_hyphens=False)
