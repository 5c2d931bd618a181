"""The numbers themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optzoo_jax.experiments.report.section import Section


def section(document: Mapping[str, Any]) -> Section:
    """How many there are, and a button that saves them."""
    runs = sum(len(m[track]) for m in document["methods"] for track in ("runs", "tuned", "at_defaults"))
    html = f"""<p>{runs:,} runs, with their curves, as JSON: everything above is computed from them.</p>
<p><button type=button class=action id=download>Save race.json</button></p>"""
    return Section("Numbers", html, script="report.download(section.querySelector('#download'), 'race.json');")
