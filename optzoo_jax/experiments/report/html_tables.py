"""Tables in HTML that sort by their headings; static/tables.js does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Literal, NamedTuple

from optzoo_jax.experiments.report.cards import card_id

Row = Mapping[str, Any]


class Column(NamedTuple):
    """A column of numbers.

    Attributes:
      heading: above it.
      meaning: in words, for the list below the table; it may be empty.
      value: what it sorts by, None for what is not known and comes last.
      text: what it shows.
      best: the end that is better, and comes first.
    """

    heading: str
    meaning: str
    value: Callable[[Row], float | None]
    text: Callable[[Row], str]
    best: Literal["highest", "lowest"] = "lowest"


def table(columns: Sequence[Column], rows: Sequence[Row], label: str, bold: Callable[[Row, Column], bool]) -> str:
    """Methods, each linked to its card, and columns; the rows are sorted by the first column already.

    Args:
      columns: after the first, which is the method's name.
      rows: with a `name` each.
      label: the table's name.
      bold: what is set in bold type.
    """
    order = {"highest": "descending", "lowest": "ascending"}
    head = _heading("Method", "ascending", "none") + "".join(
        _heading(c.heading, order[c.best], order[c.best] if i == 0 else "none") for i, c in enumerate(columns)
    )
    body = "".join(_row(columns, row, bold) for row in sorted(rows, key=lambda row: _rank(columns[0], row)))
    return (
        f'<div class=scroll role=region tabindex=0 aria-label="{escape(label)}">'
        f"<table class=sorts><caption class=unseen>{escape(label)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def meanings(columns: Sequence[Column]) -> str:
    """What the columns mean, to be opened."""
    rows = "".join(f"<dt>{escape(c.heading)}</dt><dd>{escape(c.meaning)}</dd>" for c in columns if c.meaning)
    return f"<details><summary>What the columns mean</summary><dl class=facts>{rows}</dl></details>"


def _heading(text: str, first: str, now: str) -> str:
    button = f"<button type=button>{escape(text)}<span class=arrow aria-hidden=true></span></button>"
    return f'<th scope=col data-first="{first}" aria-sort="{now}">{button}</th>'


def _row(columns: Sequence[Column], row: Row, bold: Callable[[Row, Column], bool]) -> str:
    name = row["name"]
    first = f'<th scope=row data-value="{escape(name)}"><a href="#{card_id(name)}">{escape(name)}</a></th>'
    return f"<tr>{first}{''.join(_cell(c, row, bold(row, c)) for c in columns)}</tr>"


def _cell(column: Column, row: Row, bold: bool) -> str:
    value, text = column.value(row), escape(column.text(row))
    return f'<td data-value="{"" if value is None else value}">{f"<b>{text}</b>" if bold else text}</td>'


def _rank(column: Column, row: Row) -> tuple[bool, float]:
    value = column.value(row)
    return value is None, 0.0 if value is None else -value if column.best == "highest" else value
