"""One HTML file with all that a race found: no network, no library, light and dark."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.look import FEATURED
from optzoo_jax.experiments.report import about, cards, curves, profile, summary
from optzoo_jax.experiments.report.section import Section, section_id, static
from optzoo_jax.experiments.report.theme import theme


def write_report(
    document: Mapping[str, Any], folder: Path, report: Callable[[str, float], None] = lambda what, done: None
) -> Path:
    """Writes index.html into a folder, which is made where it is missing, and returns the file's path.

    Args:
      document: the results of a race.
      folder: where the page goes.
      report: called with what is going on and the share of it that is done.
    """
    report("report", 0.0)
    sections = [
        summary.section(document),
        curves.section(document),
        profile.section(document),
        cards.section(document),
        about.limits(document),
        about.environment(document),
        about.numbers(document),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "index.html"
    file.write_text(page(document, sections), encoding="utf-8")
    report("report", 1.0)
    return file


def page(document: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """The page as text.

    Args:
      document: the results of a race, which the page carries whole.
      sections: in their order.
    """
    names = list(dict.fromkeys(record["name"] for record in document["methods"]))
    data = {
        "race": document,
        "methods": theme(names),
        "featured": [n for n in names if n in (*FEATURED, "adamw") or not cards.has_card(n)] or names,
        "sections": {section_id(s): s.data for s in sections},
    }
    links = "".join(f'<a href="#{section_id(s)}">{escape(s.title)}</a>' for s in sections)
    return f"""<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta name=viewport content="width=device-width">
<meta http-equiv=Content-Security-Policy content="{_POLICY}">
<title>A race of optimizers</title>
<style>{static("page.css")}{"".join(s.style for s in sections)}</style>
<body>
<header>
<div><h1>A race of optimizers</h1><button type=button id=theme class=action>Dark</button></div>
<p>{escape(_subtitle(document, len(names)))}</p>
<nav aria-label=Sections>{links}</nav>
</header>
<div class=columns>
<main>
{"".join(map(_section, sections))}
</main>
<aside aria-label="Methods in the charts"><details open><summary>Methods <output id=shown></output></summary>
<div class=actions><button type=button data-show=featured>Featured</button><button type=button data-show=all>All</button>
<button type=button data-show=none>None</button></div><div id=legend></div></details></aside>
</div>
<script type="application/json" id=page-data>{_json(data)}</script>
<script>{static("page.js")}
{static("chart.js")}
{"".join(map(_script, sections))}report.start();</script>
"""


# Nothing may be loaded from anywhere: what the page needs is in it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"


def _subtitle(document: Mapping[str, Any], methods: int) -> str:
    problems = document["problems"]
    titles = "; ".join(facts["title"] for facts in problems.values())
    return f"{methods} methods on {len(problems)} problem{'s' * (len(problems) != 1)}: {titles}."


def _section(section: Section) -> str:
    name = section_id(section)
    return f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{escape(section.title)}</h2>\n{section.html}</section>\n'


def _script(section: Section) -> str:
    if not section.script:
        return ""
    name = json.dumps(section_id(section))
    return f"report.run({name}, (section, data) => {{\n{section.script}\n}});\n"


def _json(data: Any) -> str:
    """JSON that may stand in a script element: no name can end it."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
