"""A method as the tree of its parts."""

from __future__ import annotations

import re
from typing import Any

from optzoo_jax.registry import card
from optzoo_jax.transformation import Part, part_of

_HIDDEN = ("weight_decay", "weight_decay_mode", "mask", "base_learning_rate")


def describe(method: Any) -> str:
    """A method as a tree of parts: names, arguments, and what flows through each, with units.

    A part's units: [g] those of the gradient, [θ] those of the parameters, [1] none.

    Args:
      method: a transformation, or the name of a registered one (at its defaults).
    """
    root = part_of(card(method).example() if isinstance(method, str) else method)
    return "\n".join(_lines(root, "", "", ""))


def _lines(part: Part, role: str, first: str, rest: str) -> list[str]:
    label = f"{role}: " if role else ""
    head = f"{first}{label}{call(part)}"
    lines = [f"{head}   {part.stream}" if part.stream else head]
    for i, (child_role, child) in enumerate(part.children):
        last = i + 1 == len(part.children)
        lines += _lines(child, child_role, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
    return lines


def call(part: Part) -> str:
    """The call that makes the part, without weight-decay arguments that are off."""
    off = part.arguments.get("weight_decay", 0) is None
    shown = {k: v for k, v in part.arguments.items() if not (off and k in _HIDDEN)}
    return f"{part.name}({', '.join(f'{k}={_value(v)}' for k, v in shown.items())})"


def _value(value: Any) -> str:
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value)


def in_words(method: Any) -> str:
    """A method's composition in one line: `→` in a row, `·` a direction times a rate.

    The learning rate and the sign, with which every method ends, are left out.

    Args:
      method: as for `describe`.
    """
    return _words(part_of(card(method).example() if isinstance(method, str) else method))


def _words(part: Part) -> str:
    if part.name == "precondition":
        (_, direction), (_, rate) = part.children
        return f"{_grouped(direction)} · {_grouped(rate)}"
    inner = [child for role, child in part.children if role == "inner"]
    if inner:
        return f"{part.name}({_words(inner[0])})"
    opened = part.name == "chain" or part.name.startswith("scale_by_") or "update [θ]" in part.stream
    if not part.children or not opened:
        return part.name
    links = [child for _, child in part.children if child.name not in ("scale_by_learning_rate", "negate", "identity")]
    return " → ".join(_words(link) if len(links) == 1 else _grouped(link) for link in links) or "identity"


def _grouped(part: Part) -> str:
    words = outermost = _words(part)
    while outermost != (outermost := re.sub(r"\([^()]*\)", "", outermost)):
        pass
    return f"({words})" if " " in outermost else words
