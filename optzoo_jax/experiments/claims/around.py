"""Claims about what is put around an optimizer: slow weights, a warm-up."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import optzoo_jax
from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import clearly_less
from optzoo_jax.experiments.claims.speed import AT, DEEP, DIGITS, SETTING, TUNED, compare, less_on
from optzoo_jax.experiments.claims.trials import Trial, table
from optzoo_jax.experiments.landscapes.surfaces import surface

_PAIRS = (("lookahead(adam)", "adam"), ("lookahead(momentum)", "momentum"))


def in_noise(rates: dict[str, float], steps: int, seeds: int, noise: float) -> Numbers:
    """How far from the minimum of a valley a method walks about in the end, where gradients are noisy."""
    valley = dataclasses.replace(surface("valley"), noise=noise)
    makers = {"sgd": optzoo_jax.sgd, "momentum": optzoo_jax.momentum, "adam": optzoo_jax.adam}
    found: dict[str, dict[str, list[float | None]]] = {}
    for name, rate in rates.items():
        inner = makers[name](rate)
        for label, tx in ((name, inner), (f"lookahead({name})", optzoo_jax.lookahead(inner))):
            found[label] = {"mean f at the end": [float(x) for x in _resting(tx, valley, steps, seeds)]}
    return found


def _resting(tx: Any, valley: Any, steps: int, seeds: int) -> np.ndarray:
    @jax.jit
    def run(tilts: jax.Array) -> jax.Array:
        def step(carry: Any, tilt: jax.Array) -> Any:
            xy, state = carry
            updates, state = tx.update(jax.grad(valley.f)(xy) + valley.noise * tilt, state, xy)
            xy = xy + updates
            return (xy, state), valley.f(optzoo_jax.eval_params(state, xy))

        start = jnp.asarray(valley.starts[0])
        f = jax.lax.scan(step, (start, tx.init(start)), tilts)[1]
        return f[steps // 2 :].mean()

    random = np.random.default_rng(0).standard_normal((seeds, steps, 2))
    return np.asarray([run(jnp.asarray(tilts, dtype=float)) for tilts in random])


def lowers_variance(numbers: Numbers) -> bool:
    """Inside Lookahead each method walks about clearly nearer to the minimum."""
    rows = {name: row["mean f at the end"] for name, row in numbers.items()}
    inner = [name for name in rows if f"lookahead({name})" in rows]
    return all(clearly_less(rows[f"lookahead({name})"], rows[name]) for name in inner)


def warmed(**trials: Trial) -> Numbers:
    """Adam and RAdam with half a cosine, and Adam with a warm-up before it."""
    found = {}
    for where, trial in trials.items():
        warm = dataclasses.replace(trial, schedule="warmup-cosine")
        columns = ("test loss", "steps to target")
        plain = table(("adam", "radam"), columns, dataclasses.replace(trial, schedule="cosine"))
        found[f"adam, {AT[where]}"] = plain["adam"]
        found[f"adam + warm-up, {AT[where]}"] = table(("adam",), columns, warm)["adam"]
        found[f"radam, {AT[where]}"] = plain["radam"]
    return found


def needs_no_warmup(numbers: Numbers) -> bool | None:
    """Where a warm-up clearly helps Adam, RAdam is clearly better than Adam and not clearly worse than with warm-up."""
    loss = {name: row["test loss"] for name, row in numbers.items()}
    places = [p for p in AT.values() if clearly_less(loss[f"adam + warm-up, {p}"], loss[f"adam, {p}"])]
    if not places:
        return None
    return all(
        clearly_less(loss[f"radam, {p}"], loss[f"adam, {p}"])
        and not clearly_less(loss[f"adam + warm-up, {p}"], loss[f"radam, {p}"])
        for p in places
    )


CLAIMS = (
    Claim(
        "lookahead-improves",
        "Lookahead mostly improves the optimizer inside it.",
        "survey, 3.2.3",
        f"Adam and momentum, alone and inside Lookahead (k = 5, half of the way), on the digits and the deep "
        f"autoencoder; {TUNED}",
        "In all four pairs the test loss is clearly less with Lookahead.",
        functools.partial(compare, [name for pair in _PAIRS for name in pair]),
        less_on("test loss", _PAIRS, "digits", "autoencoder"),
        {"columns": ("test loss", "test accuracy", "unrest"), **SETTING},
    ),
    Claim(
        "lookahead-variance",
        "Lookahead lowers the variance of the optimizer inside it.",
        "survey, 3.2.3",
        "A valley whose gradients are noisy, each method at one rate, alone and inside Lookahead; the mean of f over "
        "the second half of the steps, at the weights that one would evaluate.",
        "For SGD, momentum and Adam f is clearly less inside Lookahead.",
        in_noise,
        lowers_variance,
        {"rates": {"sgd": 0.02, "momentum": 0.005, "adam": 0.02}, "steps": 2000, "seeds": 8, "noise": 1.0},
    ),
    Claim(
        "radam-warm-up",
        "RAdam needs no warm-up: it does what a warm-up does for Adam.",
        "survey, 3.2.3; study note, on RAdam",
        f"Adam, Adam with a warm-up over a tenth of the steps, and RAdam, all with half a cosine; {TUNED}",
        "Where a warm-up makes Adam's test loss clearly less, RAdam's is clearly less than Adam's without, and with it "
        "Adam's is not clearly less than RAdam's. Not testable where a warm-up helps on neither problem.",
        warmed,
        needs_no_warmup,
        {"digits": dataclasses.replace(DIGITS, sharp=False), "deep": DEEP},
    ),
)
