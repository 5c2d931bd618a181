"""How the learning rate changes in the course of a run; it is the schedule's peak."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import unknown

SCHEDULES = {
    "constant": "the same at every step",
    "cosine": "half a cosine down to 0",
    "warmup-cosine": "up in a straight line for the first tenth of the steps, then half a cosine down to 0",
    "step": "a tenth after half of the steps, a hundredth after three quarters",
}


@dataclasses.dataclass(frozen=True)
class Scheduled:
    """A learning rate that follows a schedule: a function of the number of updates made so far.

    Attributes:
      peak: the learning rate, float32, which may be traced.
      shape: the schedule for a peak of 1.
    """

    peak: jax.Array
    shape: optax.Schedule

    def __call__(self, count: jax.typing.ArrayLike) -> jax.Array:
        return self.peak * jnp.asarray(self.shape(count), jnp.float32)


def schedule(name: str, steps: int) -> Callable[[jax.Array], jax.Array | Scheduled]:
    """A function from a learning rate to what an optimizer takes for it.

    Args:
      name: one of `SCHEDULES`.
      steps: of the run, ≥ 1.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    if name not in SCHEDULES:
        unknown(f"no schedule is called {name!r}", name, list(SCHEDULES))
    if name == "constant":
        return lambda rate: rate
    # optax's schedules do not take a traced peak; those of peak 1 are multiplied.
    shape = {"cosine": _cosine, "warmup-cosine": _warmup_cosine, "step": _step}[name](steps)
    return lambda rate: Scheduled(rate, shape)


def _cosine(steps: int) -> optax.Schedule:
    return optax.cosine_decay_schedule(1.0, steps)


def _warmup_cosine(steps: int) -> optax.Schedule:
    # The first step is not one of length 0: it is the first of the stairs to the peak.
    stairs = max(1, round(steps / 10))
    return optax.warmup_cosine_decay_schedule(1 / stairs, 1.0, stairs - 1, steps)


def _step(steps: int) -> optax.Schedule:
    return optax.piecewise_constant_schedule(1.0, {steps // 2: 0.1, 3 * steps // 4: 0.1})
