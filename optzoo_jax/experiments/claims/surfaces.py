"""Paths over surfaces, each method at the rate that suits it: what claims about them share, and one about all."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from optzoo_jax.experiments.claims.claim import Claim, Numbers, Value
from optzoo_jax.experiments.claims.rules import median
from optzoo_jax.experiments.keeping.plain import plain
from optzoo_jax.experiments.landscapes.paths import Path, walks
from optzoo_jax.experiments.landscapes.surfaces import SURFACES, surface
from optzoo_jax.experiments.methods.entries import entry

ADAPTIVE = ("adagrad", "adadelta", "rmsprop")
PLAIN = ("sgd", "momentum", "nag")
ANIMATIONS = "study note, on the two animations"
BEST_RATE = "Each method has the learning rate, of 13, whose f is the lowest most often; "


@functools.cache
def path(name: str, on: str) -> Path:
    """At the learning rate that the rule of the landscapes chooses."""
    (found,) = walks([entry(name)], surface(on))
    return found


def first(arrived: np.ndarray) -> list[float | None]:
    """For each row, the first step at which it is so; None for never."""
    return [float(np.argmax(row)) if row.any() else None for row in arrived]


def on_all(names: tuple[str, ...]) -> Numbers:
    """The median f over the starts at the end of each surface, above the least."""
    found = {}
    for of in SURFACES.values():
        f = {name: path(name, of.name).f[:, -1] - of.least for name in names}
        found[of.name] = {name: plain(np.median(np.where(np.isfinite(x), x, np.inf))) for name, x in f.items()}
    return found


def adaptive_is_best(numbers: Numbers) -> bool:
    """On more than half of the surfaces an adaptive method is lower than every other; a tie speaks against."""

    def wins(row: Mapping[str, Value]) -> bool:
        adaptive = (*ADAPTIVE, "adam")
        others = [median(f) for name, f in row.items() if name not in adaptive]
        return min(median(row[name]) for name in adaptive) < min(others)

    return sum(map(wins, numbers.values())) > len(numbers) / 2


CLAIMS = (
    Claim(
        "adaptive-best",
        "Methods with adaptive rates, Adagrad, Adadelta, RMSprop and Adam, converge best.",
        ANIMATIONS,
        "All eight surfaces, four starts each. " + BEST_RATE
        + "compared is f above its least at the end, the median over the starts.",
        "On more than half of the surfaces the lowest f is that of one of the four.",
        on_all,
        adaptive_is_best,
        {"names": (*PLAIN, *ADAPTIVE, "adam")},
    ),
)  # fmt: skip
