"""What a training can be paid in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optzoo_jax.experiments.race.statistics import Currency

_IN_WORDS: dict[Currency, str] = {
    "steps": "steps",
    "gradients": "gradient evaluations",
    "seconds": "seconds of a single run",
}


def currencies(document: Mapping[str, Any]) -> dict[Currency, str]:
    """Those that were measured, in words: seconds only where a clock ran."""
    timed = all(record["seconds_a_step"] is not None for record in document["methods"])
    return {currency: words for currency, words in _IN_WORDS.items() if timed or currency != "seconds"}


def choice(group: str, currencies: Iterable[tuple[Currency, str]]) -> str:
    """Radio buttons, of which the first is chosen."""
    return "".join(
        f"<label><input type=radio name={group} value={currency}{'' if i else ' checked'}> {words}</label>\n"
        for i, (currency, words) in enumerate(currencies)
    )
