"""A method as the tree of its parts."""

from __future__ import annotations

from typing import Any

from optzoo_jax.leafwise import Part, part_of
from optzoo_jax.registry import example

_HIDDEN = ("weight_decay", "weight_decay_mode", "mask", "base_learning_rate")


def describe(method: Any) -> str:
    """A method as a tree of parts: names, arguments, and what flows through each, with units.

    A part's units: [g] those of the gradient, [θ] those of the parameters, [1] none.

    Args:
      method: a transformation, or the name of a registered one (at its defaults).
    """
    root = part_of(example(method) if isinstance(method, str) else method)
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
