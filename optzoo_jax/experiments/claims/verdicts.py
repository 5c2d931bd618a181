"""Measured claims in words: a table for the terminal, and the page docs/claims.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from optzoo_jax.experiments.claims.catalogue import CLAIMS, THEMES
from optzoo_jax.experiments.claims.claim import Claim, Numbers, Value
from optzoo_jax.experiments.claims.rules import SIGN_TEST


def summary(records: Sequence[dict[str, Any]]) -> Group:
    """A row a claim, and how many have which verdict."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for column in ("claim", "verdict", "what is said"):
        table.add_column(column, no_wrap=column != "what is said")
    found = verdicts(records)
    for name, verdict in found.items():
        table.add_row(Text(name), Text(verdict), Text(CLAIMS[name].statement))
    return Group(table, Text(), Text(counted(list(found.values())) + "."))


def verdicts(records: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Of each measured claim, in the order of the page."""
    numbers = {record["name"]: record["numbers"] for record in records}
    return {name: claim.verdict(numbers[name]) for name, claim in CLAIMS.items() if name in numbers}


def counted(found: Sequence[str]) -> str:
    """How many have which verdict."""
    return ", ".join(f"{found.count(verdict)} {verdict}" for verdict in dict.fromkeys(sorted(found, reverse=True)))


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """The measured part of the page: a summary, then a section for each claim."""
    numbers = {record["name"]: record["numbers"] for record in records}
    found = verdicts(records)
    rows = [f"| [{CLAIMS[name].statement}](#{name}) | {verdict} |" for name, verdict in found.items()]
    blocks = [
        f"{counted(list(found.values())).capitalize()}. In the rules {SIGN_TEST}.",
        "\n".join(["| claim | verdict |", "|---|---|", *rows]),
    ]
    missing = [f"`{name}`" for name in CLAIMS if name not in found]
    blocks += [f"Not measured yet: {', '.join(missing)}."] if missing else []
    for theme, claims in THEMES.items():
        blocks.append(f"## {theme}")
        blocks += [_section(claim, numbers[claim.name]) for claim in claims if claim.name in numbers]
    return "\n\n".join(blocks)


def _section(claim: Claim, numbers: Numbers) -> str:
    parts = [
        f"### {claim.name}",
        f"**{claim.statement}** ({claim.source})",
        f"Experiment: {claim.experiment}",
        *([_table(numbers)] if numbers else []),
        f"Rule: {claim.rule}",
        f"Verdict: **{claim.verdict(numbers)}**.{' ' + claim.remark if claim.remark else ''}",
    ]
    return "\n\n".join(parts)


def _table(numbers: Numbers) -> str:
    columns = list(dict.fromkeys(column for row in numbers.values() for column in row))
    head = ["| | " + " | ".join(map(_in_cell, columns)) + " |", "|---|" + "---:|" * len(columns)]
    rows = [
        f"| {_in_cell(name)} | {' | '.join(_cell(row, column) for column in columns)} |"
        for name, row in numbers.items()
    ]
    return "\n".join([*head, *rows])


def _in_cell(words: str) -> str:
    """Words whose | do not end a cell."""
    return words.replace("|", "\\|")


def _cell(row: Mapping[str, Value], column: str) -> str:
    return value(row[column]) if column in row else "–"


def value(x: Value) -> str:
    """A number, or the median of several with the least and the largest; ∞ for what is not finite or never came."""
    if not isinstance(x, list):
        return _number(x)
    filled = [float("inf") if v is None else v for v in x]
    low, middle, high = min(filled), statistics.median(filled), max(filled)
    return _number(middle) if low == high else f"{_number(middle)} ({_number(low)} to {_number(high)})"


def _number(x: float | None) -> str:
    if x is None or x == float("inf"):
        return "∞"
    if x == int(x) and abs(x) < 1e6:
        return f"{int(x):,}"
    return f"{x:.3g}" if 1e-4 <= abs(x) < 1e4 else f"{x:.1e}"
