"""Tie groups: the methods that a race does not tell apart stand together, in alphabetical order, without a rank."""

from __future__ import annotations

import numpy as np

from optzoo_jax.experiments.evidence.bootstrap import Draws

MARGIN = 0.005  # δ: a difference of scores that nobody should choose by
LEVEL = 0.025  # the lower end of a 95 % interval


def tie_groups(draws: Draws, margin: float = MARGIN, level: float = LEVEL) -> list[list[str]]:
    """Groups A, B, C, …: in A is every method whose difference to the leader may be at most the margin; then again.

    A method leaves the leader's group where its interval, by Holm's rule over all that are left, lies above the margin.

    Args:
      draws: of one problem.
      margin: difference that counts as none.
      level: share of the draws below an interval.
    """
    groups, left = [], list(draws.methods)
    while left:
        index = [draws.methods.index(method) for method in left]
        leader = max(index, key=lambda i: draws.means[i])
        behind = draws.scores[:, [leader]] - draws.scores[:, index]
        # One is added so that no finite number of draws makes a difference certain.
        chance = (1 + (behind <= margin).sum(0)) / (1 + len(behind))
        apart = holm(chance, level)
        groups.append(sorted(m for m, away in zip(left, apart, strict=True) if not away))
        left = [m for m, away in zip(left, apart, strict=True) if away]
    return groups


def holm(chance: np.ndarray, level: float) -> np.ndarray:
    """Which of some hypotheses are rejected: the smallest chance at level/m, the next at level/(m − 1), until one isn't."""
    order = np.argsort(chance, kind="stable")
    passed = np.cumprod(chance[order] <= level / np.arange(len(chance), 0, -1)).astype(bool)
    rejected = np.zeros(len(chance), bool)
    rejected[order] = passed
    return rejected
