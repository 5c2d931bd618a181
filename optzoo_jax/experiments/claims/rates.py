"""Claims about the rate of a coordinate: which vanish, grow, scatter."""

from __future__ import annotations

import numpy as np

import optzoo_jax
from optzoo_jax.experiments.claims import gradients
from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import median


def vanishing(at: list[int]) -> Numbers:
    """The rate where the gradient is always 1, over the one that the method starts with."""
    steady = np.ones((max(at), 1), np.float32)
    made = {
        "adagrad": optzoo_jax.adagrad(1.0, eps_root=0.0),
        "rmsprop": optzoo_jax.rmsprop(1.0, eps_root=0.0, bias_correction=True),
        "adam": optzoo_jax.adam(1.0, eps=0.0),
    }
    found = {}
    for name, tx in made.items():
        _, rate = gradients.rates(tx, steady)
        found[name] = {f"at step {t}": float(rate[t - 1, 0] / rate[0, 0]) for t in at}
    return found


def vanishes(numbers: Numbers) -> bool:
    """Adagrad's ends below a fiftieth, the others' above a half."""
    last = {name: median(list(row.values())[-1]) for name, row in numbers.items()}
    return last["adagrad"] < 1 / 50 and min(last["rmsprop"], last["adam"]) > 0.5


def rare_and_frequent(every: int, steps: int) -> Numbers:
    """The rates of a coordinate that always has a gradient and of one that has it every so often."""
    g = np.zeros((steps, 2), np.float32)
    g[:, 0] = 1
    g[::every, 1] = 1
    found = {}
    for name, tx in {"sgd": None, "adagrad": optzoo_jax.adagrad(0.01), "rmsprop": optzoo_jax.rmsprop(1e-3)}.items():
        rate = np.ones((steps, 2)) if tx is None else gradients.rates(tx, g)[1]
        found[name] = {"rate of the rare one over that of the frequent one": float(rate[-every, 1] / rate[-every, 0])}
    return found


def favours_the_rare(numbers: Numbers) -> bool:
    """More than five times the rate."""
    return median(next(iter(numbers["adagrad"].values()))) > 5


def silent(before: int, zeros: int, small: float) -> Numbers:
    """How much a rate grows while the gradient is 0, and when gradients become small at once."""
    found = {}
    for name, tx in {"adam": optzoo_jax.adam(1e-3), "yogi": optzoo_jax.yogi(1e-2)}.items():
        row = {}
        for column, size in ((f"growth over {zeros} zeros", 0.0), (f"growth at {small:g} of the size", small)):
            g = gradients.normal(before + zeros, [1.0])
            g[before:] *= size
            rate = gradients.rates(tx, g)[1][:, 0]
            row[column] = float(rate[-1] / rate[before - 1])
        found[name] = row
    return found


def controls(numbers: Numbers) -> bool:
    """While there is no gradient Yogi's rate grows by less than 2 %, Adam's by more than 50 %."""
    adam, yogi = (list(map(median, numbers[name].values())) for name in ("adam", "yogi"))
    return yogi[0] < 1.02 and adam[0] > 1.5 and yogi[1] < adam[1]


def early_variance(coordinates: int, at: list[int]) -> Numbers:
    """The variance over coordinates of the rate 1/√v̂, where gradients are normal; RAdam's is the rectified one."""
    free, rectified = gradients.rates(optzoo_jax.radam(1.0), gradients.normal(max(at), [1.0] * coordinates))
    return {
        name: {f"at step {t}": float(np.var(rate[t - 1], dtype=np.float64)) for t in at}
        for name, rate in (("adam", free), ("radam", rectified))
    }


def is_rectified(numbers: Numbers) -> bool:
    """Adam's variance begins at more than a hundred times the last one, RAdam's is never more than twice it."""
    adam, radam = (list(map(median, numbers[name].values())) for name in ("adam", "radam"))
    return adam[0] > 100 * adam[-1] and max(radam) <= 2 * radam[-1]


CLAIMS = (
    Claim(
        "adagrad-vanishes",
        "Adagrad's rate shrinks until it is vanishingly small, since the sum of squares only grows; RMSProp's "
        "does not.",
        "survey, 3.2.1; study note, on Adagrad",
        "Gradients that are always 1; the rate at some steps over the rate at the first.",
        "At the last of these steps Adagrad's is below 1/50, RMSProp's and Adam's above ½.",
        vanishing,
        vanishes,
        {"at": [10, 100, 1000, 10_000]},
    ),
    Claim(
        "adagrad-rare",
        "Adagrad takes larger steps for parameters that rarely have a gradient, smaller ones for those that "
        "often have.",
        "survey, 3.2.1; study note, on Adagrad",
        "Two coordinates: one has the gradient 1 at every step, one at every hundredth.",
        "When both have a gradient, the rare one's rate is more than five times the other's.",
        rare_and_frequent,
        favours_the_rare,
        {"every": 100, "steps": 10_000},
    ),
    Claim(
        "yogi-controls",
        "Where gradients are sparse Adam forgets the past, and its rate grows; Yogi controls that growth.",
        "survey, 3.2.2",
        "Normal gradients of size 1, then a thousand that are 0; and the same with a thousand of 1/10 of the size.",
        "Over the zeros Yogi's rate grows by less than 2 % and Adam's by more than 50 %; over the small gradients "
        "Yogi's grows less.",
        silent,
        controls,
        {"before": 5000, "zeros": 1000, "small": 0.1},
    ),
    Claim(
        "radam-variance",
        "Early in training Adam's rate has a far too large variance, from few samples; RAdam's rectification makes it "
        "as small as later.",
        "survey, 3.2.3",
        "As in RAdam's paper: normal gradients, and the variance of the rate 1/√v̂ over coordinates, before and behind "
        "the factor rₜ. From step 5 on; before it RAdam has no adaptive rate.",
        "Adam's variance at step 5 is over 100 times that at step 2,000; RAdam's is at no step more than twice that.",
        early_variance,
        is_rectified,
        {"coordinates": 2000, "at": [5, 6, 8, 10, 20, 50, 100, 500, 2000]},
    ),
)
