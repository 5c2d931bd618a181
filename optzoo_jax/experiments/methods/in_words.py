"""Methods in words, read from their cards: a line each, or all of one."""

from __future__ import annotations

import textwrap

from rich.console import Group
from rich.table import Table
from rich.text import Text

import optzoo_jax
from optzoo_jax.experiments.arguments.names import known

_WIDTH = 100


def catalogue(pattern: str = "*") -> Group:
    """The methods whose names match, in the order of their year.

    Raises:
      ValueError: where none does, with the nearest name.
    """
    everything = optzoo_jax.list_optimizers()
    names = optzoo_jax.list_optimizers(pattern) or [known("no method is called", pattern, everything)]
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for column in ("name", "year"):
        table.add_column(column, no_wrap=True)
    for column in ("rate", "slots", "bytes"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("what sets it apart")
    for name in names:
        card = optzoo_jax.card(name)
        rate = "–" if card.learning_rate is None else f"{card.learning_rate:g}"
        apart = f"{card.parent}, but {card.difference}" if card.parent else card.difference
        row = (name, str(card.year), rate, str(len(card.slots)), card.bytes_in_words, apart)
        table.add_row(*map(Text, row))
    legend = (
        "rate: the learning rate to start from. slots, bytes: the state kept for each float32 parameter.",
        "+: and arrays for the rows, the columns or the sides of a matrix.",
        "optzoo show NAME prints the equations of one.",
    )
    return Group(table, Text(), *map(Text, legend))


def page(name: str) -> str:
    """All that a card says of one method.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    card = optzoo_jax.card(name)
    facts = [f"{card.name}: {card.full_name}, {card.year} ({card.kind})", _filled(card.summary)]
    facts.append(_filled(f"What sets it apart: {card.parent + ', but ' if card.parent else ''}{card.difference}."))
    if card.learning_rate is not None:
        facts.append(f"Learning rate to start from: {card.learning_rate:g}")
    facts.append(f"State: {card.state_in_words}")
    variants = [f"{variant!r}: {text}" for variant, text in card.variants.items()]
    calls = [
        f"{whose}: {', '.join(f'{k}={v!r}' for k, v in arguments.items()) or 'the defaults'}"
        for whose, arguments in card.calls.items()
    ]
    sections = [
        ("Equations", card.equations),
        ("Variants, the default first", "\n".join(map(_filled, variants))),
        ("Arguments that give the numbers of", "\n".join(map(_filled, calls))),
        ("Departures", _filled(card.departures[:1].upper() + card.departures[1:])),
        ("Parts", optzoo_jax.describe(name) if card.parts else ""),
        ("Reference", _filled(card.reference)),
    ]
    blocks = [f"{title}\n{textwrap.indent(text, '  ')}" for title, text in sections if text]
    return "\n\n".join(["\n".join(facts), *blocks])


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
