"""Claims about Beale's function, a bent valley: who turns to the minimum, arrives, overshoots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import filled
from optzoo_jax.experiments.claims.surfaces import ADAPTIVE, ANIMATIONS, BEST_RATE, PLAIN, first, path
from optzoo_jax.experiments.landscapes.paths import Path
from optzoo_jax.experiments.landscapes.surfaces import surface

STARTS = (0, 1, 3)  # from which every method finds the minimum
ANGLE, RISE, ARRIVAL = "angle to the minimum, °", "largest rise of f", "steps to f < 0.1"


def on_beale(columns: Sequence[str]) -> Numbers:
    """Where the first steps lead, how far f rises again, and when it falls below 0.1; from each of three starts."""
    found = {}
    for name in (*ADAPTIVE, *PLAIN):
        of = path(name, "beale")
        found[name] = {
            ANGLE: [angle_to_minimum(of, start) for start in STARTS],
            RISE: [largest_rise(of, start) for start in STARTS],
            ARRIVAL: first(of.f[list(STARTS)] < 0.1),
        }
    return {name: {column: row[column] for column in columns} for name, row in found.items()}


def angle_to_minimum(of: Path, start: int, steps: int = 5) -> float:
    """Between the way of the first steps and the straight way to the minimum of Beale's function, in degrees."""
    xy = of.xy[start]
    way, straight = xy[steps] - xy[0], np.array(surface("beale").minima[0]) - xy[0]
    return float(np.degrees(np.arccos(way @ straight / np.linalg.norm(way) / np.linalg.norm(straight))))


def largest_rise(of: Path, start: int) -> float:
    """Of f over the least that it was before."""
    f = of.f[start]
    return float(np.max(f - np.minimum.accumulate(f)))


def turns(numbers: Numbers) -> bool:
    """From every start all three turn nearer to the minimum than NAG and momentum."""
    angle = {name: filled(row[ANGLE]) for name, row in numbers.items()}
    return all(
        max(angle[name][i] for name in ADAPTIVE) < min(angle["nag"][i], angle["momentum"][i])
        for i in range(len(STARTS))
    )


def arrives_first(numbers: Numbers) -> bool:
    """From every start all three before SGD, momentum and NAG."""
    steps = {name: filled(row[ARRIVAL]) for name, row in numbers.items()}
    return all(
        max(steps[name][i] for name in ADAPTIVE) < min(steps[name][i] for name in PLAIN) for i in range(len(STARTS))
    )


def corrects_sooner(numbers: Numbers) -> bool:
    """From the first two starts, where momentum overshoots, f rises less than half as far and NAG arrives sooner."""
    rise, steps = ({name: filled(numbers[name][column]) for name in ("nag", "momentum")} for column in (RISE, ARRIVAL))
    return all(rise["nag"][i] < rise["momentum"][i] / 2 and steps["nag"][i] < steps["momentum"][i] for i in (0, 1))


CLAIMS = (
    Claim(
        "beale-turn",
        "On Beale's function Adagrad, Adadelta and RMSprop turn to the minimum at once; momentum and NAG leave "
        "the track.",
        ANIMATIONS,
        "Three starts from which every method finds the minimum. " + BEST_RATE
        + "measured is the angle between the first five steps and the straight way to the minimum.",
        "From every start the largest angle of the three is less than NAG's and momentum's.",
        on_beale,
        turns,
        {"columns": (ANGLE,)},
    ),
    Claim(
        "beale-first",
        "On Beale's function Adagrad, Adadelta and RMSprop converge quickest.",
        ANIMATIONS,
        "The same paths; counted are the steps until f < 0.1.",
        "From every start all three arrive before SGD, momentum and NAG.",
        on_beale,
        arrives_first,
        {"columns": (ARRIVAL,)},
    ),
    Claim(
        "nesterov-corrects",
        "Nesterov's gradient ahead corrects an overshoot sooner than momentum does.",
        "survey, 3.1; study note, on NAG and on the two animations",
        "The same paths, from the two starts at which momentum overshoots; measured is how far f rises above what it "
        "was before, on the other side of the valley.",
        "From both, f rises less than half as far with NAG, and f < 0.1 is reached in fewer steps.",
        on_beale,
        corrects_sooner,
        {"columns": (RISE, ARRIVAL)},
    ),
)  # fmt: skip
