"""Pictures as SVG text, in the colours of the page around them: equal numbers give equal bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from optzoo_jax.experiments.evidence.bootstrap import Estimate

_WIDTH, _HEIGHT = 360, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 36


class Line(NamedTuple):
    """`look`: its CSS class, "c0" … "c7" for a colour and dashes of its own, "quiet" for a thin grey line."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    look: str = "quiet"


def chart(
    lines: Sequence[Line],
    label: str,
    axes: tuple[str, str],
    *,
    log_x: bool = False,
    limits: tuple[float, float] | None = None,
    points: Sequence[Line] = (),
) -> str:
    """A line chart, "" for no line at all; a line's name is read where it is pointed at.

    Args:
      lines: the last is on top; it has a gap where a number is not finite.
      label: what is seen, for those who hear it.
      axes: the names of x and y.
      log_x: whether x is in decades.
      limits: of y; else all that is finite is seen. Lines are cut there.
      points: the same without a line.
    """
    if not (lines or points):
        return ""
    move = np.log10 if log_x else np.asarray
    xs = np.concatenate([move(np.asarray(line.x, float)) for line in (*lines, *points)])
    left, right = _limits(xs)
    low, high = limits or _limits(np.concatenate([np.asarray(line.y, float) for line in (*lines, *points)]))

    def place(line: Line) -> tuple[np.ndarray, np.ndarray]:
        x = _LEFT + (move(np.asarray(line.x, float)) - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)
        y = _TOP + (high - np.asarray(line.y, float)) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return x, np.clip(y, _TOP - 50, _HEIGHT + 50)

    parts = [f'<svg class=chart viewBox="0 0 {_WIDTH} {_HEIGHT}" role=img aria-label="{escape(label)}">']
    for value, text in _ticks(low, high):
        (y,) = place(Line("", [1], [value]))[1]
        parts.append(f'<path class=grid d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f"<text x={_LEFT - 5} y={y + 3.5:.1f} text-anchor=end>{text}</text>")
    for value, text in _decades(left, right) if log_x else _ticks(left, right):
        x = _LEFT + (value - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)
        anchor = "end" if x > _WIDTH - _RIGHT - 12 else "middle"  # what is centred at the edge would be cut
        parts.append(f"<text x={x:.1f} y={_HEIGHT - 21} text-anchor={anchor}>{text}</text>")
    parts.append(f"<text class=name x={_WIDTH - _RIGHT} y={_HEIGHT - 5} text-anchor=end>{escape(axes[0])}</text>")
    parts.append(f"<text class=name x={_LEFT} y={_HEIGHT - 5}>↑ {escape(axes[1])}</text>")
    wide, high_ = _WIDTH - _LEFT - _RIGHT + 2, _HEIGHT - _TOP - _BOTTOM + 4
    box = f'viewBox="{_LEFT} {_TOP - 2} {wide} {high_}"'
    parts.append(f"<svg x={_LEFT} y={_TOP - 2} width={wide} height={high_} {box}>")  # it cuts lines at its edges
    for line in points:
        dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(*place(line), strict=True) if math.isfinite(y))
        parts.append(f'<path class="dots {line.look}" d="{dots}"><title>{escape(line.name)}</title></path>')
    for line in lines:
        parts.append(
            f'<path class="line {line.look}" d="{_path(*place(line))}"><title>{escape(line.name)}</title></path>'
        )
    return "".join([*parts, "</svg></svg>"])


def interval(score: Estimate, limits: tuple[float, float]) -> str:
    """A dot and its interval on a line as wide as its place, for a cell of a table whose text says the same."""
    left, right = limits
    a, b, c = (100 * min(max((x - left) / (right - left), 0), 1) for x in (score.low, score.mean, score.high))
    return (
        f'<svg class=interval viewBox="0 0 100 10" preserveAspectRatio=none aria-hidden=true>'
        f'<path d="M{a:.1f} 5H{c:.1f}"/><path class=dot d="M{b:.1f} 5h0"/></svg>'
    )


def _path(xs: np.ndarray, ys: np.ndarray) -> str:
    text, joined = "", False
    for x, y in zip(xs, ys, strict=True):
        if math.isfinite(y):
            text += f"{'L' if joined else 'M'}{x:.1f} {y:.1f}"
        joined = math.isfinite(y)
    return text


def _limits(values: np.ndarray) -> tuple[float, float]:
    """The range of what is finite, never empty."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Three to eight round numbers."""
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(k for k in (1, 2, 5) if (high - low) / (step * k) <= 6 or k == 5)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(i * step, f"{i * step:.6g}".replace("-", "−")) for i in range(first, last + 1)]


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten, seven at most; 1, 2, 4, … where there would be less than three."""
    tens = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    if len(tens) > 2:
        return [(i, f"{10.0**i:g}".replace("e-0", "e−").replace("e+0", "e")) for i in tens[:: -(-len(tens) // 7)]]
    twos = range(math.ceil(low / math.log10(2) - 1e-9), math.floor(high / math.log10(2) + 1e-9) + 1)
    return [(i * math.log10(2), f"{2.0**i:g}") for i in twos[:: -(-len(twos) // 7)]]


def intervals(panels: Mapping[str, Sequence[tuple[str, str, tuple[float, float, float]]]], label: str) -> str:
    """A picture that stands alone, on white: a panel a title, a row a method, its groups apart.

    Args:
      panels: title → rows of a group's letter, a name, and low, middle and high, group by group.
      label: what is seen, for those who hear it.
    """
    wide, row, gap, left = 400, 15, 8, 150
    ends, parts = [0, 0], []
    for i, (title, rows) in enumerate(panels.items()):
        x0, y = wide * (i % 2), ends[i % 2] + 18
        low, high = _limits(np.array([numbers for *_, numbers in rows]))

        def across(value: float, x0: int = x0, low: float = low, high: float = high) -> str:
            return f"{x0 + left + (wide - left - 24) * (value - low) / (high - low):.1f}"

        parts.append(f'<text x="{x0 + 8}" y="{y}" font-weight="bold">{escape(title)}</text>')
        before = ""
        for group, name, numbers in rows:
            y += row + (gap if group != before else 0)
            if group != before:
                parts.append(f'<text x="{x0 + 8}" y="{y}" font-weight="bold" fill="#0072b2">{group}</text>')
            before = group
            a, b, c = map(across, numbers)
            parts.append(
                f'<text x="{x0 + left - 10}" y="{y}" text-anchor="end">{escape(name)}</text>'
                f'<path d="M{a} {y - 4}H{c}" stroke="#666" stroke-width="1.5"/><circle cx="{b}" cy="{y - 4}" r="3"/>'
            )
        for value, text in _ticks(low, high):
            parts.append(f'<text x="{across(value)}" y="{y + 17}" text-anchor="middle" fill="#666">{text}</text>')
        ends[i % 2] = y + 40
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * wide} {max(ends)}" font-family="sans-serif" '
        f'font-size="11" role="img" aria-label="{escape(label)}"><rect width="100%" height="100%" fill="#fff"/>\n'
        + "\n".join([*parts, "</svg>\n"])
    )
