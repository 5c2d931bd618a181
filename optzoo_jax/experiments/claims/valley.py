"""Claims about a long valley: how often the floor is crossed, and who is faster."""

from __future__ import annotations

import numpy as np

from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import filled, median
from optzoo_jax.experiments.claims.surfaces import path
from optzoo_jax.experiments.landscapes.figures.sgd_and_momentum import crossings
from optzoo_jax.experiments.landscapes.paths import walk
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.methods.entries import entry


def in_the_valley(rate: float, steps: int) -> Numbers:
    """SGD and momentum, once at the same rate, where momentum is an average, and once each at its own."""
    found = {}
    for name in ("sgd", "ema_momentum"):
        xy, f = walk(entry(name), surface("valley"), [rate])
        found[f"{name}, both at {rate:g}"] = _valley(xy[0, 0], f[0, 0], steps)
    for name in ("sgd", "momentum"):
        of = path(name, "valley")
        found[f"{name}, its own rate"] = _valley(of.xy[0], of.f[0], steps)
    return found


def _valley(xy: np.ndarray, f: np.ndarray, steps: int) -> dict[str, float | list[float | None] | None]:
    return {
        "crossings of the floor": float(crossings(xy[: steps + 1])),
        "way across": float(np.abs(np.diff(xy[:, 1])).sum()),
        "f at 20 and 50": [float(f[20]), float(f[50])],
    }


def steadier(numbers: Numbers) -> bool:
    """At the same rate and at its own rate momentum crosses less than half as often."""
    crossed = [median(row["crossings of the floor"]) for row in numbers.values()]
    return crossed[1] < crossed[0] / 2 and crossed[3] < crossed[2] / 2


def faster(numbers: Numbers) -> bool:
    """Each at its own rate, f is less than half of SGD's at both steps."""
    sgd, momentum = (filled(numbers[f"{name}, its own rate"]["f at 20 and 50"]) for name in ("sgd", "momentum"))
    return all(ours < theirs / 2 for ours, theirs in zip(momentum, sgd, strict=True))


CLAIMS = (
    Claim(
        "valley-steadier",
        "In a valley SGD swings from wall to wall; momentum averages the swings away.",
        "survey, 3.1 and Figure 1; study note, on Momentum",
        "A quadratic of curvatures 1 and 50: both at the rate 0.039, near the largest that SGD bears, momentum as an "
        "average so that its step is as long; and both at their own rate. Counted is how often the floor is crossed in "
        "40 steps.",
        "Momentum crosses less than half as often, in both.",
        in_the_valley,
        steadier,
        {"rate": 0.039, "steps": 40},
    ),
    Claim(
        "valley-faster",
        "Momentum is faster than SGD.",
        "survey, 3.1; study note, on Momentum",
        "The same quadratic, both at their own best rate.",
        "After 20 and after 50 steps momentum's f is less than half of SGD's.",
        in_the_valley,
        faster,
        {"rate": 0.039, "steps": 40},
    ),
)
