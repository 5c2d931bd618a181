"""What was measured of optimizers' steps, as rows of words: for the terminal and for docs/performance.md."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

STEP = ("method", "ms (quartiles)", "× floor", "× optax", "temporaries", "bytes moved", "kernels", "state bytes")
COMPILE = ("method", "trace + lower, s", "× optax", "in all, s", "× optax")


def step_row(method: dict[str, Any]) -> tuple[str, ...]:
    """Time and traffic of one step, in the columns of `STEP`; beside ours stands optax's, in brackets."""
    ours, optax = method["ours"], method.get("optax")
    low, median, high = ours["milliseconds"]

    def both(key: str, form: str) -> str:
        return f"{ours[key]:{form}}" + (f" ({optax[key]:{form}})" if optax else "")

    return (
        method["name"],
        f"{median:.1f} ({low:.1f}–{high:.1f})",
        f"{median / method['floor_milliseconds']:.2f}",
        f"{median / optax['milliseconds'][1]:.2f}" if optax else "–",
        both("temporaries", ".1f"),
        both("bytes_accessed", ".0f"),
        both("kernels", ".0f"),
        both("state_bytes", ".0f"),
    )


def compile_row(method: dict[str, Any]) -> tuple[str, ...]:
    """Seconds until the first step of a large tree, in the columns of `COMPILE`."""
    ours, optax = method["ours"], method.get("optax")

    def frontend(side: dict[str, Any]) -> float:
        return side["trace_seconds"] + side["lower_seconds"]

    def total(side: dict[str, Any]) -> float:
        return frontend(side) + side["compile_seconds"]

    return (
        method["name"],
        f"{frontend(ours):.2f}",
        f"{frontend(ours) / frontend(optax):.2f}" if optax else "–",
        f"{total(ours):.1f}",
        f"{total(ours) / total(optax):.2f}" if optax else "–",
    )


def bench_table(methods: list[dict[str, Any]]) -> Group:
    """Both tables, and what their columns mean."""
    bandwidths = sorted(m["bandwidth"] / 1e9 for m in methods)
    return Group(
        _table(STEP, [step_row(m) for m in methods]),
        Text(),
        _table(COMPILE, [compile_row(m) for m in methods]),
        Text(),
        Text(
            f"Floor: parameters, gradients and state moved once, at the {bandwidths[0]:.0f}–{bandwidths[-1]:.0f} GB/s "
            "of a copy in place, measured in turn with the steps. Temporaries: in sizes of the parameters. Bytes: a "
            "parameter. In brackets: optax's."
        ),
    )


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
