"""What the numbers mean and do not mean, what they were made with, and the numbers themselves."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from html import escape
from typing import Any

from optzoo_jax.experiments.report.section import Section

_SPLITS = ("train", "choose", "test")


def limits(document: Mapping[str, Any]) -> Section:
    """What a reader may not conclude."""
    problems, methods = document["problems"], document["methods"]
    seeds = statistics.mode(len(m["tuned"]) for m in methods)
    edge = [f"{m['name']} on {m['problem']}" for m in methods if m["on_edge"]]
    lines = [
        "Small models on a processor do not predict a ranking at scale. Elsewhere a gain of 1.4 × at 0.1 billion "
        "parameters was measured to be 1.1 × at 1.2 billion.",
        f"{len(problems)} problem{'s' * (len(problems) != 1)} and {seeds} fresh seed{'s' * (seeds != 1)} stand behind "
        "every score. Differences smaller than the range in brackets are not differences.",
        "The budget is small and equal. With more trials the order may change, and what needs no tuning gains from a "
        "small budget.",
        "Other hyperparameters than the learning rate are at their defaults, the baselines' too.",
        "Compare only at the end: the order flips while a schedule decays.",
    ]
    if edge:
        lines.append(f"On the edge of the grid even after it grew, so not fully tuned: {', '.join(edge)}.")
    if not document.get("complete", True):
        lines.insert(0, "The race is not finished: methods or problems are missing.")
    return Section("Limits", f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>")


def environment(document: Mapping[str, Any]) -> Section:
    """Versions, the budget, and the data with their hashes."""
    provenance = document["provenance"]
    versions = provenance.get("versions", {})
    rest = {key: value for key, value in provenance.items() if key != "versions"}
    data = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(facts['title'])}: "
        f"{' / '.join(f'{n:,}' for n in facts['examples'])} examples to {' / '.join(_SPLITS)}; "
        f"SHA-256 <code>{escape(facts['data_sha256'])}</code></dd>"
        for name, facts in document["problems"].items()
    )
    html = (
        f"<h3>Machine and budget</h3>{_facts(rest)}<h3>Versions</h3>{_facts(versions)}"
        f"<h3>Data</h3><dl class=facts>{data}</dl>"
    )
    return Section("Environment", html)


def numbers(document: Mapping[str, Any]) -> Section:
    """The whole record of the race, to be saved."""
    runs = sum(len(m[track]) for m in document["methods"] for track in ("runs", "tuned", "at_defaults"))
    return Section(
        "Numbers",
        f"<p>{runs:,} runs, with their curves, as JSON: the page draws everything above from it.</p>"
        '<p><button type=button class=action id=download>Save race.json</button></p>',
        script="report.download(section.querySelector('#download'), 'race.json');",
    )


def _facts(facts: Mapping[str, Any]) -> str:
    rows = "".join(f"<dt>{escape(_words(key))}</dt><dd>{_value(value)}</dd>" for key, value in facts.items())
    return f"<dl class=facts>{rows}</dl>"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{escape(_words(k))} {_value(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return escape("none" if value is None else str(value))


def _words(key: Any) -> str:
    return str(key).replace("_", " ")
