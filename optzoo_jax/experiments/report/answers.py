"""The five questions that a reader brings, answered from what a race has found: sentences and small tables."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from optzoo_jax.experiments.evidence.bootstrap import Estimate
from optzoo_jax.experiments.evidence.compare import compare
from optzoo_jax.experiments.evidence.findings import BASELINE, Findings, OfMethod, OfProblem
from optzoo_jax.experiments.protocol.record import Race
from optzoo_jax.experiments.report.tables import decades
from optzoo_jax.experiments.report.words import NONE, count, fixed, listed, number, share, span

_ROWS = 5  # of the tables about methods


class Answer(NamedTuple):
    """What stands between two ` is code.

    Attributes:
      question: as a reader would ask.
      headline: the answer in a sentence or two.
      columns, rows: the numbers behind it.
      note: how they are to be read.
    """

    question: str
    headline: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str


def answers(found: Findings) -> list[Answer]:
    """All five, in their order."""
    return [_good_enough(found), _call(found), _leave(found), _tries(found), _cost(found)]


def ahead(found: Findings) -> list[str]:
    """Every method that is in a group A: those that are in the most first, then by score, seconds and bytes.

    Somebody must be named first. Scores that are alike in the second digit are not told apart, so costs have a say.
    """

    def place(name: str) -> tuple[float, ...]:
        cells = list(_ranked(found, name))
        score = round(float(np.mean([cell.score.mean for cell in cells if cell.score])), 2)
        costs = ([cell.seconds and cell.seconds.mean for cell in cells], [cell.bytes for cell in cells])
        return (-found.methods[name].leads, -score, *map(_median, costs))

    return sorted((name for name in sorted(found.methods) if found.methods[name].leads), key=place)


def rates(found: Findings, name: str) -> tuple[float, float]:
    """A range to search: the quartiles of a method's best rate over the problems, each a rate that was best somewhere.

    Where they are one rate, half a decade on each side of it, as wide as the race itself searched.
    """
    best = [cell.rate for cell in _ranked(found, name)]
    low, high = np.quantile(best, 0.25, method="lower"), np.quantile(best, 0.75, method="higher")
    around = 10**0.5 if low == high else 1.0
    return float(low / around), float(high * around)


def call(found: Findings, name: str) -> str:
    """A method's chosen call on the problem where its rate is the middle one."""
    cells = sorted(_ranked(found, name), key=lambda cell: cell.rate)
    return cells[(len(cells) - 1) // 2].call


def _good_enough(found: Findings) -> Answer:
    leading, headline = _most(found), "No method was ranked."
    if leading:
        headline = f"In group A on {_of(found.methods[leading[0]].leads, len(found.problems))}: {listed(leading)}."
    if BASELINE in found.methods:
        groups = [p.methods[BASELINE].group for p in found.problems.values() if BASELINE in p.methods]
        headline += f" AdamW is in group A on {_of(groups.count('A'), len(groups))}."
    rows = [
        (name, listed(problem.groups[0] if problem.groups else [], 4), _group(problem, BASELINE))
        for name, problem in found.problems.items()
    ]
    return Answer(
        "Which methods are good enough?",
        headline,
        ("problem", "group A", "adamw"),
        rows,
        "Group A holds every method that is not told from the leader; inside a group nobody is before another.",
    )


def _call(found: Findings) -> Answer:
    leading = ahead(found)
    if not leading:
        return Answer("What do I type?", "Nothing: no method was ranked.", (), [], "")
    name = leading[0]
    low, high = rates(found, name)
    schedules = " or ".join(dict.fromkeys(cell.schedule for cell in _ranked(found, name)))
    ratios = [x for method in found.methods for cell in _ranked(found, method) if (x := cell.over_card)]
    rows = [
        (title, f"`{cell.call}`", number(cell.over_card, 2), decades(cell))
        for title, problem in found.problems.items()
        if (cell := problem.methods.get(name)) and cell.group
    ]
    return Answer(
        "What do I type?",
        f"`{call(found, name)}`, and search rates from {number(low, 2)} to {number(high, 2)} with the schedule "
        f"{schedules}.",
        ("problem", "chosen call", "× default rate", "decades"),
        rows,
        "Decades: of the rate, in which the score stays above .95. Over all methods and problems the best rate is in "
        f"the median {number(float(np.median(ratios)), 2) if ratios else NONE} × the default. In group A as often: "
        f"{listed(sorted(set(leading[1:]) & set(_most(found))), 4)}.",
    )


def _leave(found: Findings) -> Answer:
    names = [name for name in found.methods if name != BASELINE]
    verdicts = {name: [cell.verdict for cell in _ranked(found, name) if cell.minus_adamw] for name in names}
    judged = [name for name in names if verdicts[name]]
    question = "Is it worth leaving AdamW?"
    if not judged:
        return Answer(question, "Nothing was compared with AdamW in this race.", (), [], "")

    def mostly(verdict: str) -> list[str]:
        return sorted(name for name in judged if 2 * verdicts[name].count(verdict) > len(verdicts[name]))

    better, same, worse = map(mostly, ("better", "no difference seen", "worse"))
    mixed = len(judged) - len(better) - len(same) - len(worse)
    shown = [name for name in ahead(found) if name in judged][:_ROWS]
    rows = [
        (
            name,
            " · ".join(str(verdicts[name].count(x)) for x in ("better", "worse")) + f" of {len(verdicts[name])}",
            share(found.methods[name].better),
            _ratios(cell.early for cell in _ranked(found, name)),
            _ratios(cell.seconds for cell in _ranked(found, name)),
        )
        for name in sorted(shown)
    ]
    return Answer(
        question,
        f"Better in score on most problems: {listed(better, 4)}. No difference seen on most: {len(same)} of "
        f"{len(judged)} methods; worse on most: {len(worse)}{f'; mixed: {mixed}' if mixed else ''}.",
        ("method", "better · worse on", "P(better)", "steps × adamw", "seconds × adamw"),
        rows,
        "Verdicts by 95 % intervals of the paired difference in score, a problem each. Steps: to nine tenths of the "
        "better baseline's way. Ratios: the median over problems, the lowest and the highest end of their intervals; "
        "0 and ∞ where only one of the two arrives.",
    )


def _tries(found: Findings) -> Answer:
    n, rows = len(found.problems), []
    for k in (0, 1, 4, 16):
        leads = [name for problem in found.problems.values() for name in problem.leaders.get(k, [])]
        if leads:
            most = max(map(leads.count, leads))
            names = sorted({name for name in leads if leads.count(name) == most})
            scores = (_after(found, names, k), _after(found, [BASELINE], k))
            rows.append((str(k or "none"), listed(names, 3), f"{most}/{n}", *scores))
    words = {"none": "At the default call", "1": "With 1 try"}
    shown = [*rows[:2], *rows[2:][-1:]]  # the tries between are in the table
    said = [f"{words.get(k, f'With {k}')}: {names}." for k, names, *_ in shown]
    return Answer(
        "What if I have 1, 4 or 16 tries?",
        " ".join(said) or "No method was ranked.",
        ("tries", "lead, or tied with the leader", "on", "score", "adamw's"),
        rows,
        "Expected score of the best of so many trials by validation loss, in the box of rates that a bracket found: "
        "0 is the best constant guess, 1 the baselines' best; their mean over all problems. None: the default call.",
    )


def _cost(found: Findings) -> Answer:
    shown = sorted({*ahead(found)[:_ROWS], *({BASELINE} & set(found.methods))})
    rows = [
        (
            name,
            span([cell.seconds.mean for cell in _ranked(found, name) if cell.seconds]),
            span([cell.bytes for cell in _ranked(found, name) if cell.bytes is not None]),
            share(float(np.mean([cell.diverged for cell in _ranked(found, name)]))),
        )
        for name in shown
        if found.methods[name].problems
    ]
    cells = [cell for name in ahead(found) for cell in _ranked(found, name) if cell.group == "A"]
    seconds = [cell.seconds.mean for cell in cells if cell.seconds]
    time = f"take {span(seconds)} × adamw's seconds a step and " if seconds else ""
    models = [problem.facts for problem in found.problems.values()]
    thrown = sorted({problem.clock for problem in found.problems.values() if problem.clock})
    clock = " ".join(thrown) or "Seconds: of a step, all methods in turns in one process."
    return Answer(
        "What does it cost, and what may I not conclude?",
        f"Methods of group A {time}keep {span([cell.bytes for cell in cells if cell.bytes is not None])} bytes a "
        f"parameter. The models have {_range(x['parameters'] for x in models)} parameters and train for "
        f"{_range(x['steps'] for x in models)} steps: nothing here says who leads at scale.",
        ("method", "seconds × adamw", "bytes", "diverged"),
        rows,
        f"{clock} Diverged: share of the trials.",
    )


def _most(found: Findings) -> list[str]:
    """Those that are in the most groups A, in alphabetical order."""
    most = max((across.leads for across in found.methods.values()), default=0)
    return sorted(name for name, across in found.methods.items() if across.leads == most > 0)


def _ranked(found: Findings, name: str) -> Iterable[OfMethod]:
    cells = (problem.methods.get(name) for problem in found.problems.values())
    return (cell for cell in cells if cell is not None and cell.group)


def _median(values: Iterable[float | None]) -> float:
    some = [x for x in values if x is not None]
    return float(np.median(some)) if some else math.inf


def _group(problem: OfProblem, name: str) -> str:
    cell = problem.methods.get(name)
    return "not in it" if cell is None else cell.group or "left out"


def _of(k: int, n: int) -> str:
    return f"{k} of {count(n, 'problem')}"


def _range(numbers: Iterable[int]) -> str:
    known = sorted(set(numbers))
    return f"{known[0]:,}" if len(known) == 1 else f"{known[0]:,} to {known[-1]:,}"


def _ratios(estimates: Iterable[Estimate | None]) -> str:
    known = [x for x in estimates if x is not None]
    if not known:
        return NONE
    middle = float(np.median([x.mean for x in known]))
    return f"{fixed(middle)} ({fixed(min(x.low for x in known), 1)}–{fixed(max(x.high for x in known), 1)})"


def _after(found: Findings, names: list[str], k: int) -> str:
    cells = [cell for name in names for cell in _ranked(found, name)]
    known = [cell.after.get(k) if k else cell.untuned and cell.untuned.mean for cell in cells]
    values = [x for x in known if x is not None]
    return fixed(float(np.mean(values)) if values else None)


def second_run(race: Race, again: Race | None) -> str:
    """What a second study changed, in a sentence."""
    if again is None:
        return "Not repeated: what a second study of the same would change is not known."
    try:
        return str(compare(race, again))
    except ValueError as error:  # such as too few methods that are ranked in both
        return f"The studies are not compared: {error}."
