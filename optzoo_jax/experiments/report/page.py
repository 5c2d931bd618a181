"""One HTML file with all that a race found: no network, no library, light and dark."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from optzoo_jax.experiments.look.pictures import FEATURED
from optzoo_jax.experiments.report import cards, curves, environment, limits, profile, raw, summary
from optzoo_jax.experiments.report.section import Section, section_id, static
from optzoo_jax.experiments.report.text import count
from optzoo_jax.experiments.report.theme import theme


def write_report(
    document: Mapping[str, Any],
    folder: Path,
    report: Callable[[str, float], None] = lambda what, done: None,
    more: Sequence[Section] = (),
) -> Path:
    """Writes index.html into a folder, which is made where it is missing, and returns the file's path.

    Args:
      document: the results of a race.
      folder: where the page goes.
      report: called with what is going on and the share of it that is done.
      more: sections that are not made of the document alone; they stand between the profile and the cards.
    """
    parts = (summary, curves, profile, cards, limits, environment, raw)
    begun = {record["problem"] for record in document["methods"]}
    raced = {**document, "problems": {name: facts for name, facts in document["problems"].items() if name in begun}}
    sections: list[Section] = []
    for part in parts:
        report("report", len(sections) / len(parts))
        sections.append(part.section(raced))
    text = page(document, [*sections[:3], *more, *sections[3:]])
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "index.html"
    file.write_text(text, encoding="utf-8")
    report("report", 1.0)
    return file


def page(document: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """The page as text.

    Args:
      document: the results of a race, which the page carries whole.
      sections: in their order; the first has no charts, and is as wide as the page.
    """
    names = cards.names(document)
    data = {
        "race": document,
        "methods": theme(names),
        "featured": [n for n in names if n in (*FEATURED, "adamw") or not cards.has_card(n)] or names,
        "sections": {section_id(s): dict(s.data) for s in sections},
    }
    problems = dict.fromkeys(record["problem"] for record in document["methods"])
    return Template(static("page.html")).substitute(
        style="\n".join([static("page.css"), *(s.style for s in sections)]),
        subtitle=escape(
            f"{count(len(names), 'method')} on {count(len(problems), 'problem')}: "
            f"{'; '.join(document['problems'][name]['title'] for name in problems)}."
        ),
        links="".join(f'<a href="#{section_id(s)}">{escape(s.title)}</a>' for s in sections),
        first=_element(sections[0]),
        others="\n".join(map(_element, sections[1:])),
        data=_json(data),
        script="\n".join([*map(static, ("page.js", "axes.js", "chart.js")), *map(_script, sections)]),
    )


def _element(section: Section) -> str:
    name = section_id(section)
    heading = f'<h2 id="{name}-title">{escape(section.title)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-title">{heading}\n{section.html}</section>'


def _script(section: Section) -> str:
    if not section.script:
        return ""
    return f"report.run({json.dumps(section_id(section))}, (section, data) => {{\n{section.script}\n}});"


def _json(data: Any) -> str:
    """JSON that may stand in a script element: no name can end it."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
