"""Steps that take turns with a copy in place, and the bytes that a step cannot do without."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

import optzoo_jax
from optzoo_jax.experiments.bench.subjects import Subject
from optzoo_jax.experiments.bench.trees import size_of

FEWEST, MOST, ENOUGH = 3, 25, 2.0  # rounds, and the seconds after which no other begins


def in_turns(runs: Mapping[str, Iterator[None]]) -> dict[str, list[float]]:
    """Seconds of each `next`; they take turns, so that whatever else the machine does falls on all alike.

    In an order that is drawn anew in each round, since after one step another is slower than after a third.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        next(run)  # what a first call makes, and what it finds in no cache
    turns, draw = list(runs.items()), random.Random(0)
    begun = time.perf_counter()
    for i in range(MOST):
        if i >= FEWEST and time.perf_counter() - begun > ENOUGH:
            break
        draw.shuffle(turns)
        for name, run in turns:
            begin = time.perf_counter()
            next(run)
            times[name].append(time.perf_counter() - begin)
    return times


def run_of(subject: Subject, program: Any, shapes: Any) -> Iterator[None]:
    """Each `next` is one call of a compiled step, awaited."""
    grads = jax.tree.map(lambda x: jnp.full(x.shape, 1e-3, x.dtype), shapes)
    # A copy, since a slot may be the parameters themselves, and one buffer is not donated twice.
    params = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
    now = jax.tree.map(jnp.copy, subject.start(params))
    state = jax.jit(subject.make().init)(now)
    while True:
        now, state = jax.block_until_ready(program(now, state, grads))
        yield


def copy_of(size: int) -> Iterator[None]:
    """Each `next` reads and writes so many numbers in float32 where they are."""
    add = jax.jit(lambda x: x + 1, donate_argnums=0)
    copied = jnp.zeros(size, jnp.float32)
    while True:
        copied = jax.block_until_ready(add(copied))
        yield


def state_bytes(subject: Subject, params: Any) -> int:
    """Bytes kept beside float32 parameters of these shapes; a second set of parameters counts."""
    start = jax.eval_shape(subject.start, params)
    more = size_of(start) - size_of(params)
    return 4 * more + optzoo_jax.state_bytes(subject.make(), start)


def floor_bytes(subject: Subject, params: Any) -> int:
    """The bytes that a step must move: parameters and state read and written, gradients read."""
    return 3 * 4 * size_of(params) + 2 * state_bytes(subject, params)
