"""Claims about bounds on rates: AdaBound, AdaMod."""

from __future__ import annotations

import numpy as np

import optzoo_jax
from optzoo_jax.experiments.claims import gradients
from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import filled, median
from optzoo_jax.experiments.landscapes.figures.closing_bounds import rates as bounded_rates

RATIO, DISTANCE = "largest / smallest rate at the end", "largest |rate/α* − 1|"


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


CLAIMS = (
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
)
