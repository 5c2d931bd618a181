"""What verdicts are made of: comparisons of paired seeds, where None is worse than any number."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from optzoo_jax.experiments.claims.claim import Numbers

LEVEL = 0.05
SIGN_TEST = (
    f"“clearly” is a one-sided sign test of the paired seeds, p ≤ {LEVEL}: 5 of 5, 7 of 8 or 9 of 10 pairs; ties speak "
    "against"
)


def filled(values: Any, worst: float = math.inf) -> list[float]:
    """Numbers, with `worst` where there was none."""
    return [worst if x is None else x for x in (values if isinstance(values, Sequence) else [values])]


def median(values: Any, worst: float = math.inf) -> float:
    """The median, None counted as `worst`."""
    return statistics.median(filled(values, worst))


def clearly_less(a: Any, b: Any) -> bool:
    """Whether a is less than b in so many pairs that chance would give as many with a probability of at most `LEVEL`.

    Args:
      a: a number a seed; None counts as ∞.
      b: as many, of the same seeds.
    """
    return p_less(a, b) <= LEVEL


def clearly_more(a: Any, b: Any) -> bool:
    """As `clearly_less`, for numbers of which the larger is the better one: None counts as −∞."""
    return p_less([-x for x in filled(a, -math.inf)], [-x for x in filled(b, -math.inf)]) <= LEVEL


def less(column: str, *pairs: tuple[str, str]) -> Callable[[Numbers], bool]:
    """A rule: in a column, the first row of each pair is clearly less than the second."""
    return lambda numbers: all(clearly_less(numbers[ours][column], numbers[theirs][column]) for ours, theirs in pairs)


def more(column: str, *pairs: tuple[str, str]) -> Callable[[Numbers], bool]:
    """A rule: in a column, the first row of each pair is clearly more than the second."""
    return lambda numbers: all(clearly_more(numbers[ours][column], numbers[theirs][column]) for ours, theirs in pairs)


def p_less(a: Any, b: Any) -> float:
    """The probability that a fair coin gives as many pairs with a < b, or more."""
    pairs = list(zip(filled(a), filled(b), strict=True))
    wins = sum(x < y for x, y in pairs)
    return sum(math.comb(len(pairs), k) for k in range(wins, len(pairs) + 1)) / 2 ** len(pairs)
