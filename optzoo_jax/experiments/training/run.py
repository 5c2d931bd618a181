"""One run of one method on one problem, as one compiled program: learning rate, knob and seed are its arguments.

    run = program(problem, lambda rate, knob: optzoo_jax.adam(rate, b1=knob), steps=300, batch_size=64)
    curves = run(1e-3, 0.9, seed=0)

Seeds are paired: initial parameters, order of batches and noise depend on the seed alone, not on the method.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax
from optzoo_jax.experiments.data.split import BLOCKS
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.training.schedules import DEFAULT
from optzoo_jax.experiments.training.schedules import schedule as scheduled

# (learning rate or schedule, knob), both traced → the optimizer.
MakeOptimizer = Callable[[Any, Any], optax.GradientTransformation]
_WATCHED = 512  # validation examples in a curve: with all of them, measuring would cost as much as training
_MARKS = 20


class Curves(NamedTuple):
    """What is measured of a run; NaN from where it diverged.

    Attributes:
      train: (checkpoints,) mean objective of the batches since the last checkpoint.
      validation, accuracy: (checkpoints,) of the first 512 validation examples.
      validation_end: the loss of all validation examples at the end.
      test_blocks: (20,) test loss of each fixed block of the test examples.
      test_accuracy: the mean over the blocks.
      diverged_at: the number of updates after which a loss was not finite, -1 where all were.
      more: what `at_the_end` found, None without it.
    """

    train: np.ndarray
    validation: np.ndarray
    accuracy: np.ndarray
    validation_end: np.ndarray
    test_blocks: np.ndarray
    test_accuracy: np.ndarray
    diverged_at: np.ndarray
    more: Any = None


class Run:
    """A compiled run. It may be called by several threads at once."""

    def __init__(self, problem: Problem, traced: Any, rows: Callable[[int], np.ndarray], marks: list[int], more: Any):
        self.problem, self.checkpoints = problem, marks
        self._rows, self._more = rows, more
        self._lowered = traced.lower(*self._arguments(1.0, 0.5, 0, 0))

    def text(self) -> str:
        """What is computed, without the names of files: it differs wherever the numbers of two programs may."""
        params = jax.eval_shape(self.problem.init, jax.random.key(0))
        start = _initial_params.lower(self.problem, jnp.uint32(0)).as_text()
        return "\n".join([start, self._lowered.as_text(), _finish.lower(*self._at_end(params)).as_text()])

    @functools.cached_property
    def compiled(self) -> Any:
        """The program; it is compiled when it is first asked for."""
        return self._lowered.compile()

    def __call__(self, rate: float, knob: float, seed: int, schedule: int = 0) -> Curves:
        """Trains once.

        Args:
          rate: the learning rate, the schedule's peak.
          knob: the method's own hyperparameter; any number where it has none.
          seed: of initial parameters, order of batches and noise.
          schedule: the index among the program's schedules.
        """
        params, *curves, diverged_at = self.compiled(*self._arguments(rate, knob, seed, schedule))
        ends = _finish(*self._at_end(params)) if diverged_at < 0 else _NOTHING
        more = None if self._more is None else jax.device_get(self._more(params))
        return Curves._make([*map(np.asarray, (*curves, *ends, diverged_at)), more])

    def steps(self, rate: float, knob: float, count: int) -> Callable[[], None]:
        """A function that trains for so many steps and measures nothing: for the clock."""
        arguments = list(self._arguments(rate, knob, 0, 0))
        arguments[-2] = jnp.full(len(self.checkpoints), -count, jnp.int32)
        arguments = jax.device_put(arguments)
        return lambda: jax.block_until_ready(self.compiled(*arguments))

    def _arguments(self, rate: float, knob: float, seed: int, schedule: int) -> tuple[Any, ...]:
        """The marks come next to last; negative ones are not measured at."""
        params = _initial_params(self.problem, np.uint32(seed))
        numbers = np.float32(rate), np.float32(knob), np.int32(schedule)
        marks = np.asarray(self.checkpoints, np.int32)
        return params, *numbers, self._rows(seed), marks, _on_device(self.problem)[:2]

    def _at_end(self, params: Any) -> tuple[Any, ...]:
        return self.problem, params, *_on_device(self.problem)[2:]


def program(
    problem: Problem,
    make_optimizer: MakeOptimizer,
    *,
    steps: int,
    batch_size: int | Literal["full"],
    schedule: str | Sequence[str] = DEFAULT,
    at_the_end: Callable[[Any], Any] | None = None,
) -> Run:
    """The program of a run, traced; it is compiled by its first call.

    Args:
      problem: what is trained.
      make_optimizer: a learning rate or schedule, and the knob, both traced → the optimizer.
      steps: the number of updates, ≥ 1.
      batch_size: examples a step, from 1 to all training examples, or "full" for all.
      schedule: of the learning rate, one of `SCHEDULES`, or several to choose from at each call.
      at_the_end: the last parameters → arrays, `more` of the curves.

    Raises:
      ValueError: for a batch larger than the training data, and for an unknown schedule.
    """
    size = examples_a_step(problem, batch_size)
    examples = len(problem.data.train.y)
    follow = scheduled(schedule, steps)

    def whole(params: Any, rate: Any, knob: Any, index: Any, rows: Any, marks: Any, data: Any) -> tuple[Any, ...]:
        tx = optax.with_extra_args_support(make_optimizer(follow(rate, index), knob))
        train, validation = data
        step = training_step(problem, tx, train, full_batch=size == examples)

        def segment(carry: Any, mark: Any) -> Any:
            begin = carry[1]

            def going(carry: Any) -> Any:
                _, t, _, diverged_at = carry
                return (t < jnp.abs(mark)) & (diverged_at < 0)

            def one(carry: Any) -> Any:
                trained, t, total, _ = carry
                trained, loss = step(trained, rows[t])
                return trained, t + 1, total + loss, jnp.where(jnp.isfinite(loss), -1, t)

            trained, t, total, diverged_at = jax.lax.while_loop(going, one, (*carry[:2], jnp.float32(0), carry[2]))
            params, state = trained

            def look() -> Any:
                return _measure(problem, optzoo_jax.eval_params(state, params), validation)

            measured = jax.lax.cond((diverged_at < 0) & (mark > 0), look, lambda: (jnp.float32(jnp.nan),) * 2)
            lost = (diverged_at < 0) & (mark > 0) & ~jnp.isfinite(measured[0])
            diverged_at = jnp.where(lost, mark, diverged_at)
            mean = jnp.where(diverged_at < 0, total / jnp.maximum(t - begin, 1).astype(jnp.float32), jnp.nan)
            return (trained, t, diverged_at), (mean, *measured)

        carry = (params, tx.init(params)), jnp.int32(0), jnp.int32(-1)
        ((params, state), _, diverged_at), curves = jax.lax.scan(segment, carry, marks)
        return optzoo_jax.eval_params(state, params), *curves, diverged_at

    def rows(seed: int) -> np.ndarray:
        return np.zeros((steps, 0), np.int32) if size == examples else batches(seed, examples, size, steps)

    more = None if at_the_end is None else jax.jit(at_the_end)
    return Run(problem, jax.jit(whole), rows, checkpoints(steps), more)


def training_step(
    problem: Problem, tx: optax.GradientTransformationExtraArgs, data: Any, full_batch: bool
) -> Callable[[Any, jax.Array], tuple[Any, jax.Array]]:
    """One step of one run: (parameters, state), the batch's rows in the data → the new pair, the loss before it."""
    x, y = data

    def step(carry: Any, rows: jax.Array) -> tuple[Any, jax.Array]:
        params, state = carry
        batch = (x, y) if full_batch else (x[rows], y[rows])

        def objective(params: Any) -> jax.Array:
            return problem.objective(params, *batch)

        loss, grads = jax.value_and_grad(objective)(params)
        updates, state = tx.update(grads, state, params, value_fn=objective)
        return (optax.apply_updates(params, updates), state), loss

    return step


def checkpoints(steps: int) -> list[int]:
    """The steps after which a run is measured, 20 at most: 1, 2, 4, 8, 16, then even; the last is its end."""
    early = [2**i for i in range(5) if 2**i < steps]
    even = np.linspace(early[-1] if early else 0, steps, _MARKS - len(early) + 1)[1:]
    return sorted({*early, *(max(1, round(float(t))) for t in even)})


def examples_a_step(problem: Problem, batch_size: int | Literal["full"]) -> int:
    """The number of examples that a batch size stands for.

    Raises:
      ValueError: for a batch larger than the training data.
    """
    examples = len(problem.data.train.y)
    if batch_size == "full":
        return examples
    if not 1 <= batch_size <= examples:
        raise ValueError(f"batch_size={batch_size} is outside [1, {examples}]: there are {examples} training examples.")
    return batch_size


def batches(seed: int, examples: int, batch_size: int, steps: int) -> np.ndarray:
    """(steps, batch_size) rows: every epoch a new permutation, cut into batches, the rest left out."""
    a_epoch = examples // batch_size
    epochs = [
        np.random.default_rng([seed, epoch]).permutation(examples)[: a_epoch * batch_size].reshape(a_epoch, batch_size)
        for epoch in range(math.ceil(steps / a_epoch))
    ]
    return np.concatenate(epochs)[:steps].astype(np.int32)


def _measure(problem: Problem, params: Any, split: Any) -> tuple[jax.Array, jax.Array]:
    """Loss without the penalty, and accuracy, NaN where there is none."""
    x, y = split
    outputs = problem.outputs(params, x)
    right = jnp.nan if problem.accuracy is None else problem.accuracy(outputs, y)
    return jnp.asarray(problem.loss(outputs, y), jnp.float32), jnp.asarray(right, jnp.float32)


# One program for all methods: what does not depend on the method is not compiled for each.
@functools.partial(jax.jit, static_argnames="problem")
def _initial_params(problem: Problem, seed: Any) -> Any:
    return problem.init(jax.random.key(seed))


@functools.partial(jax.jit, static_argnames="problem")
def _finish(problem: Problem, params: Any, validation: Any, blocks: Any) -> tuple[jax.Array, ...]:
    """`validation_end`, `test_blocks`, `test_accuracy`."""
    losses, right = jax.lax.map(lambda block: _measure(problem, params, block), blocks)
    return _measure(problem, params, validation)[0], losses, jnp.mean(right)


_NOTHING = np.float32(np.nan), np.full(BLOCKS, np.nan, np.float32), np.float32(np.nan)


@functools.lru_cache(maxsize=16)
def _on_device(problem: Problem) -> tuple[Any, ...]:
    """Training data, the watched part of validation data, all of it, and the test data in blocks."""
    train, validation, test = (tuple(split) for split in problem.data)
    size = len(test[1]) // BLOCKS
    blocks = tuple(a[: size * BLOCKS].reshape(BLOCKS, size, *a.shape[1:]) for a in test)
    return jax.device_put((train, tuple(a[:_WATCHED] for a in validation), validation, blocks))
