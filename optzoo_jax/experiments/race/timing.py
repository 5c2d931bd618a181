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
from optzoo_jax.experiments.race.cell import size_of
from optzoo_jax.experiments.training.run import Run

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
    count = int(np.clip(_A_TURN * _FEWEST / _seconds(probe), _FEWEST, _MOST))
    steps = [turn(count) for turn in turns]
    for step in steps:
        step()
    found = np.zeros((len(turns), ROUNDS))
    for i in range(ROUNDS):
        for j in range(len(turns)) if i % 2 else reversed(range(len(turns))):
            check()
            found[j, i] = _seconds(steps[j]) / count
    return found


def turn(run: Run, rate: float, knob: float, count: int) -> Callable[[], None]:
    """One method's turn, of a run that was compiled for training: no program is compiled for the clock."""
    return run.steps(count, rate, knob)


def gradient(rate: Any) -> optax.GradientTransformation:
    """Gradient descent: a step that is hardly more than the gradient."""
    return optax.sgd(rate)


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


def _seconds(f: Callable[[], None]) -> float:
    began = time.perf_counter()
    f()
    return time.perf_counter() - began
