"""How the learning rate changes in the course of a run; it is the schedule's peak."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp

from optzoo_jax.experiments.arguments.names import known

SCHEDULES = {
    "constant": "the same at every step",
    "cosine": "half a cosine down to 0",
    "warmup-cosine": "up in equal stairs for the first tenth of the steps, then half a cosine down to 0",
    "step": "a tenth after half of the steps, a hundredth after three quarters",
}


@dataclasses.dataclass(frozen=True)
class Scheduled:
    """A learning rate that follows a schedule: a function of the number of updates made so far, as optax's are.

    Attributes:
      peak: the learning rate, float32, which may be traced.
      shape: the schedule for a peak of 1, a function of t and the number of steps.
      steps: of the run.
    """

    peak: jax.Array
    shape: Callable[[jax.Array, int], jax.Array]
    steps: int

    def __call__(self, count: jax.typing.ArrayLike) -> jax.Array:
        return self.peak * self.shape(jnp.asarray(count, jnp.float32), self.steps)


def schedule(name: str, steps: int) -> Callable[[jax.Array], jax.Array | Scheduled]:
    """A function from a learning rate to what an optimizer takes for it.

    Args:
      name: one of `SCHEDULES`.
      steps: of the run, ≥ 1.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    if known("no schedule is called", name, SCHEDULES) == "constant":
        return lambda rate: rate
    shape = {"cosine": _cosine, "warmup-cosine": _warmup_cosine, "step": _step}[name]
    return lambda rate: Scheduled(rate, shape, steps)


def _cosine(t: jax.Array, steps: int) -> jax.Array:
    return (1 + jnp.cos(jnp.pi * t / steps)) / 2


def _warmup_cosine(t: jax.Array, steps: int) -> jax.Array:
    stairs = max(1, round(steps / 10))
    top = stairs - 1  # the first stair is not 0: no step is wasted
    return jnp.where(t < top, (t + 1) / stairs, _cosine(t - top, steps - top))


def _step(t: jax.Array, steps: int) -> jax.Array:
    return jnp.where(2 * t < steps, 1.0, jnp.where(4 * t < 3 * steps, 0.1, 0.01)).astype(t.dtype)
