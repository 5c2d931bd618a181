"""Claims about friction: diffGrad and AdaDB."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np
import optax

import optzoo_jax
from optzoo_jax.experiments.claims import gradients
from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import filled, median
from optzoo_jax.experiments.landscapes.paths import walks
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.methods.entries import entry


def on_the_way(surfaces: list[str], early: int) -> Numbers:
    """diffGrad's friction on its way over a surface: over the first steps, and over the last ones, at the minimum."""
    found = {}
    for name in surfaces:
        (path,) = walks([entry("diffgrad")], surface(name))
        g = np.asarray(_slopes(name, path.xy[:, :-1]))
        factor = np.stack([_factor(optzoo_jax.diffgrad(1.0), one) for one in g])
        found[name] = {
            f"friction in the first {early} steps": [float(np.mean(one[1 : early + 1])) for one in factor],
            f"in the last {early}": [float(np.mean(one[-early:])) for one in factor],
            "f at the end": [float(f) for f in path.f[:, -1] - surface(name).least],
        }
    return found


def _slopes(name: str, xy: np.ndarray) -> np.ndarray:
    return np.asarray(jax.vmap(jax.vmap(jax.grad(surface(name).f)))(xy))


def _factor(tx: optax.GradientTransformation, g: np.ndarray) -> np.ndarray:
    """What friction multiplies the rate by, (steps, coordinates)."""
    before, behind = gradients.rates(tx, g)
    return behind / before


def slows_near_a_minimum(numbers: Numbers) -> bool:
    """From every start: hardly any friction at first, half of the rate at the end."""
    first, last = ([x for row in numbers.values() for x in filled(list(row.values())[i])] for i in (0, 1))
    return min(first) > 0.75 and max(last) < 0.55


def in_a_network(
    names: Sequence[str], columns: Sequence[str], problem: str, seeds: list[int], steps: int, coordinates: int
) -> Numbers:
    """The factor of diffGrad or AdaDB on Adam's rate, for the gradients of a network in training."""
    found = {}
    for name in names:
        tx = {"diffgrad": optzoo_jax.diffgrad, "adadb": optzoo_jax.adadb}[name](1e-3)
        rows: dict[str, list[float | None]] = {
            "median factor": [], "largest factor": [], "share within 1 % of ½": [], "share above 1": [],
        }  # fmt: skip
        for seed in seeds:
            factor = _factor(tx, gradients.of_training(problem, steps, seed, coordinates))[1:]
            values = np.median(factor), factor.max(), np.mean(abs(factor - 0.5) < 0.005), np.mean(factor > 1)
            for row, value in zip(rows.values(), values, strict=True):
                row.append(float(value))
        found[name] = {column: rows[column] for column in columns}
    return found


def is_half_of_adam(numbers: Numbers) -> bool:
    """For every seed, at least 90 % of all factors are ½."""
    return min(filled(numbers["diffgrad"]["share within 1 % of ½"])) >= 0.9


def is_adam_elsewhere(numbers: Numbers) -> bool:
    """For every seed at least a tenth of the factors is above 0.9: somewhere diffGrad is as fast as Adam."""
    return min(filled(numbers["diffgrad"]["largest factor"])) > 0.9


def speeds_up(numbers: Numbers) -> bool:
    """For every seed AdaDB's factor is above 1 in a tenth of the cases or more, diffGrad's never."""
    return min(filled(numbers["adadb"]["share above 1"])) >= 0.1 and median(numbers["diffgrad"]["share above 1"]) == 0


_NETWORK = (
    "The gradients that Adam meets in training a network on the digits; the factor that friction puts on the rate."
)
_SETTING = {"problem": "digits-mlp", "seeds": [100, 101, 102, 103, 104], "steps": 200, "coordinates": 2000}

CLAIMS = (
    Claim(
        "diffgrad-slows",
        "diffGrad's friction is nearly absent where the gradient changes much, and slows the steps near a minimum.",
        "survey, 3.2.2",
        "diffGrad's paths over two surfaces whose gradients are large, from four starts each; the mean of the factor "
        "ξ, which is ½ for the most friction and 1 for none.",
        "From every start ξ is above 0.75 in the first steps and below 0.55 in the last.",
        on_the_way,
        slows_near_a_minimum,
        {"surfaces": ["himmelblau", "styblinski-tang"], "early": 5},
    ),
    Claim(
        "diffgrad-network",
        "In training a network diffGrad is Adam where the gradient changes much, and has friction where it "
        "changes little.",
        "survey, 3.2.2",
        _NETWORK,
        "For every seed some weight's factor is above 0.9.",
        in_a_network,
        is_adam_elsewhere,
        {"names": ("diffgrad",), "columns": ("median factor", "largest factor"), **_SETTING},
    ),
    Claim(
        "diffgrad-half",
        "Where gradients are small everywhere diffGrad is simply Adam at half the rate.",
        "follows from survey, Algorithm 10: ξ compares a change of the gradient with 1, whatever the unit of the loss",
        _NETWORK,
        "For every seed at least 90 % of all factors are within 1 % of ½.",
        in_a_network,
        is_half_of_adam,
        {"names": ("diffgrad",), "columns": ("median factor", "share within 1 % of ½"), **_SETTING},
    ),
    Claim(
        "adadb-speeds-up",
        "AdaDB can raise a rate above Adam's as well as lower it; diffGrad only lowers it.",
        "survey, 3.2.2",
        _NETWORK,
        "For every seed AdaDB's factor is above 1 in at least 10 % of all cases; diffGrad's never is.",
        in_a_network,
        speeds_up,
        {"names": ("diffgrad", "adadb"), "columns": ("share above 1", "largest factor"), **_SETTING},
    ),
)
