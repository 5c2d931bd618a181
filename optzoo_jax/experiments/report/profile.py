"""The performance profile over problems, with the ratio to AdamW beside it, in three currencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optzoo_jax.experiments.race.statistics import BASELINE, Currency, profile, ratios
from optzoo_jax.experiments.report.currencies import choice, currencies
from optzoo_jax.experiments.report.html_tables import Column, table
from optzoo_jax.experiments.report.section import Section, static
from optzoo_jax.experiments.report.text import count, plain

_HTML = """<p>Every method is measured by what it pays to reach a problem's target, over the least that any method in
this race pays. The curve says on which share of {problems} that is at most τ, for the methods that ran on all of them.
A profile depends on who takes part; the ratio to AdamW beside it does not.</p>
<div class=controls><fieldset><legend>Cost in</legend>{radios}</fieldset></div>
<div class="pair profile"><figure data-chart=profile>
<figcaption><b>Performance profile</b> higher and further left is better</figcaption><div class=chart></div></figure>
<div><h3>Ratio to AdamW</h3>
<p>Cost to the target over AdamW's: below 1 is cheaper. – where one of the two does not reach it.</p>{tables}</div>
</div>"""


def section(document: Mapping[str, Any]) -> Section:
    """A chart whose lines are the methods, and a table for each currency."""
    methods, problems, paid = document["methods"], document["problems"], currencies(document)
    html = _HTML.format(
        problems=count(len(problems), "problem"),
        radios=choice("currency", paid.items()),
        tables="".join(_ratios(methods, list(problems), currency, words) for currency, words in paid.items()),
    )
    profiles = {currency: profile(methods, currency) for currency in paid}
    return Section("Profile", html, {"profiles": profiles, "problems": len(problems)}, static("profile.js"))


def _ratios(methods: Sequence[Any], problems: list[str], currency: Currency, words: str) -> str:
    hidden = "" if currency == "steps" else " hidden"
    names = dict.fromkeys(record["name"] for record in methods)
    if BASELINE not in names:
        return f"<p data-currency={currency}{hidden}>AdamW did not take part in this race.</p>"
    found = ratios(methods, currency)
    text = table(
        [_column(problem, found[problem]) for problem in problems],
        [{"name": name} for name in names],
        f"Ratio to AdamW in {words}, a problem a column",
        lambda row, column: row["name"] == BASELINE,
    )
    return f"<div data-currency={currency}{hidden}>{text}</div>"


def _column(problem: str, found: Mapping[str, float | None]) -> Column:
    return Column(problem, "", lambda row: found.get(row["name"]), lambda row: plain(found.get(row["name"]), ".2f"))
