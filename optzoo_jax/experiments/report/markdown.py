"""What a race has found, for docs: the page docs/race.md and its picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from optzoo_jax.experiments.evidence.compare import compare
from optzoo_jax.experiments.evidence.findings import Findings, findings
from optzoo_jax.experiments.race.record import Race
from optzoo_jax.experiments.report import svg, tables
from optzoo_jax.experiments.report.answers import Answer, answers, second_run
from optzoo_jax.experiments.report.how import HOW
from optzoo_jax.experiments.report.words import count, minutes


def race_page(race: Race, again: Race | None = None) -> str:
    """The measured part of docs/race.md.

    Args:
      race: what was raced.
      again: a second study of the same.
    """
    found = findings(race)
    facts = found.facts
    origin, budget = facts["provenance"], facts["budget"]
    head = (
        f"{count(len(found.methods), 'method')} on {count(len(found.problems), 'problem')}, each with "
        f"{budget['trials']} trials and {budget['fresh']} fresh seeds, in {minutes(facts['seconds'])} "
        f"({facts['seconds']:,.0f} s) on {count(origin['cores'], 'core')} ({origin['platform']}), jax "
        f"{origin['versions']['jax']}."
    )
    blocks = [head, second_run(race, again), *map(_answer, answers(found)), "## Groups", *_groups(found)]
    blocks += ["## Over all problems", tables.about_across(found), _table(tables.ACROSS, tables.across(found))]
    if again is not None:
        blocks += ["## A second study", tables.ABOUT_SECOND, _table(tables.SECOND, tables.second(compare(race, again)))]
    blocks += ["## How the numbers are made", "\n".join(f"* **{term}**: {text}" for term, text in HOW.items())]
    return "\n\n".join(blocks)


def race_picture(race: Race) -> str:
    """Groups and intervals on every problem, as an SVG file."""
    panels = {
        name: [
            (m.group, method, (m.score.low, m.score.mean, m.score.high))
            for method, m in problem.methods.items()
            if m.group and m.score
        ]
        for name, problem in findings(race).problems.items()
    }
    return svg.intervals({name: rows for name, rows in panels.items() if rows}, "Scores with 95 % intervals, by groups")


def _answer(answer: Answer) -> str:
    table = [_table(answer.columns, answer.rows)] if answer.rows else []
    return "\n\n".join([f"## {answer.question}", answer.headline, *table, *([answer.note] if answer.note else [])])


def _groups(found: Findings) -> Iterable[str]:
    for problem in found.problems.values():
        rows = [(m.group, *tables.of_method(name, m)) for name, m in problem.methods.items() if m.group]
        yield f"### {problem.facts['title']}"
        yield tables.facts(problem)
        yield _table(("group", *tables.OF_PROBLEM), rows)
        yield from tables.notes(problem)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *rows))
