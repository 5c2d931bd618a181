"""How the learning rate changes in the course of a run; it is the schedule's peak."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from optzoo_jax.experiments.arguments.names import known

DEFAULT = "warmup-cosine"
SCHEDULES = {
    "constant": "the same at every step",
    "linear": "a straight line down to 0",
    "cosine": "half a cosine down to 0",
    "warmup-cosine": "up in equal stairs for a twentieth of the steps, then half a cosine down to 0",
}


@dataclasses.dataclass(frozen=True)
class Scheduled:
    """A learning rate that follows a schedule: a function of the number of updates made so far, as optax's are.

    Attributes:
      peak: the learning rate, float32, which may be traced.
      shape: the schedule for a peak of 1, a function of t.
    """

    peak: jax.Array
    shape: Callable[[jax.Array], jax.Array]

    def __call__(self, count: jax.typing.ArrayLike) -> jax.Array:
        return self.peak * self.shape(jnp.asarray(count, jnp.float32))


def schedule(names: str | Sequence[str], steps: int) -> Callable[..., jax.Array | Scheduled]:
    """A function from a learning rate, and which of several schedules it follows, to what an optimizer takes for it.

    Args:
      names: one of `SCHEDULES`, or several: the index among them may be traced, so that one program does for all.
      steps: of the run, ≥ 1.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    names = [names] if isinstance(names, str) else list(names)
    shapes = [_SHAPES[known("no schedule is called", name, SCHEDULES)] for name in names]
    if names == ["constant"]:
        return lambda rate, index=0: rate
    if len(shapes) == 1:
        return lambda rate, index=0: Scheduled(rate, lambda t: shapes[0](t, steps))
    return lambda rate, index=0: Scheduled(rate, lambda t: jnp.stack([shape(t, steps) for shape in shapes])[index])


def _cosine(t: jax.Array, steps: int) -> jax.Array:
    return (1 + jnp.cos(jnp.pi * t / steps)) / 2


def _warmup_cosine(t: jax.Array, steps: int) -> jax.Array:
    stairs = max(1, round(steps / 20))
    top = stairs - 1  # the first stair is not 0: no step is wasted
    return jnp.where(t < top, (t + 1) / stairs, _cosine(t - top, steps - top))


_SHAPES: dict[str, Callable[[jax.Array, int], jax.Array]] = {
    "constant": lambda t, steps: jnp.ones_like(t),
    "linear": lambda t, steps: 1 - t / steps,
    "cosine": _cosine,
    "warmup-cosine": _warmup_cosine,
}
