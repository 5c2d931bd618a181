"""Two charts a problem: the score against the learning rate, and the score while it trains; every run is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from optzoo_jax.experiments.race.statistics import summary
from optzoo_jax.experiments.report.currencies import choice, currencies
from optzoo_jax.experiments.report.section import Section, static
from optzoo_jax.experiments.report.text import target

_INTRO = """<p>A thin line or a dot is a run, a thick line the median of the seeds. Runs that met a loss which is not
finite stand in the strip marked <i>diverged</i>. Accuracies are spaced by the logarithm of the error, so that 99&nbsp;%
is as far from 90&nbsp;% as that is from nothing. Point at a line to read its numbers, or go to a chart with the Tab key
and along its lines with the arrow keys.</p>
<div class=controls>
<fieldset><legend>Learning rate, tuning seeds</legend>
<label><input type=radio name=split value=validation checked> validation score</label>
<label><input type=radio name=split value=test> test score</label>
<label><input type=radio name=split value=trials> expected best of n rates</label></fieldset>
<fieldset><legend>Training, fresh seeds</legend>
<label><input type=radio name=track value=tuned checked> tuned rate</label>
<label><input type=radio name=track value=at_defaults> the card's rate</label></fieldset>
<fieldset><legend>Training against</legend>
{currencies}</fieldset>
</div>"""


def section(document: Mapping[str, Any]) -> Section:
    """The charts of all problems; the numbers are those of the document itself."""
    parts = [_charts(problem, facts) for problem, facts in document["problems"].items()]
    trials: dict[str, dict[str, Any]] = {problem: {} for problem in document["problems"]}
    for record in document["methods"]:
        trials[record["problem"]][record["name"]] = summary(record)["expected_best"]
    intro = _INTRO.format(currencies=choice("currency-of-curves", currencies(document).items()))
    return Section("Curves", intro + "\n".join(parts), data=trials, script=static("curves.js"))


def _charts(problem: str, facts: Mapping[str, Any]) -> str:
    title, reached = escape(facts["title"]), escape(target(facts))
    better = "Higher" if facts["score"] == "accuracy" else "Lower"
    figures = "".join(
        f'<figure data-chart={chart} data-problem="{escape(problem)}"><figcaption>{caption}</figcaption>'
        "<div class=chart></div></figure>"
        for chart, caption in (
            ("rates", f"<b>Learning rate</b> {better} is better, ○ is chosen"),
            ("training", f"<b>Training</b> validation {facts['score']}, target {reached}"),
        )
    )
    return f"<h3>{title}</h3><div class=pair>{figures}</div>"
