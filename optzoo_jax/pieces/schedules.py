"""Hyperparameters that are made of others: functions of the count 0, 1, …, as schedules are.

The count is an integer, which a division would make a float32 also where the arrays are wider: it is cast first.
"""

from __future__ import annotations

import functools
from typing import Any

import jax.numpy as jnp

from optzoo_jax.arguments import Hyper


def warmed_up(value: Hyper, steps: int) -> Hyper:
    """α·min(1, t/T), α a number or a schedule; α where T is 0."""
    return value if isinstance(steps, int) and steps == 0 else functools.partial(_warmed_up, value, steps)


def at_most_inverse_root_of_t(value: Hyper) -> Hyper:
    """min(α, 1/√t), α a number or a schedule."""
    return functools.partial(_at_most_inverse_root_of_t, value)


def from_the_second(value: Hyper) -> Hyper:
    """0 in the first step, then β, a number or a schedule: of an average, one that begins with what it sees first."""
    return functools.partial(_from_the_second, value)


def in_every(interval: int, value: Hyper) -> Hyper:
    """β in steps 1, 1 + k, 1 + 2k, …, and 1 in between: of an average, one that stands still there."""
    return functools.partial(_in_every, interval, value)


def lag(decay: Hyper, gamma: Hyper) -> Hyper:
    """γβ/(1−β), both numbers or schedules."""
    return functools.partial(_lag, decay, gamma)


def negative(value: Hyper) -> Hyper:
    """−p, p a number or a schedule."""
    return functools.partial(_negative, value) if callable(value) else -value


def at(value: Hyper, count: Any) -> Any:
    """The value of a hyperparameter at a count, where it is a schedule."""
    return value(count) if callable(value) else value


def _t(count: Any) -> Any:
    return jnp.asarray(count).astype(float) + 1


def _warmed_up(value: Hyper, steps: int, count: Any) -> Any:
    return at(value, count) * jnp.minimum(1, _t(count) / steps)


def _at_most_inverse_root_of_t(value: Hyper, count: Any) -> Any:
    return jnp.minimum(at(value, count), 1 / jnp.sqrt(_t(count)))


def _from_the_second(value: Hyper, count: Any) -> Any:
    return jnp.where(count == 0, 0.0, at(value, count))


def _in_every(interval: int, value: Hyper, count: Any) -> Any:
    return jnp.where(count % interval == 0, at(value, count), 1.0)


def _lag(decay: Hyper, gamma: Hyper, count: Any) -> Any:
    share: Any = at(decay, count)
    return at(gamma, count) * share / (1 - share)


def _negative(value: Hyper, count: Any) -> Any:
    return -at(value, count)
