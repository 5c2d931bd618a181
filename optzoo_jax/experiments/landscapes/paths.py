"""The way of a method over a surface, from all starts and at all learning rates in one compiled program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.experiments.landscapes.surfaces import Surface
from optzoo_jax.experiments.methods.entries import Entry

RULE = "the one whose f is the lowest most often, over all steps and starts"
RATES = 13


@dataclasses.dataclass(frozen=True, eq=False)
class Path:
    """A method's ways over a surface.

    Attributes:
      name: of the method.
      rate: the learning rate that was chosen.
      on_edge: whether it is the smallest or the largest that was tried.
      xy: (starts, steps + 1, 2), the starts among them; NaN or ∞ where a path diverged.
      f: (starts, steps + 1), the values there.
    """

    name: str
    rate: float
    on_edge: bool
    xy: np.ndarray
    f: np.ndarray

    @property
    def diverged(self) -> np.ndarray:
        """(starts,): whether a way met a value that is not finite."""
        return np.logical_not(np.isfinite(self.f).all(axis=-1))


def walks(
    entries: Sequence[Entry], surface: Surface, report: Callable[[str, float], None] = lambda what, done: None
) -> Iterator[Path]:
    """Each method's path at the learning rate that `RULE` chooses among `RATES` at half decades around its default.

    Args:
      entries: the methods.
      surface: where they walk.
      report: called with a name and how many are done.
    """
    for i, entry in enumerate(entries):
        report(entry.name, i)
        rates = grid(entry.learning_rate, RATES)
        xy, f = walk(entry, surface, rates)
        best = most_often_lowest(f)
        yield Path(entry.name, rates[best], best in (0, RATES - 1), xy[best], f[best])


def grid(default: float | None, count: int) -> list[float]:
    """Learning rates at half decades with the default in their middle (the lower middle, where `count` is even)."""
    if default is None:
        raise ValueError("a method without a default learning rate walks over no landscape: give it one")
    return [default * 10 ** ((i - (count - 1) // 2) / 2) for i in range(count)]


def walk(entry: Entry, surface: Surface, rates: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Points (rates, starts, steps + 1, 2) and the values there, without noise.

    Args:
      entry: the method.
      surface: where it walks.
      rates: learning rates.
    """
    starts, alphas = jnp.asarray(surface.starts), jnp.asarray(rates)

    def one(alpha: jax.Array, start: jax.Array) -> jax.Array:
        tx = optax.with_extra_args_support(entry.untuned(alpha))

        def step(carry: tuple, t: jax.Array) -> tuple[Any, Any]:
            xy, state = carry

            def objective(xy: jax.Array) -> jax.Array:
                return surface.sampled(xy, t)

            updates, state = tx.update(jax.grad(objective)(xy), state, xy, value_fn=objective)
            xy = optax.apply_updates(xy, updates)
            return (xy, state), xy

        _, way = jax.lax.scan(step, (start, tx.init(start)), jnp.arange(surface.steps))
        return jnp.concatenate([start[None], way])

    @jax.jit
    def program(alphas: jax.Array, starts: jax.Array) -> tuple[jax.Array, jax.Array]:
        xy = jax.vmap(jax.vmap(one, (None, 0)), (0, None))(alphas, starts)
        return xy, surface.f(xy)

    return jax.device_get(program(alphas, starts))


def most_often_lowest(f: np.ndarray) -> int:
    """Which rate has the lowest f most often, `RULE`: the first axis is the rates; the smallest, where several do.

    Counted are all others that a rate is below, a tie as half of one; what is not finite is ∞. Only the order of values
    enters: neither their scale, nor how low f can be, nor where.
    """
    f = np.where(np.isfinite(f), f, np.inf).reshape(len(f), -1)
    wins = [np.mean((mine < f) + 0.5 * (mine == f)) for mine in f]
    return int(np.argmax(wins))
