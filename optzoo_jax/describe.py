"""A method as the tree of its parts."""

import re
from typing import Any

from optzoo_jax.composition import Call, Composition, Elsewhere, Join, Matrices, Piece, composition_of
from optzoo_jax.registry import card
from optzoo_jax.units import GRADIENT, Flow, Unit

_ROWS = ("chain", "scoped", "from_the_second_step")  # without a stream of their own
_HIDDEN = ("weight_decay", "weight_decay_mode", "mask", "base_learning_rate")
_WORDS = {Unit.parse("g"): "direction", Unit.parse("g²"): "moment", Unit.parse("1/g"): "rate", Unit.parse("1"): "step"}


def describe(method: Any) -> str:
    """A method as a tree of parts: names, arguments, and what flows through each, with units.

    A part's units: [g] those of the gradient, [θ] those of the parameters, [α] that of the learning rate, [1] none; x
    stands for whatever comes in.

    Args:
      method: a transformation, or the name of a registered one (at its defaults).
    """
    root = composition_of(card(method).example() if isinstance(method, str) else method)
    return "\n".join(_lines(root, "", "", ""))


def _lines(node: Composition, role: str, first: str, rest: str) -> list[str]:
    label = f"{role}: " if role else ""
    stream = _stream(node)
    lines = [f"{first}{label}{call(node)}" + (f"   {stream}" if stream else "")]
    for i, (child_role, child) in enumerate(node.children):
        last = i + 1 == len(node.children)
        lines += _lines(child, child_role, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
    return lines


def _stream(node: Composition) -> str:
    """What flows in and out: a piece's own words; of a composition what they come to, fed a gradient."""
    if isinstance(node, Piece):
        return node.stream
    if node.name in (*_ROWS, "masked"):
        return ""
    flow: Flow = node.flow
    if flow.gives is None:
        return "made elsewhere"
    if flow.needs is None and flow.gives["x"] and flow.word != "update":
        return f"x → {flow.word} {flow.gives}".replace("[", "").replace("]", "").replace("→  ", "→ ")
    came, going = flow.needs or GRADIENT, flow.at(flow.needs or GRADIENT)
    unit = "[θ]" if going == Unit.parse("α") or flow.word == "update" else str(going)
    word = flow.word or _WORDS.get(going, "step" if going["g"] == 0 else "stream")  # pyright: ignore
    return f"{flow.needs_word or ('gradient' if came == GRADIENT else 'stream')} {came} → {word} {unit}"


def call(node: Composition) -> str:
    """The call that makes the part, without weight-decay arguments that are off."""
    arguments = node.called.arguments if node.called else {}
    off = arguments.get("weight_decay", 0) is None
    return str(Call(node.name, {k: v for k, v in arguments.items() if not (off and k in _HIDDEN)}))


def in_words(method: Any) -> str:
    """A method's composition in one line: `→` in a row, `·` a direction times a rate.

    The learning rate and the sign, with which every method ends, are left out.

    Args:
      method: as for `describe`.
    """
    return _words(composition_of(card(method).example() if isinstance(method, str) else method))


def _words(node: Composition) -> str:
    if isinstance(node, Join) and node.is_precondition:
        direction, rate = node.inside
        return f"{_grouped(direction)} · {_grouped(rate)}"
    if isinstance(node, Matrices):
        return _words(node.inside[0])
    if isinstance(node, Elsewhere) and node.children:
        ((role, inner),) = node.children
        return f"{node.name}({_words(inner)})" if role else _words(inner)
    opened = node.name in _ROWS or node.name.startswith("scale_by_") or node.flow.word == "update"
    if not node.children or not opened or isinstance(node, Join):
        return node.name
    links = [link for _, link in node.children if link.name not in _NOT_SAID]
    return " → ".join(_words(link) if len(links) == 1 else _grouped(link) for link in links) or "identity"


_NOT_SAID = ("scale_by_learning_rate", "times_learning_rate", "negate", "identity")


def _grouped(node: Composition) -> str:
    words = outermost = _words(node)
    while outermost != (outermost := re.sub(r"\([^()]*\)", "", outermost)):
        pass
    return f"({words})" if " " in outermost else words
