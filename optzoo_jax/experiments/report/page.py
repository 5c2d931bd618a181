"""One HTML file with all that a race has found: no network, light and dark, from the race's file alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from optzoo_jax.experiments.evidence.compare import compare
from optzoo_jax.experiments.evidence.findings import Findings, OfMethod, OfProblem, findings
from optzoo_jax.experiments.evidence.scores import scale
from optzoo_jax.experiments.evidence.targets import TARGETS, fastest
from optzoo_jax.experiments.methods.entries import BASELINES
from optzoo_jax.experiments.protocol.record import BRACKET, FRESH, TRIAL, Race
from optzoo_jax.experiments.report import svg, tables
from optzoo_jax.experiments.report.answers import Answer, ahead, answers, second_run
from optzoo_jax.experiments.report.how import HOW
from optzoo_jax.experiments.report.words import count, listed, minutes

_COLOURS = 8


def write_report(race: Race, folder: Path, again: Race | None = None) -> Path:
    """Writes index.html into a folder, which is made where it is missing, and returns the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "index.html"
    file.write_text(page(race, again), encoding="utf-8")
    return file


def page(race: Race, again: Race | None = None) -> str:
    """The page as text: the five answers, then what they rest on.

    Args:
      race: what was raced.
      again: a second study of the same.
    """
    found = findings(race)
    looks = featured(found)
    sections = {
        "Groups": "".join(_group(problem, i == 0) for i, problem in enumerate(found.problems.values())),
        "Over all problems": _across(found),
        "Performance profile": _profile(race, found, looks),
        "Learning curves": _charts(race, found, looks, _curves),
        "Learning rates": _charts(race, found, looks, _rates),
        "Tries": _charts(race, found, looks, _tries),
        "A second study": _second(race, again),
        "Where it comes from": _origin(found),
        "How the numbers are made": _definitions(HOW),
    }
    budget = found.facts["budget"]
    return Template(_static("page.html")).substitute(
        style=_static("page.css"),
        subtitle=f"{count(len(found.methods), 'method')} on {count(len(found.problems), 'problem')}, each with "
        f"{budget['trials']} trials and {budget['fresh']} fresh seeds; {minutes(found.facts['seconds'])} in all. "
        + escape(second_run(race, again)),
        answers="\n".join(map(_answer, answers(found))),
        sections="\n".join(f"<section><h2>{title}</h2>\n{html}</section>" for title, html in sections.items() if html),
    )


def featured(found: Findings) -> dict[str, str]:
    """The methods that charts have in colour, and its class: the baselines, and those that are in the most groups A."""
    names = dict.fromkeys([*(name for name in BASELINES if name in found.methods), *ahead(found)])
    return {name: f"c{i}" for i, name in enumerate(list(names)[:_COLOURS])}


def _answer(answer: Answer) -> str:
    table = _table(answer.columns, answer.rows, answer.question) if answer.rows else ""
    return (
        f"<details class=answer open><summary><h2>{escape(answer.question)}</h2> "
        f"<span>{_inline(answer.headline)}</span></summary>{table}<p>{_inline(answer.note)}</p></details>"
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], label: str) -> str:
    return _scrolled(columns, [f"<tbody>{''.join(map(_row, rows))}</tbody>"], escape(label))


def _scrolled(columns: Sequence[str], bodies: Iterable[str], label: str) -> str:
    head = "".join(f"<th scope=col>{escape(column)}</th>" for column in columns)
    return (
        f'<div class=scroll role=region tabindex=0 aria-label="{label}"><table>'
        f"<thead><tr>{head}</tr></thead>{''.join(bodies)}</table></div>"
    )


def _row(cells: Sequence[str], picture: str = "") -> str:
    first, *others = map(_inline, cells)
    drawn = f"<td>{picture}</td>" if picture else ""
    return f"<tr><th scope=row>{first}</th>{drawn}{''.join(f'<td>{cell}</td>' for cell in others)}</tr>"


def _inline(text: str) -> str:
    """Text of which `this` is code."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(text, quote=False))


def _static(name: str) -> str:
    return resources.files(__name__.rpartition(".")[0]).joinpath("static", name).read_text(encoding="utf-8")


def _group(problem: OfProblem, opened: bool) -> str:
    scores = [m.score for m in problem.methods.values() if m.score]
    limits = (min(s.low for s in scores), max(s.high for s in scores)) if scores else (0.0, 1.0)
    columns = ("method", "score and its interval", *tables.OF_PROBLEM[1:])
    bodies = []
    for names in problem.groups:
        group = f"<tr><th scope=rowgroup colspan={len(columns)}>Group {problem.methods[names[0]].group}</th></tr>"
        bodies.append(f"<tbody>{group}{''.join(_method_row(n, problem.methods[n], limits) for n in names)}</tbody>")
    title, leading = escape(problem.facts["title"]), listed(problem.groups[0] if problem.groups else [])
    below = "".join(f"<p class=quiet>{escape(note)}</p>" for note in tables.notes(problem))
    return (
        f"<details{' open' if opened else ''}>"
        f"<summary><h3>{title}</h3> <span>group A: {escape(leading)}</span></summary>"
        f"<p class=quiet>{escape(tables.facts(problem))}</p>{_scrolled(columns, bodies, f'Groups on {title}')}{below}"
        "</details>"
    )


def _method_row(name: str, m: OfMethod, limits: tuple[float, float]) -> str:
    return _row(tables.of_method(name, m), svg.interval(m.score, limits) if m.score else "")


def _across(found: Findings) -> str:
    table = _table(tables.ACROSS, tables.across(found), "Methods over all problems")
    return f"<p>{escape(tables.about_across(found))}</p>{table}"


def _profile(race: Race, found: Findings, looks: dict[str, str]) -> str:
    steps = [one for name in found.problems for target in TARGETS if (one := fastest(race, name, target))]
    if not steps:
        return "<p>No target of loss is stored for these problems.</p>"
    taus, lines = np.linspace(1, 4, 61), []
    for method in sorted(set.intersection(*map(set, steps)), key=lambda name: (name in looks, name)):
        least = [(one[method], np.min(list(one.values()), axis=0)) for one in steps]
        within = [np.isfinite(mine) & (mine <= tau * first) for tau in taus for mine, first in least]
        shares = np.array([part.mean() for part in within]).reshape(len(taus), -1).mean(1)
        lines.append(svg.Line(method, taus.tolist(), shares.tolist(), looks.get(method, "quiet")))
    words = "Share of targets and draws that a method reaches within τ times the steps of the fastest"
    label = f"{words}; the areas are in the table above"
    picture = svg.chart(lines, label, ("τ", "share"), limits=(-0.02, 1.02))
    return f"<p>{words}.</p>{_legend(looks)}<div class=charts><figure>{picture}</figure></div>"


def _legend(looks: dict[str, str]) -> str:
    rows = "".join(
        f'<li><svg viewBox="0 0 30 8" aria-hidden=true><path class="line {look}" d="M0 4H30"/></svg>{escape(name)}</li>'
        for name, look in looks.items()
    )
    return f"<ul class=legend>{rows}</ul>"


def _charts(race: Race, found: Findings, looks: dict[str, str], draw: Any) -> str:
    figures = "".join(
        f"<figure><figcaption>{escape(problem.facts['title'])}</figcaption>{picture}</figure>"
        for name, problem in found.problems.items()
        if (picture := draw(race, name, problem, looks))
    )
    return f"<p>{draw.__doc__}</p>{_legend(looks)}<div class=charts>{figures}</div>"


def _in_order(problem: OfProblem, looks: dict[str, str]) -> list[str]:
    """Those with a colour last, so that they are on top."""
    return sorted(problem.methods, key=lambda name: (name in looks, name))


def _curves(race: Race, name: str, problem: OfProblem, looks: dict[str, str]) -> str:
    """Validation loss of the chosen call, the median of the fresh seeds."""
    lines = []
    for method in _in_order(problem, looks):
        cell = race.cells[name, method]
        fresh = cell.validation[cell.stage == FRESH]
        if len(fresh):
            curve = np.median(np.where(np.isnan(fresh), np.inf, fresh), axis=0)
            lines.append(svg.Line(method, problem.facts["checkpoints"], curve.tolist(), looks.get(method, "quiet")))
    low = min((min(y for y in line.y) for line in lines), default=0.0)
    high = problem.facts["constant_loss"]
    limits = (low - 0.02 * (high - low), high + 0.25 * (high - low))
    label = f"Validation loss against the step on {problem.facts['title']}; the ends are in the table of groups"
    return svg.chart(lines, label, ("step", problem.facts["unit"]), log_x=True, limits=limits)


def _rates(race: Race, name: str, problem: OfProblem, looks: dict[str, str]) -> str:
    """Score on validation data against the rate: a line through the bracket's runs, one seed, and a dot a trial."""
    between, lines, dots = scale(race, name), [], []
    for method in _in_order(problem, looks):
        cell = race.cells[name, method]
        for stage, where in ((BRACKET, lines), (TRIAL, dots)):
            rows = np.flatnonzero(cell.stage == stage)
            rows = rows[np.argsort(cell.rate[rows], kind="stable")]
            if method in looks and len(rows):
                y = between.score(cell.validation_end[rows])
                where.append(svg.Line(method, cell.rate[rows].tolist(), y.tolist(), looks[method]))
    label = f"Score against the learning rate on {problem.facts['title']}; the widths are in the table of groups"
    return svg.chart(lines, label, ("learning rate", "score"), log_x=True, limits=(-0.25, 1.08), points=dots)


def _tries(race: Race, name: str, problem: OfProblem, looks: dict[str, str]) -> str:
    """Expected score of the best of k trials, chosen by validation loss, against k."""
    lines = [
        svg.Line(method, list(after), list(after.values()), looks.get(method, "quiet"))
        for method in _in_order(problem, looks)
        if (after := problem.methods[method].after)
    ]
    label = f"Expected score against the number of trials on {problem.facts['title']}"
    low = min((y for line in lines if line.look != "quiet" for y in line.y), default=0.0)
    high = max((y for line in lines for y in line.y), default=1.0)
    return svg.chart(lines, label, ("trials", "score"), log_x=True, limits=(low - 0.05, high + 0.02))


def _second(race: Race, again: Race | None) -> str:
    if again is None:
        return ""
    rows = tables.second(compare(race, again))
    return f"<p>{escape(tables.ABOUT_SECOND)}</p>{_table(tables.SECOND, rows, 'Two studies, by problems')}"


def _origin(found: Findings) -> str:
    data = {name: f"SHA-256 of its data {p.facts['data_sha256']}" for name, p in found.problems.items()}
    facts = {**found.facts["provenance"], "budget": found.facts["budget"], "size": found.facts["size"], **data}
    return _definitions({str(key): _plain(value) for key, value in facts.items()})


def _definitions(facts: dict[str, str]) -> str:
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    return f"<dl class=facts>{rows}</dl>"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key} {_plain(x)}" for key, x in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)
