"""Claims about weight decay: what L2 regularization becomes in Adam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax
from optzoo_jax.experiments.claims import gradients
from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import filled


def shrinkage(names: Sequence[str], sizes: list[float], copies: int, steps: int, rate: float, decay: float) -> Numbers:
    """Which share of a weight is gone after some steps of random gradients, by their size; the mean over copies."""
    g = gradients.normal(steps, list(np.repeat(sizes, copies)))
    made = {
        "adam with L2": optzoo_jax.adam(rate, weight_decay=decay, weight_decay_mode="l2"),
        "adamw": optzoo_jax.adamw(rate, weight_decay=decay, weight_decay_mode="decoupled"),
        "sgd with L2": optzoo_jax.sgd(rate, weight_decay=decay, weight_decay_mode="l2"),
        "sgd with weight decay": optzoo_jax.sgd(rate, weight_decay=decay, weight_decay_mode="decoupled"),
    }
    found = {}
    for name in names:
        tx = made[name]
        # The same gradients with both signs: their own walk cancels.
        ends = (np.asarray(_walk(tx, jnp.asarray(sign * g))) for sign in (1, -1))
        gone = 1 - np.mean(list(ends), axis=0).reshape(len(sizes), copies).mean(axis=1)
        found[name] = {f"gradients of size {size:g}": float(x) for size, x in zip(sizes, gone, strict=True)}
    return found


def _walk(tx: optax.GradientTransformation, g: jax.Array) -> jax.Array:
    """Where weights of 1 end."""

    @jax.jit
    def run(theta: jax.Array) -> jax.Array:
        def step(carry: Any, g: jax.Array) -> Any:
            theta, state = carry
            updates, state = tx.update(g, state, theta)
            return (optax.apply_updates(theta, updates), state), None

        return jax.lax.scan(step, (theta, tx.init(theta)), g)[0][0]

    return run(jnp.ones_like(g[0]))


def spares_large_gradients(numbers: Numbers) -> bool:
    """With L2 the share falls at least tenfold from the smallest to the largest gradients; decoupled it is the same."""
    l2, decoupled = (filled(list(numbers[name].values())) for name in ("adam with L2", "adamw"))
    return l2[-1] < l2[0] / 10 and max(decoupled) < 1.05 * min(decoupled)


def same_for_sgd(numbers: Numbers) -> bool:
    """For every size within 1 %."""
    a, b = (filled(list(numbers[name].values())) for name in ("sgd with L2", "sgd with weight decay"))
    return all(abs(x / y - 1) < 0.01 for x, y in zip(a, b, strict=True))


_EXPERIMENT = (
    "Weights that begin at 1 meet normal gradients of four sizes, and the same ones with the other sign, so that what "
    "is left in the mean is the decay; the share of the weight that is gone at the end."
)
_SETTING = {"sizes": [0.01, 0.1, 1.0, 10.0], "copies": 500, "steps": 1000, "rate": 1e-3, "decay": 0.1}

CLAIMS = (
    Claim(
        "l2-not-decoupled",
        "In Adam L2 regularization is not weight decay: weights with large gradients are decayed less.",
        "survey, 3.2.1; study note, on AdamW",
        _EXPERIMENT,
        "With L2 the share at the largest gradients is less than a tenth of that at the smallest; with AdamW all "
        "shares are within 5 %.",
        shrinkage,
        spares_large_gradients,
        {"names": ("adam with L2", "adamw"), **_SETTING},
    ),
    Claim(
        "l2-sgd",
        "For plain SGD L2 regularization and weight decay are the same.",
        "survey, 3.2.1",
        _EXPERIMENT,
        "At every size the two shares are within 1 % of each other.",
        shrinkage,
        same_for_sgd,
        {"names": ("sgd with L2", "sgd with weight decay"), **_SETTING},
    ),
)
