"""Tie groups: the methods that a race does not tell apart stand together, in alphabetical order, without a rank."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optzoo_jax.experiments.evidence.bootstrap import Draws

MARGIN = 0.005  # δ: a difference of scores that nobody should choose by
LEVEL = 0.025  # the lower end of a 95 % interval


def tie_groups(draws: Draws) -> list[list[str]]:
    """Groups A, B, C, …: in A is every method that the leader is not better than; then again without them."""
    groups, left = [], np.arange(len(draws.methods))
    while len(left):
        leader = left[np.argmax(draws.means[left])]
        behind = larger(draws.scores[:, [leader]] - draws.scores[:, left])
        groups.append(sorted(draws.methods[i] for i in left[~behind]))
        left = left[behind]
    return groups


def larger(differences: NDArray[Any], margin: float = MARGIN, level: float = LEVEL) -> NDArray[Any]:
    """(methods,) which differences are larger than the margin, by Holm's rule over all of them.

    The smallest chance of being no larger is held against level/m, the next against level/(m − 1), until one fails.

    Args:
      differences: (draws, methods).
      margin: what counts as none.
      level: share of the draws below an interval.
    """
    # One is added so that no finite number of draws makes a difference certain.
    chance = (1 + (differences <= margin).sum(0)) / (1 + len(differences))
    order = np.argsort(chance, kind="stable")
    found = np.zeros(len(chance), bool)
    found[order] = np.logical_and.accumulate(chance[order] <= level / np.arange(len(chance), 0, -1))
    return found
