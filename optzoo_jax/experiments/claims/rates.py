"""Claims about the rate of a coordinate: which rates vanish, are bounded, are tamed."""

from __future__ import annotations

import numpy as np

import optzoo_jax
from optzoo_jax.experiments.claims import gradients
from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import filled, median
from optzoo_jax.experiments.landscapes.figures.closing_bounds import rates as bounded_rates
from optzoo_jax.experiments.landscapes.figures.window import weights

RATIO, DISTANCE = "largest / smallest rate at the end", "largest |rate/α* − 1|"


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


def untouched(problem: str, seeds: list[int], early: int, coordinates: int) -> Numbers:
    """How many of AdaBound's first rates are what they would be without its bounds, among a network's weights."""
    shares: list[float | None] = []
    for seed in seeds:
        free, bounded = gradients.rates(optzoo_jax.adabound(1e-3), _moving(problem, early, seed, coordinates))
        shares.append(float(np.isclose(bounded, free * 1e-3, rtol=1e-5).mean()))
    return {"adabound": {f"share of the rates of the first {early} steps that are Adam's": shares}}


def begins_as_adam(numbers: Numbers) -> bool:
    """For every seed nine tenths or more."""
    return min(filled(next(iter(numbers["adabound"].values())), worst=0)) >= 0.9


def closing(steps: int) -> Numbers:
    """The last rates of gradients of the sizes 1, 10⁻² and 3·10⁻⁴, Adam's and AdaBound's."""
    free, bounded = (stream.values[-1] for stream in bounded_rates(steps))
    return {
        name: {RATIO: float(rate.max() / rate.min()), DISTANCE: float(np.abs(rate / 0.1 - 1).max())}
        for name, rate in {"adam": free * 1e-3, "adabound": bounded}.items()
    }


def ends_as_sgd(numbers: Numbers) -> bool:
    """In the end one rate for all."""
    return median(numbers["adabound"][DISTANCE]) < 0.1


def tamed(problem: str, seeds: list[int], early: int, steps: int, coordinates: int) -> Numbers:
    """The largest rate among a network's weights in its first steps, over the median rate at the end."""
    found: dict[str, list[float | None]] = {"adam": [], "adamod": []}
    for seed in seeds:
        g = _moving(problem, steps, seed, coordinates)
        free, bounded = gradients.rates(optzoo_jax.adamod(1e-3), g)
        for name, rate in (("adam", free), ("adamod", bounded)):
            found[name].append(float(rate[:early].max() / np.median(free[-1])))
    return {name: {f"largest rate in the first {early} steps / the usual one": x} for name, x in found.items()}


def _moving(problem: str, steps: int, seed: int, coordinates: int) -> np.ndarray:
    """A network's gradients, without weights that have none: of a pixel that is always white every rate is 1/ε."""
    g = gradients.of_training(problem, steps, seed, coordinates)
    return g[:, np.abs(g).min(axis=0) > 0]


def tames(numbers: Numbers) -> bool:
    """For every seed less than a tenth of Adam's."""
    adam, adamod = (filled(next(iter(numbers[name].values()))) for name in ("adam", "adamod"))
    return all(ours < theirs / 10 for ours, theirs in zip(adamod, adam, strict=True))


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
        "average-window",
        "An exponential average is about the average of the last 1/(1−β) values: what is older weighs less than 1/e of "
        "the newest and can be neglected.",
        "study note, on RMSProp",
        "What `ema` still holds of a single 1 that it was fed some steps ago.",
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
    Claim(
        "adabound-begins",
        "Early in training AdaBound's bounds hardly matter: it is nearly Adam.",
        "survey, 3.2.3",
        "The gradients that Adam meets in training a network on the digits go through the released package's method "
        "with its defaults; counted are the rates that its bounds leave alone.",
        "For every seed at least 90 % of the rates of the first 10 steps.",
        untouched,
        begins_as_adam,
        {"problem": "digits-mlp", "seeds": [100, 101, 102, 103, 104], "early": 10, "coordinates": 2000},
        remark="An earlier form of this experiment, with the three invented gradients of the next one, left 83 % "
        "alone: it is the sizes that gradients have in training for which it holds.",
    ),
    Claim(
        "adabound-ends",
        "AdaBound's bounds close on one rate, so that it ends as SGD.",
        "survey, 3.2.3",
        "Normal gradients of three sizes, 1, 10⁻² and 3·10⁻⁴, through the released package's method with its defaults.",
        "After 20,000 steps all rates are within 10 % of α* = 0.1.",
        closing,
        ends_as_sgd,
        {"steps": 20_000},
        remark="As printed in the survey, with 1/√t, it does not end as SGD: its rate goes to 0 "
        "([misprints](misprints.md)).",
    ),
    Claim(
        "adamod-tames",
        "AdaMod cuts extreme rates early in training.",
        "survey, 3.2.3",
        "The gradients that Adam meets in training a network on the digits go through AdaMod; compared is the largest "
        "rate of any weight before and behind the bound.",
        "For every seed the largest early rate is less than a tenth of Adam's.",
        tamed,
        tames,
        {"problem": "digits-mlp", "seeds": [100, 101, 102, 103, 104], "early": 20, "steps": 200, "coordinates": 2000},
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
