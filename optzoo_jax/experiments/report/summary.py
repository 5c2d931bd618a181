"""The summary: a table a problem, and one over problems where there are several."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Literal

from optzoo_jax.experiments.race.statistics import level, summary
from optzoo_jax.experiments.report.html_tables import Column, Row, meanings, table
from optzoo_jax.experiments.report.section import Section, static
from optzoo_jax.experiments.report.text import plain, quartiles, score, target

_INTRO = """<p>Each method's learning rate is chosen on validation data. The numbers are of test data and of fresh
seeds: the median, and in brackets the range of the middle half of the runs. <b>Bold</b> is the best median, and every
other that lies within the best one's middle half: the race does not tell them apart. Press a heading to sort.</p>"""


def section(document: Mapping[str, Any]) -> Section:
    """Methods in rows, the best median test score first."""
    problems = document["problems"]
    rows = {
        problem: [record | summary(record) for record in document["methods"] if record["problem"] == problem]
        for problem in problems
    }
    parts = [_INTRO]
    if len(problems) > 1:
        parts.append(f"<h3>All {len(problems)} problems</h3>{_over_problems(problems, rows)}")
    for i, (problem, facts) in enumerate(problems.items()):
        title = escape(facts["title"])
        parts.append(
            f"<details{' open' if i == 0 else ''}><summary><h3>{title}</h3></summary>"
            f"{_of_problem(facts, rows[problem])}</details>"
        )
    parts.append(meanings(_columns("score", "target")))
    return Section("Summary", "\n".join(parts), script=static("tables.js"))


def _over_problems(problems: Mapping[str, Any], rows: Mapping[str, list[Row]]) -> str:
    """The median test score of each method on each problem."""
    found = {(problem, row["name"]): row["test"] for problem in problems for row in rows[problem]}
    names = dict.fromkeys(name for _, name in found)
    kinds = {problem: facts["score"] for problem, facts in problems.items()}

    def median(problem: str, row: Row) -> float | None:
        return found[problem, row["name"]]["median"] if (problem, row["name"]) in found else None

    columns = {
        problem: Column(
            f"{problem}, {kinds[problem]}",
            "",
            lambda row, problem=problem: median(problem, row),
            lambda row, problem=problem: score(median(problem, row), kinds[problem]),
            _best(kinds[problem]),
        )
        for problem in problems
    }
    best = {column: level([r["test"] for r in rows[problem]], kinds[problem]) for problem, column in columns.items()}
    return table(
        list(columns.values()),
        [{"name": name} for name in names],
        f"Median test score on {len(problems)} problems",
        lambda row, column: best[column](column.value(row)),
    )


def _of_problem(facts: Mapping[str, Any], rows: list[Row]) -> str:
    columns = _columns(facts["score"], target(facts))
    best = {
        columns[i]: level([row[track] for row in rows], facts["score"])
        for i, track in enumerate(("test", "at_defaults"))
    }
    return table(
        columns,
        rows,
        f"Summary of {facts['title']}",
        lambda row, column: column in best and best[column](column.value(row)),
    )


def _columns(kind: str, goal: str) -> list[Column]:
    best = _best(kind)
    return [
        Column(
            f"Test {kind}, tuned", "at the learning rate that validation data chose",
            lambda r: r["test"]["median"], lambda r: quartiles(r["test"], kind), best,
        ),
        Column(
            "At defaults", "the same, at the learning rate to start from that is on the method's card",
            lambda r: r["at_defaults"]["median"], lambda r: quartiles(r["at_defaults"], kind), best,
        ),
        Column(
            "Best rate", "the chosen learning rate; † where it is on the edge of the grid: a better may lie beyond",
            lambda r: r["best_learning_rate"], lambda r: plain(r["best_learning_rate"]) + "†" * r["on_edge"],
        ),
        Column(
            f"Steps to {goal}", "the median, to the problem's target on validation data; – where most never reach it",
            lambda r: r["steps_to_target"], lambda r: plain(r["steps_to_target"], ",.0f"),
        ),
        Column(
            "Diverged", "the share of all runs, at every learning rate, that met a loss which is not finite",
            lambda r: r["diverged"], lambda r: f"{100 * r['diverged']:.0f} %",
        ),
        Column(
            "Decades within 5\u00a0%", "how many decades of learning rate stay within 5 % of the best",
            lambda r: r["decades_5"], lambda r: plain(r["decades_5"], ".1f"), "highest",
        ),
        Column(
            "Decades within 10\u00a0%", "how many stay within 10 %",
            lambda r: r["decades_10"], lambda r: plain(r["decades_10"], ".1f"), "highest",
        ),
        Column(
            "Gap", "the generalization gap: the median of test loss less train loss",
            lambda r: r["generalization_gap"], lambda r: plain(r["generalization_gap"], ".3f"),
        ),
        Column(
            "Sharpness", "the median largest eigenvalue of the Hessian at the end of training",
            lambda r: r["sharpness"], lambda r: plain(r["sharpness"], "#.3g"),
        ),
        Column(
            "ms a step", "of one single run, after warm-up",
            lambda r: r["seconds_a_step"],
            lambda r: plain(None if r["seconds_a_step"] is None else 1000 * r["seconds_a_step"], ".2f"),
        ),
        Column(
            "Gradients a step", "evaluations of the gradient",
            lambda r: r["gradients_a_step"], lambda r: plain(r["gradients_a_step"]),
        ),
        Column(
            "Bytes a parameter", "of state, which the optimizer keeps beside a float32 parameter",
            lambda r: r["state_bytes"], lambda r: plain(r["state_bytes"], ".1f"),
        ),
    ]  # fmt: skip


def _best(kind: str) -> Literal["highest", "lowest"]:
    return "highest" if kind == "accuracy" else "lowest"
