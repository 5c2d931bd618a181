"""Numbers as a reader wants them, and as a table sorts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NONE = "–"


def plain(x: float | None, form: str = ".3g") -> str:
    """A number, – for None, without an exponent's zeros: 1e−5, not 1e-05."""
    if x is None:
        return NONE
    return f"{x:{form}}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−").rstrip(".")


def score(x: float | None, kind: str) -> str:
    """An accuracy in per cent, a loss in three digits."""
    if x is None:
        return NONE
    return f"{100 * x:.1f} %" if kind == "accuracy" else f"{x:#.3g}"


def target(facts: Mapping[str, Any]) -> str:
    """The score at which a problem counts as solved."""
    return f"{100 * facts['target']:g} %" if facts["score"] == "accuracy" else f"{facts['target']:g}"


def quartiles(found: Mapping[str, Any], kind: str) -> str:
    """Median, with the range of the middle half behind it; a run that diverged counts as accuracy 0 or loss ∞."""
    if not found["median"]:
        return "diverged"
    low, high = score(found["low"], kind).removesuffix(" %"), score(found["high"], kind).removesuffix(" %")
    return f"{score(found['median'], kind)} ({low}–{high})"


def count(n: int, thing: str) -> str:
    """A number of things: 1 problem, 2 problems."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def examples(facts: Mapping[str, Any]) -> str:
    """How many a problem has."""
    return f"{' / '.join(f'{n:,}' for n in facts['examples'])} examples to train / choose / test"
