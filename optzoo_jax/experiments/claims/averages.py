"""Claims about averages: how far back they look, and how they begin."""

from __future__ import annotations

import numpy as np

import optzoo_jax
from optzoo_jax.experiments.claims import gradients
from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import median
from optzoo_jax.experiments.landscapes.figures.window import weights


def averages(decays: list[float]) -> Numbers:
    """Of an average's weights: the one at the age 1/(1−β) over the newest, and the share that is younger."""
    found = {}
    for decay in decays:
        weight, age = weights(decay, ages=1000), round(1 / (1 - decay))
        found[f"β = {decay}"] = {
            "window": float(age),
            "weight at its end / newest": float(weight[age] / weight[0]),
            "share within": float(weight[:age].sum()),
        }
    return found


def fades(numbers: Numbers) -> bool:
    """Beyond the window weights are below 1/e, and less than half of the average."""
    ends = [median(row["weight at its end / newest"]) for row in numbers.values()]
    return max(ends) < 1 / np.e and min(median(row["share within"]) for row in numbers.values()) > 0.5


def early_average(decay: float, at: list[int]) -> Numbers:
    """An average of gradients that are all 1, as it is and corrected."""
    ones = np.ones((max(at), 1), np.float32)
    plain, corrected = gradients.watch(optzoo_jax.debiased_ema(decay), ones)
    return {
        name: {f"at step {t}": float(stream.values[t - 1, 0]) for t in at}
        for name, stream in {"average": plain, "corrected": corrected}.items()
    }


def begins_near_zero(numbers: Numbers) -> bool:
    """At first the average is below a half, the corrected one within 1 % of 1 always."""
    corrected = [median(x) for x in numbers["corrected"].values()]
    return median(next(iter(numbers["average"].values()))) < 0.5 and max(abs(x - 1) for x in corrected) < 0.01


CLAIMS = (
    Claim(
        "average-window",
        "An exponential average is about the average of the last 1/(1−β) values: what is older weighs less than 1/e of "
        "the newest and can be neglected.",
        "study note, on RMSProp",
        "What `raw_ema` still holds of a single 1 that it was fed some steps ago.",
        "At the age 1/(1−β) a weight is below 1/e of the newest, and more than half of all weight is younger.",
        averages,
        fades,
        {"decays": [0.8, 0.9, 0.95]},
        remark="Neglected would be a third of the average: 1/e of all weight is older.",
    ),
    Claim(
        "bias-correction",
        "In the first steps averages that start at 0 are too near to it; the bias correction cures that, and later "
        "goes away by itself.",
        "survey, 3.2.1; study note, on Adam",
        "An average (β = 0.9) of gradients that are all 1.",
        "In the first step the average is below ½; the corrected one is always within 1 % of 1.",
        early_average,
        begins_near_zero,
        {"decay": 0.9, "at": [1, 5, 10, 100]},
    ),
)
