"""Tables in words, which the terminal and the pages of docs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

Row = tuple[str, ...]


class Rows(NamedTuple):
    """`title`: of what. `notes`: what stands below."""

    title: str
    columns: Row
    rows: list[Row]
    notes: tuple[str, ...] = ()


def in_terminal(tables: Sequence[Rows], *notes: str) -> Group:
    """Tables below each other, and notes on all of them; a column's name may have two lines."""
    parts: list[Any] = []
    for title, columns, rows, own in tables:
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
        for i, column in enumerate(columns):
            table.add_column(column, justify="right" if i else "left", no_wrap=True, vertical="bottom")
        for row in rows:
            table.add_row(*map(Text, row))
        parts += [Text(title, style="bold"), table, *map(Text, own), Text()]
    return Group(*parts, *map(Text, notes))
