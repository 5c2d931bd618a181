"""Gradients to feed a method with: those of a network in training, and made ones."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

import optzoo_jax
from optzoo_jax.experiments.landscapes.watch import watch
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.problems.problem import Problem


@functools.cache
def of_training(problem: str, steps: int, seed: int, coordinates: int) -> np.ndarray:
    """(steps, coordinates): the gradients that Adam meets at 10⁻³, of coordinates drawn at random.

    Args:
      problem: its name.
      steps: of training.
      seed: of initial parameters, batches and the draw.
      coordinates: how many of the parameters.
    """
    chosen = load_problem(problem)
    random = np.random.default_rng(seed)
    x, y = chosen.data.train
    rows = random.integers(len(y), size=(steps, 64))
    theta, as_params = ravel_pytree(jax.jit(chosen.init)(jax.random.key(seed)))
    kept = np.sort(random.choice(theta.size, min(coordinates, theta.size), replace=False))
    tx = optzoo_jax.adam(1e-3)

    @jax.jit
    def run(theta: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
        def step(carry: Any, rows: jax.Array) -> Any:
            theta, state = carry
            g = jax.grad(lambda theta: chosen.objective(as_params(theta), x[rows], y[rows]))(theta)
            updates, state = tx.update(g, state, theta)
            return (optax.apply_updates(theta, updates), state), g[kept]

        return jax.lax.scan(step, (theta, tx.init(theta)), jnp.asarray(rows))[1]

    return np.asarray(run(theta, jnp.asarray(x), jnp.asarray(y)))


def normal(steps: int, sizes: list[float], seed: int = 0) -> np.ndarray:
    """(steps, coordinates): normal, float32, with a standard deviation for each coordinate.

    Args:
      steps: how many.
      sizes: the standard deviations.
      seed: of the draw.
    """
    return (np.random.default_rng(seed).standard_normal((steps, len(sizes))) * np.array(sizes)).astype(np.float32)


def rates(tx: optax.GradientTransformation, gradients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A method's rates, (steps, coordinates): before its last part in the rate branch, and behind it.

    Args:
      tx: an optimizer of this library.
      gradients: (steps, coordinates).
    """
    before, behind = [stream.values for stream in watch(tx, gradients) if stream.branch == "rate"][-2:]
    return before, behind


def loss_gradients(problem: Problem, theta: jax.Array, as_params: Any) -> jax.Array:
    """(examples, parameters): every training example's own gradient."""

    def one(x: jax.Array, y: jax.Array) -> jax.Array:
        return jax.grad(lambda theta: problem.objective(as_params(theta), x[None], y[None]))(theta)

    return jax.jit(jax.vmap(one))(*map(jnp.asarray, problem.data.train))
