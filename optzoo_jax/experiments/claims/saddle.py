"""Claims about the saddle x²/2 + y⁴/4 − y²/2: who leaves it, and when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import filled, median
from optzoo_jax.experiments.claims.surfaces import ADAPTIVE, ANIMATIONS, BEST_RATE, PLAIN, first, path

STEPS, STALL, OVERSHOOT = "steps to |y| > ½", "farthest from the saddle in steps 10–19", "least x"


def leaving_the_saddle(columns: Sequence[str]) -> Numbers:
    """For each start beside the ridge y = 0 of the saddle, and for the nearest one how close it stays meanwhile."""
    found = {}
    for name in (*ADAPTIVE, *PLAIN):
        xy = path(name, "saddle").xy
        found[name] = {
            STEPS: first(np.abs(xy[..., 1]) > 0.5),
            STALL: float(np.abs(xy[0, 10:20]).max()),
            OVERSHOOT: float(xy[0, :, 0].min()),
        }
    return {name: {column: row[column] for column in columns} for name, row in found.items()}


def at_once(numbers: Numbers) -> bool:
    """All three within 8 steps, wherever they start."""
    steps = [filled(numbers[name][STEPS]) for name in ADAPTIVE]
    return max(map(max, steps)) <= 8 and max(max(of) - min(of) for of in steps) <= 3


def stalls_and_leaves(numbers: Numbers) -> bool:
    """SGD later than momentum everywhere, and meanwhile at the saddle; momentum does leave."""
    sgd, momentum = (filled(numbers[name][STEPS]) for name in ("sgd", "momentum"))
    later = all(slow > fast for slow, fast in zip(sgd, momentum, strict=True))
    return later and sgd[0] > 30 and median(numbers["sgd"][STALL]) < 0.05


def late(numbers: Numbers) -> bool:
    """From the nearest start SGD, momentum and NAG need 1½ times as many steps as the slowest of the adaptive ones."""
    nearest = {name: filled(row[STEPS])[0] for name, row in numbers.items()}
    return min(nearest[name] for name in PLAIN) > 1.5 * max(nearest[name] for name in ADAPTIVE)


_SADDLE = "x²/2 + y⁴/4 − y²/2 from four starts at 10⁻⁴ to 10⁻¹ beside the ridge y = 0. " + BEST_RATE

CLAIMS = (
    Claim(
        "saddle-at-once",
        "Adagrad, RMSprop and Adadelta leave a saddle at once.",
        ANIMATIONS,
        _SADDLE + "counted are the steps until |y| > ½.",
        "All three need at most 8 steps from every start, and near the ridge at most 3 more than far from it.",
        leaving_the_saddle,
        at_once,
        {"columns": (STEPS,)},
    ),
    Claim(
        "saddle-stall",
        "SGD stalls at a saddle, where the gradient is 0; momentum keeps its speed and goes on.",
        "survey, 3.1; study note, on SGD and on Momentum",
        _SADDLE + "counted are the steps until |y| > ½, and how far from the saddle the path is in between.",
        "From every start SGD needs more steps than momentum; from the nearest more than 30, and in steps 10 to 19 it "
        "is within 0.05 of the saddle.",
        leaving_the_saddle,
        stalls_and_leaves,
        {"columns": (STEPS, STALL)},
    ),
    Claim(
        "saddle-late",
        "SGD, momentum and NAG find it hard to leave a saddle; the latter two do in the end.",
        ANIMATIONS,
        _SADDLE + "counted are the steps until |y| > ½.",
        "From the nearest start each of the three needs more than 1½ times the steps of the slowest of Adagrad, "
        "RMSprop and Adadelta.",
        leaving_the_saddle,
        late,
        {"columns": (STEPS,)},
    ),
)
