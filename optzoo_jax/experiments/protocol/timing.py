"""What a step costs: all methods of a problem in turn, round by round, so that a busy machine is busy for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
import optax

from optzoo_jax.experiments.methods.entries import Entry
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.protocol.cell import size_of

ROUNDS = 30
_A_TURN = 0.01  # seconds: the clock's own error is far below
_FEWEST, _MOST = 4, 40


def interleaved(
    turns: Sequence[Callable[[int], Callable[[], None]]], check: Callable[[], None] = lambda: None
) -> np.ndarray:
    """(turns, rounds) seconds of a step.

    Args:
      turns: of each method, a number of steps → a function that makes as many.
      check: called between two turns; it may raise to stop.
    """
    probe = turns[0](_FEWEST)
    probe()
    count = int(np.clip(_A_TURN * _FEWEST / seconds_of(probe), _FEWEST, _MOST))
    steps = [turn(count) for turn in turns]
    for step in steps:
        step()
    found = np.zeros((len(turns), ROUNDS))
    for i in range(ROUNDS):
        for j in range(len(turns)) if i % 2 else reversed(range(len(turns))):
            check()
            found[j, i] = seconds_of(steps[j]) / count
    return found


def peak_bytes(entry: Entry, problem: Problem) -> float | None:
    """Bytes a parameter that a compiled update holds at once: what comes in, what goes out, and its temporaries.

    None where the device does not say.
    """
    params = jax.eval_shape(problem.init, jax.random.key(0))
    rate = np.float32(entry.learning_rate or 1e-3)
    tx = optax.with_extra_args_support(entry.untuned(rate))

    def update(grads: Any, state: Any, params: Any) -> Any:
        return tx.update(grads, state, params, value_fn=lambda params: np.float32(0))

    state = jax.eval_shape(tx.init, params)
    held = jax.jit(update, donate_argnums=(0, 1)).lower(params, state, params).compile().memory_analysis()
    if held is None:
        return None
    sizes = held.argument_size_in_bytes + held.output_size_in_bytes + held.temp_size_in_bytes - held.alias_size_in_bytes
    return sizes / size_of(problem)


def seconds_of(f: Callable[[], Any]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    f()
    return time.perf_counter() - began
