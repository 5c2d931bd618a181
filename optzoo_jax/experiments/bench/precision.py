"""What float32 costs in digits, beside optax: bias corrections, and parameters after many steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.experimental
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax
from optzoo_jax.experiments.bench.subjects import pairs

DECAYS = (0.9, 0.99, 0.999, 0.9999, 0.99999)
_home: Any = jax if hasattr(jax, "enable_x64") else jax.experimental  # JAX 0.8
enable_x64 = _home.enable_x64
METHODS = ("rmsprop", "adam", "nadam", "amsgrad", "yogi", "radam", "adabelief")


def precision(report: Callable[[str, float], None], *, steps: int, coordinates: int) -> Iterator[dict[str, Any]]:
    """First the largest relative errors of 1/(1 − βᵗ), then the drift of methods that both libraries have.

    Args:
      report: hears what is in hand, and how many are done.
      steps: t = 1, 2, … steps.
      coordinates: how many the gradients have, for the drift.
    """
    for i, decay in enumerate(DECAYS):
        name = f"β = {decay:g}"
        report(name, i)
        with enable_x64(False):
            corrections = {"ours": _ours(decay, steps), "optax": _optax(decay, steps)}
        errors = {side: _worst(found, decay) for side, found in corrections.items()}
        yield {"name": name, "of": "bias correction", **errors}
    for i, pair in enumerate(pairs(METHODS)):
        report(pair.name, len(DECAYS) + i)
        drifts = {side: _drift(subject.make(), steps, coordinates) for side, subject in pair.sides.items()}
        yield {"name": pair.name, "of": "drift", **drifts}


COUNT = len(DECAYS) + len(METHODS)


def _ours(decay: float, steps: int) -> np.ndarray:
    """1/(1 − βᵗ), as a stream of ones is corrected."""
    tx: Any = optzoo_jax.debias(decay)
    one = jnp.ones((), jnp.float32)

    def step(state: Any, _: None) -> tuple[Any, jax.Array]:
        corrected, state = tx.update(one, state)
        return state, corrected

    return np.asarray(jax.jit(lambda: jax.lax.scan(step, tx.init(one), None, steps)[1])())


def _optax(decay: float, steps: int) -> np.ndarray:
    one = jnp.ones((), jnp.float32)
    correct = jax.jit(jax.vmap(lambda t: optax.tree_utils.tree_bias_correction(one, decay, t)))
    return np.asarray(correct(jnp.arange(1, steps + 1)))


def _worst(corrections: np.ndarray, decay: float) -> float:
    t = np.arange(1, len(corrections) + 1)
    exact = -1 / np.expm1(t * np.log(np.float64(decay)))
    return float(np.max(np.abs(corrections / exact - 1)))


def _drift(tx: Any, steps: int, coordinates: int) -> float:
    """The distance of float32's way from float64's, over the length of the latter.

    Both ways are summed in float64, so that it is the optimizer's rounding that is seen, and not the parameters'.
    """
    noise = np.random.default_rng(0).standard_normal((steps, coordinates))
    gradients = (noise + np.linspace(-1, 1, coordinates)).astype(np.float32)
    with enable_x64(False):
        narrow = _way(tx, gradients)
    with enable_x64(True):
        wide = _way(tx, gradients.astype(np.float64))
    return float(np.linalg.norm(narrow - wide) / np.linalg.norm(wide))


def _way(tx: Any, gradients: np.ndarray) -> np.ndarray:
    """The sum of all updates."""
    params = jnp.zeros(gradients.shape[1:], gradients.dtype)

    def step(state: Any, g: jax.Array) -> tuple[Any, jax.Array]:
        updates, state = tx.update(g, state, params)
        return state, updates

    updates = jax.jit(lambda gradients: jax.lax.scan(step, tx.init(params), gradients)[1])(gradients)
    return np.asarray(updates, np.float64).sum(axis=0)
