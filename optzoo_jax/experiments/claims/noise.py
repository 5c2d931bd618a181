"""Claims about noise: of the gradient itself, and added to it."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax.flatten_util import ravel_pytree

from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.gradients import loss_gradients
from optzoo_jax.experiments.claims.rules import clearly_more, filled, median
from optzoo_jax.experiments.claims.trials import tuned
from optzoo_jax.experiments.methods.entries import entry
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.training.selection import grid
from optzoo_jax.experiments.training.trainer import trainer


def of_batches(problem: str, sizes: list[int], draws: int, seeds: list[int]) -> Numbers:
    """The standard deviation of the mean gradient of so many examples, drawn with replacement, at random weights."""
    chosen = load_problem(problem)
    found: dict[str, dict[str, list[float | None]]] = {"standard deviation": {str(size): [] for size in sizes}}
    for seed in seeds:
        theta, as_params = ravel_pytree(jax.jit(chosen.init)(jax.random.key(seed)))
        g = np.asarray(loss_gradients(chosen, theta, as_params))
        random = np.random.default_rng(seed)
        for size in sizes:
            # How often each example is drawn, in every draw.
            counts = random.multinomial(size, np.full(len(g), 1 / len(g)), size=draws).astype(np.float32)
            means = (counts / np.float32(size)) @ g
            found["standard deviation"][str(size)].append(float(np.sqrt(means.var(axis=0).sum())))
    return found


def a_tenth(numbers: Numbers) -> bool:
    """Each hundredfold has between 0.09 and 0.11 of the noise, for every seed."""
    row = {int(size): filled(values) for size, values in numbers["standard deviation"].items()}
    pairs = [(size, 100 * size) for size in row if 100 * size in row]
    ratios = [y / x for small, large in pairs for x, y in zip(row[small], row[large], strict=True)]
    return bool(pairs) and min(ratios) > 0.09 and max(ratios) < 0.11


def deep(depth: int, width: int, deviation: float) -> Problem:
    """A deep network for the digits whose weights begin badly: normal with one deviation, 0 for all alike."""
    start = nn.initializers.normal(deviation) if deviation else nn.initializers.zeros
    layers = [layer for _ in range(depth) for layer in (nn.Dense(width, kernel_init=start), nn.relu)]
    model = nn.Sequential([*layers, nn.Dense(10, kernel_init=start)])
    example = np.zeros((1, 64), np.float32)
    # All weights in one array: XLA:CPU takes minutes to compile noise for each of many.
    _, as_params = ravel_pytree(model.init(jax.random.key(0), example))
    return dataclasses.replace(
        load_problem("digits-mlp"),
        name=f"deep-{deviation:g}",
        init=lambda key: ravel_pytree(model.init(key, example))[0],
        outputs=lambda theta, x: jnp.asarray(model.apply(as_params(theta), x)),
        together=False,
    )


def rescue(
    deviations: list[float], depth: int, width: int, steps: int, etas: list[float], rates: int, fresh: list[int]
) -> Numbers:
    """Test accuracy of SGD with and without gradient noise, each at its best rate, from bad starts."""
    found: dict[str, dict[str, float | list[float | None] | None]] = {}
    for deviation in deviations:
        problem = deep(depth, width, deviation)
        for eta in (None, *etas):
            momentum = entry("momentum")
            train = trainer(problem, momentum.make_optimizer, steps=steps, batch_size=64, gradient_noise=eta)
            best, runs = tuned(train, grid(momentum.learning_rate, rates), [0], fresh)
            start = f"normal, {deviation:g}" if deviation else "all 0"
            found[f"{start}; {'no noise' if eta is None else f'η = {eta:g}'}"] = {
                "learning rate": best,
                "test accuracy": [run.get("test_accuracy") for run in runs],
            }
    return found


def rescues(numbers: Numbers) -> bool | None:
    """From every start where training without noise fails, some noise has clearly more, and over a half right."""
    accuracy = {row: values["test accuracy"] for row, values in numbers.items()}
    starts = list(dict.fromkeys(row.split(";")[0] for row in accuracy))
    fails = [start for start in starts if median(accuracy[f"{start}; no noise"], worst=0) < 0.5]
    if not fails:
        return None
    return all(
        any(
            clearly_more(values, accuracy[f"{start}; no noise"]) and median(values, worst=0) > 0.5
            for row, values in accuracy.items()
            if row.startswith(start)
        )
        for start in fails
    )


CLAIMS = (
    Claim(
        "noise-of-batches",
        "A hundred times the samples cost a hundred times as much and only give a tenth of the gradient's noise.",
        "study note, on SGD",
        "The gradient of the mean loss of n digits, drawn 400 times, at the initial weights of the network; the root "
        "of the variances' sum.",
        "For every seed and every pair of sizes n and 100·n the ratio is between 0.09 and 0.11.",
        of_batches,
        a_tenth,
        {"problem": "digits-mlp", "sizes": [1, 10, 100, 1000, 10_000], "draws": 400, "seeds": list(range(100, 105))},
    ),
    Claim(
        "noise-rescues",
        "Noise added to the gradient makes deep networks robust against a bad start.",
        "study note, Which optimizer?",
        "A deep network of ReLUs on the digits whose weights start at 0, or normal with one small deviation for all; "
        "SGD with momentum, with and without noise η/(1+t)^0.55, each at the best of its rates.",
        "From every start from which fewer than half of the digits are right without noise, noise of some η has "
        "clearly more right, and more than half. Not testable if training fails from none.",
        rescue,
        rescues,
        {
            "deviations": [0.0, 0.1], "depth": 8, "width": 32, "steps": 600, "etas": [0.01, 0.3, 1.0], "rates": 5,
            "fresh": [100, 101, 102, 103, 104],
        },
    ),
)  # fmt: skip
