"""Numbers and names in words, as the terminal, the page and the docs print them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from optzoo_jax.experiments.evidence.bootstrap import Estimate

NONE = "–"


def number(x: float | None, digits: int = 3) -> str:
    """A number in so many digits, – for None; 1e−5 and not 1e-05, 2300 and not 2.3e+03."""
    if x is None or math.isnan(x):
        return NONE
    if math.isinf(x):
        return "∞"
    return f"{float(f'{x:.{digits}g}'):g}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")


def fixed(x: float | None, digits: int = 2) -> str:
    """A number with so many decimals, – for None."""
    return NONE if x is None else "∞" if math.isinf(x) else f"{x:.{digits}f}".replace("-", "−")


def interval(x: Estimate | None, digits: int = 2) -> str:
    """A number with its interval behind it."""
    return NONE if x is None else f"{fixed(x.mean, digits)} ({fixed(x.low, digits)}–{fixed(x.high, digits)})"


def span(values: Iterable[float], digits: int = 2) -> str:
    """From the lowest to the highest, or the one number that both are."""
    known = [x for x in values if not math.isnan(x)]
    if not known:
        return NONE
    low, high = number(min(known), digits), number(max(known), digits)
    return low if low == high else f"{low} to {high}"


def share(x: float | None) -> str:
    """A share in per cent."""
    return NONE if x is None else f"{100 * x:.0f} %"


def count(n: int, thing: str) -> str:
    """A number of things: 1 problem, 2 problems."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in their order, at most so many, and how many more; "none" where there are none."""
    if not names:
        return "none"
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return ", ".join(names)


def minutes(seconds: float) -> str:
    """A time as it is spoken of."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
