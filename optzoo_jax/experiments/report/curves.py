"""Two charts a problem: the score against the learning rate, and the score while it trains; every run is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from optzoo_jax.experiments.report.numbers import score
from optzoo_jax.experiments.report.section import Section, static

_INTRO = """<p>A thin line or a dot is a run, a thick line the median of the seeds. Runs that met a loss which is not
finite stand in the strip marked <i>diverged</i>. Accuracies are spaced by the logarithm of the error, so that 99&nbsp;%
is as far from 90&nbsp;% as that is from nothing. Point at a line to read its numbers, or go to a chart with the Tab key
and along its lines with the arrow keys.</p>
<div class=controls>
<fieldset><legend>Learning rates, tuning seeds</legend>
<label><input type=radio name=split value=test checked> test score</label>
<label><input type=radio name=split value=validation> validation score</label></fieldset>
<fieldset><legend>Training, fresh seeds</legend>
<label><input type=radio name=track value=tuned checked> tuned rate</label>
<label><input type=radio name=track value=at_defaults> the card's rate</label></fieldset>
</div>"""


def section(document: Mapping[str, Any]) -> Section:
    """The charts of all problems; the numbers are those of the document itself."""
    parts = [_charts(problem, facts) for problem, facts in document["problems"].items()]
    return Section("Curves", _INTRO + "\n".join(parts), script=static("curves.js"))


def _charts(problem: str, facts: Mapping[str, Any]) -> str:
    title, target = escape(facts["title"]), escape(score(facts["target"], facts["score"]))
    better = "higher" if facts["score"] == "accuracy" else "lower"
    figures = "".join(
        f'<figure data-chart={chart} data-problem="{escape(problem)}"><figcaption>{caption}</figcaption>'
        "<div class=chart></div></figure>"
        for chart, caption in (
            ("rates", f"<b>Learning rate</b> Which rates work? {better.capitalize()} is better; ○ the chosen rate"),
            ("training", f"<b>Training</b> Validation {facts['score']} by steps; target {target}"),
        )
    )
    return f"<h3>{title}</h3><div class=pair>{figures}</div>"
