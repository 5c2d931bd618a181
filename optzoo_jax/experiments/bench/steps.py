"""Seconds of a step, measured in turn with a copy in place, and the bytes that a step cannot do without."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp

import optzoo_jax
from optzoo_jax.experiments.bench.subjects import Subject
from optzoo_jax.experiments.bench.trees import size_of


def step_seconds(
    subjects: Sequence[Subject], programs: Sequence[Any], shapes: Any, repeats: int
) -> tuple[list[list[float]], float]:
    """Seconds of steps of each subject, and bytes a second of a copy in place of one array of the same size.

    The subjects and the copy take turns, so that whatever else the machine does falls on all alike.

    Args:
      subjects: what to measure.
      programs: their compiled steps.
      shapes: of the parameters, all float32.
      repeats: steps of each.
    """
    params = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
    grads = jax.tree.map(lambda x: jnp.full(x.shape, 1e-3, x.dtype), shapes)
    size = size_of(shapes)
    runs = [_run(*each, params, grads) for each in zip(subjects, programs, strict=True)]
    add = jax.jit(lambda x: x + 1, donate_argnums=0)
    copied = jnp.zeros(size, jnp.float32)
    times: list[list[float]] = [[] for _ in subjects]
    copies = []
    for i in range(repeats + 1):
        for run, kept in zip(runs, times, strict=True):
            begin = time.perf_counter()
            next(run)
            if i:  # the first round finds the caches cold
                kept.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        copied = jax.block_until_ready(add(copied))
        copies.append(time.perf_counter() - begin)
    return times, 2 * 4 * size / statistics.median(copies[1:])


def state_bytes(subject: Subject, params: Any) -> int:
    """Bytes kept beside float32 parameters of these shapes; a second set of parameters counts."""
    start = jax.eval_shape(subject.start, params)
    more = size_of(start) - size_of(params)
    return 4 * more + optzoo_jax.state_bytes(subject.make(), start)


def floor_bytes(subject: Subject, params: Any) -> int:
    """The bytes that a step must move: parameters and state read and written, gradients read."""
    return 3 * 4 * size_of(params) + 2 * state_bytes(subject, params)


def _run(subject: Subject, program: Any, params: Any, grads: Any) -> Iterator[None]:
    """Each `next` is one step, awaited."""
    now = jax.tree.map(jnp.copy, subject.start(params))
    state = jax.jit(subject.make().init)(now)
    while True:
        now, state = jax.block_until_ready(program(now, state, grads))
        yield
