"""The performance profile over problems, with the ratio to AdamW beside it, in three currencies."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from optzoo_jax.experiments.race.statistics import BASELINE, profile, ratios
from optzoo_jax.experiments.report.numbers import plain
from optzoo_jax.experiments.report.section import Section, static
from optzoo_jax.experiments.report.tables import Column, table

_CURRENCIES = {"steps": "steps", "gradients": "gradient evaluations", "seconds": "seconds of a single run"}


def section(document: Mapping[str, Any]) -> Section:
    """A chart whose lines are the methods, and a table for each currency."""
    methods, problems = document["methods"], document["problems"]
    profiles = {currency: profile(methods, currency) for currency in _CURRENCIES}
    radios = "".join(
        f'<label><input type=radio name=currency value={currency}{" checked" if currency == "steps" else ""}> {words}</label>'
        for currency, words in _CURRENCIES.items()
    )
    tables = "".join(
        f'<div data-currency={currency}{"" if currency == "steps" else " hidden"}>{_ratios(methods, problems, currency)}</div>'
        for currency in _CURRENCIES
    )
    html = f"""<p>Every method is measured by what it costs to reach a problem's target, over the least that any method in this race pays.
The curve says on which share of {_count(len(problems), "problem")} that is at most τ. A profile depends on who takes
part; the ratio to AdamW beside it does not.</p>
<div class=controls><fieldset><legend>Cost in</legend>{radios}</fieldset></div>
<div class="pair profile"><figure data-chart=profile><figcaption><b>Performance profile</b> Higher and further left is better</figcaption>
<div class=chart></div></figure>
<div><h3>Ratio to AdamW</h3>
<p>Cost to the target over AdamW's: below 1 is cheaper. – where one of the two does not reach it.</p>{tables}</div></div>"""
    data = {currency: {name: list(map(list, steps)) for name, steps in found.items()} for currency, found in profiles.items()}
    return Section("Profile", html, data={"profiles": data, "problems": len(problems)}, script=static("profile.js"))


def _ratios(methods: Any, problems: Mapping[str, Any], currency: str) -> str:
    found = ratios(methods, currency)
    names = dict.fromkeys(record["name"] for record in methods)
    if BASELINE not in names:
        return "<p>AdamW did not take part in this race.</p>"
    columns = [
        Column(
            problem, "",
            lambda row, of=found.get(problem, {}): of.get(row["name"]),
            lambda row, of=found.get(problem, {}): plain(of.get(row["name"]), ".2f"),
        )
        for problem in problems
    ]  # fmt: skip
    label = f"Ratio to AdamW in {_CURRENCIES[currency]}, a problem a column"
    return table(columns, [{"name": name} for name in names], label, lambda row, column: row["name"] == BASELINE)


def _count(n: int, thing: str) -> str:
    return f"{n} {escape(thing)}{'' if n == 1 else 's'}"
