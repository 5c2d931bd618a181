"""Measured claims in words: a table for the terminal, and the page docs/claims.md."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from optzoo_jax.experiments.claims.catalogue import CLAIMS, THEMES
from optzoo_jax.experiments.claims.cells import PLACES
from optzoo_jax.experiments.claims.claim import Claim, Rule
from optzoo_jax.experiments.claims.measured import effects_of
from optzoo_jax.experiments.claims.verdicts import Found, judged, smallest, surprising

SHOWN = 12
NOT_TESTED = "not tested"


def summary(records: Sequence[dict[str, Any]]) -> Group:
    """A row a claim, with how many of its effects have which verdict."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for column in ("claim", "verdicts", "what is said"):
        table.add_column(column, no_wrap=column == "claim")
    found = by_claim(records)
    for name, several in found.items():
        table.add_row(Text(name), Text(counted(several)), Text(CLAIMS[name].statement))
    return Group(table, Text(), Text(f"{counted([one for several in found.values() for one in several])}."))


def by_claim(records: Sequence[dict[str, Any]], known: Mapping[str, Claim] = CLAIMS) -> dict[str, list[Found]]:
    """The verdicts of each measured claim, in the order of the page."""
    effects = effects_of(records, known)
    found = judged(known, effects)
    return {name: [one for one in found if one.claim.name == name] for name in effects}


def counted(found: Sequence[Found]) -> str:
    """How many have which verdict."""
    verdicts = [one.verdict for one in found]
    words = [f"{n} {v}" for v in ("supported", "contradicted", "undecided") if (n := verdicts.count(v))]
    return ", ".join(words) or NOT_TESTED


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """The measured part of the page: the most surprising first, then all of them, folded."""
    found = by_claim(records)
    together = [one for several in found.values() for one in several]
    training = sum(one.claim.training for one in together)
    rows = [_row(one) for one in surprising(together, SHOWN)]
    blocks = [
        f"{len(together)} effects of {len(found)} claims: {counted(together)}. The {training} about training are one "
        "family.",
        "\n".join(["| claim | of what | verdict | effect | would have seen |", "|---|---|---|---:|---:|", *rows]),
    ]
    missing = [f"`{name}`" for name in CLAIMS if name not in found]
    blocks += [f"Not measured yet: {', '.join(missing)}."] if missing else []
    for theme, claims in THEMES.items():
        measured = [claim for claim in claims if claim.name in found]
        counts = counted([one for claim in measured for one in found[claim.name]])
        folded = f'<details markdown="1"><summary>{len(measured)} claims: {counts}</summary>'
        trained = [places(measured)] if any(claim.training for claim in measured) else []
        sections = [_section(claim, found[claim.name]) for claim in measured]
        blocks += [f"## {theme}", *trained, folded, *sections, "</details>"]
    return "\n\n".join(blocks)


def places(claims: Sequence[Claim]) -> str:
    """Where the methods of claims are trained, and how long."""
    names = dict.fromkeys(place for claim in claims for _, place in claim.cells)
    words = [f"{name}: {x.steps:,} steps, {x.trials} trials, {x.fresh} seeds" for name in names for x in [PLACES[name]]]
    return f"Methods are trained on {'; '.join(words)}."


def _row(one: Found) -> str:
    what = f"{one.effect.quantity}; {one.effect.where}".replace("|", "\\|")
    cells = (f"[{one.claim.statement}](#{one.claim.name})", what, _verdict(one), _effect(one), _seen(one) or "–")
    return f"| {' | '.join(cells)} |"


def _section(claim: Claim, found: Sequence[Found]) -> str:
    said = " ".join(filter(None, [f"**{claim.statement}** ({claim.source})", claim.experiment, claim.remark]))
    lines = [
        f"* {said_of(rule)}: {'; '.join(_place(one) for one in found if one.effect.quantity == rule.quantity)}."
        for rule in claim.rules
    ]
    return f"### {claim.name}\n{said}\n\n" + ("\n".join(lines) or f"* {NOT_TESTED}.")


def said_of(rule: Rule) -> str:
    """A rule in words."""
    quantity, border = rule.quantity.replace("|", "\\|"), number(rule.than)
    seen = "" if rule.beforehand else " (written with the numbers in view)"
    if rule.says == "same":
        margin = f"{100 * rule.margin:g} %" if rule.ratio else number(rule.margin)
        return f"{quantity}, said to be {border} within {margin}{seen}"
    return f"{quantity}, said to be {rule.says} than {border}{seen}"


def _place(one: Found) -> str:
    seen = _seen(one)
    words = [f"{one.effect.where} **{_verdict(one)}**", _effect(one), f"seen from {seen}" if seen else ""]
    return ", ".join(filter(None, words))


def _verdict(one: Found) -> str:
    return f"{one.verdict} ({one.why})" if one.why else one.verdict


def _effect(one: Found) -> str:
    if one.effect.estimate is None:
        return ""
    estimate, low, high = map(number, one.effect[2:5])
    interval = "" if low == high else f" [{low}, {high}]"
    return f"{'×' if one.rule.ratio else ''}{estimate}{interval}"


def _seen(one: Found) -> str:
    seen = smallest(one.rule, one.effect)
    return "" if seen is None else f"{'×' if one.rule.ratio else ''}{number(seen)}"


def number(x: float | None) -> str:
    """Three digits; ∞ for what is not finite."""
    if x is None or not math.isfinite(x):
        return "∞"
    return (f"{x:.3g}" if x == 0 or 1e-3 <= abs(x) < 1e4 else f"{x:.0e}").replace("-", "−")
