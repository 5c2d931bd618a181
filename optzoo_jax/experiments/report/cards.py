"""A card a method: what it is, its equations, and the parts that it is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from optzoo_jax import card, describe, in_words, list_optimizers
from optzoo_jax.experiments.methods.entries import default_names, entry
from optzoo_jax.experiments.report.section import Section

_INTRO = "<p>The learning rate in the parts is where the method's grid has its middle.</p>"


def section(document: Mapping[str, Any]) -> Section:
    """Cards, to be opened."""
    return Section("Methods", _INTRO + "\n".join(map(_card, names(document))))


def names(document: Mapping[str, Any]) -> list[str]:
    """The methods of a race: the library's in the order of their years, then the user's own."""
    known = default_names()
    found = {record["name"] for record in document["methods"]}
    return sorted(found, key=lambda name: (known.index(name) if name in known else len(known), name))


def card_id(name: str) -> str:
    """The id of a method's card."""
    return "card-" + quote(name, safe="")


def has_card(name: str) -> bool:
    """Whether a method of a race is the library's: a registered one, a variant of one, or a wrapper around one."""
    return _base(name) in list_optimizers()


def _card(name: str) -> str:
    about, body = _registered(name) if has_card(name) else ("an optimizer of the user's own", _OWN)
    return (
        f'<details class=card id="{card_id(name)}"><summary><h3>{escape(name)}</h3> '
        f"<span>{escape(about)}</span></summary>\n{body}</details>"
    )


_OWN = "<p>It is not one of the library's, and has no card.</p>"


def _base(name: str) -> str:
    return re.split(r"[\[(]", name)[0]


def _registered(name: str) -> tuple[str, str]:
    found = card(_base(name))
    method = entry(name)
    raced = method.make_optimizer(method.learning_rate)
    rows = {
        "Learning rate": f"{method.learning_rate:g} to start from",
        "State": found.state_in_words,
        "Differs from": found.difference,
        "Departs": found.departures,
        "Reference": found.reference,
    }
    facts = "".join(f"<dt>{key}</dt><dd>{escape(text)}</dd>" for key, text in rows.items() if text)
    body = (
        f"<p>{escape(found.summary)}</p>\n<h4>Equations</h4><pre>{escape(found.equations)}</pre>\n"
        f"<h4>Parts</h4><p class=words>{escape(in_words(raced))}</p><pre>{escape(describe(raced))}</pre>\n"
        f"<dl class=facts>{facts}</dl>"
    )
    return f"{found.full_name}, {found.year}", body
