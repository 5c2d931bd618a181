"""What the numbers were made with: versions, the budget, and the data with their hashes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from optzoo_jax.experiments.report.section import Section
from optzoo_jax.experiments.report.text import examples


def section(document: Mapping[str, Any]) -> Section:
    """Three lists of facts."""
    provenance = dict(document["provenance"])
    versions = provenance.pop("versions")
    data = {name: _data(facts) for name, facts in document["problems"].items()}
    lists = {"Machine and budget": provenance, "Versions": versions, "Data": data}
    return Section("Environment", "".join(f"<h3>{title}</h3>{_facts(facts)}" for title, facts in lists.items()))


def _data(facts: Mapping[str, Any]) -> str:
    return f"{facts['title']}; {examples(facts)}; SHA-256 {facts['data_sha256']}"


def _facts(facts: Mapping[str, Any]) -> str:
    rows = "".join(f"<dt>{escape(_words(key))}</dt><dd>{escape(_value(value))}</dd>" for key, value in facts.items())
    return f"<dl class=facts>{rows}</dl>"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(key)} {_value(x)}" for key, x in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return "none" if value is None else str(value)


def _words(key: str) -> str:
    return key.replace("_", " ")
