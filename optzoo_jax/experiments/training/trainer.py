"""Training, a chunk of steps at a time: what every run was measured to be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import jax
import jax.numpy as jnp
import numpy as np

import optzoo_jax
from optzoo_jax.experiments.keeping.plain import plain
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.training.program import MakeOptimizer, initial_params, keep, measure, objective, program

Run = dict[str, Any]
AtTheEnd = Callable[[Any], dict[str, jax.Array]]


class Train(Protocol):
    """What `trainer` makes."""

    def __call__(self, rates: Sequence[float], seeds: Sequence[int], at_the_end: AtTheEnd = ...) -> list[Run]:
        """All runs.

        Args:
          rates: learning rates.
          seeds: of initial parameters, batches and noise.
          at_the_end: the last parameters, with leading axes (rates, seeds) → more numbers for the records, of that
            shape.
        """
        ...


def trainer(
    problem: Problem,
    make_optimizer: MakeOptimizer,
    *,
    steps: int,
    batch_size: int | Literal["full"],
    gradient_noise: float | None = None,
    patience: int | None = None,
    rates_at_once: int | None = None,
    on_progress: Callable[[float], None] = lambda done: None,
) -> Train:
    """A function from learning rates and seeds to run records, one a (rate, seed).

    It compiles once for as many seeds. Seeds are paired: initial parameters, order of batches and noise depend on the
    seed alone. A record is plain data; numbers of a run that diverged (a loss was not finite) are None.

    Args:
      problem: what to train.
      make_optimizer: a learning rate, which is traced → the optimizer.
      steps: the number of updates, ≥ 1.
      batch_size: examples a step, from 1 to all training examples, or "full" for all.
      gradient_noise: η ≥ 0 of `add_gradient_noise`, None for none.
      patience: of `early_stopping`, in measurements of the validation loss: a run that stops keeps the numbers that it
        has then. None for none.
      rates_at_once: learning rates in one vectorised program, all that are asked for where None; they are spread over
        all devices. Where the problem's runs are not trained together, and with noise, it is one for each device.
      on_progress: called after each measurement with the share of the work that is done.

    Raises:
      ValueError: for a batch larger than the training data.
    """
    examples = len(problem.data.train.y)
    batch_size = examples_a_step(problem, batch_size)
    marks = checkpoints(problem, steps)
    # Noise is not vectorised: XLA:CPU takes minutes to compile random bits that are.
    together = problem.together and gradient_noise is None
    start, advance = program(
        problem,
        make_optimizer,
        gradient_noise=gradient_noise,
        full_batch=batch_size == examples,
        together=together,
    )
    stopper = optzoo_jax.early_stopping(len(marks) + 1 if patience is None else patience)

    def train(rates: Sequence[float], seeds: Sequence[int], at_the_end: AtTheEnd = lambda params: {}) -> list[Run]:
        devices = len(jax.devices())
        width = math.ceil(((rates_at_once or len(rates)) if together else 1) / devices) * devices
        groups = [rates[i : i + width] for i in range(0, len(rates), width)]
        runs: list[Run] = []
        for i, group in enumerate(groups):
            # As many as in the other groups, so that the program need not be compiled again.
            filled = [*group, *[group[-1]] * (width - len(group))]
            found = train_group(filled, seeds, at_the_end, lambda done, i=i: on_progress((i + done) / len(groups)))
            runs += found[: len(group) * len(seeds)]
        return runs

    def train_group(
        rates: Sequence[float], seeds: Sequence[int], at_the_end: AtTheEnd, on_progress: Callable[[float], None]
    ) -> list[Run]:
        data = jax.device_put(problem.data)
        indices = np.stack([batches(seed, examples, batch_size, steps) for seed in seeds])
        keys = jax.vmap(jax.random.key)(np.asarray(seeds, np.uint32))
        alphas = jnp.asarray(rates, jnp.float32)
        carry = start(alphas, keys, initial_params(problem, keys))
        params, stopping = None, stopper.init()
        shape = (len(rates), len(seeds))
        finite, stopped, ends = np.ones(shape, bool), np.zeros(shape, bool), np.full(shape, steps)
        curves: list[dict[str, np.ndarray]] = []
        for begin, end in zip([0, *marks[:-1]], marks, strict=True):
            carry, newest, losses = advance(carry, alphas, keys, indices[:, begin:end], data.train)
            params = keep(stopped, params, newest) if stopped.any() else newest
            measured = _named("validation", measure(problem, params, *data.validation))
            finite &= stopped | (np.isfinite(losses).all(axis=-1) & np.isfinite(measured["validation_loss"]))
            curves.append(_where(finite, measured))
            stopping = stopper.update(stopping, measured["validation_loss"])
            ends[stopping.stop & ~stopped] = end
            stopped = np.asarray(stopping.stop)
            on_progress(end / steps)
            if stopped.all():
                break
        train_loss = np.asarray(objective(problem, params, *data.train))
        finite &= np.isfinite(train_loss)
        test = _named("test", measure(problem, params, *data.test))
        curves[-1] = _where(finite, curves[-1])
        final = _where(finite, {"train_loss": train_loss, **curves[-1], **test, **_arrays(at_the_end(params))})
        curves += curves[-1:] * (len(marks) - len(curves))
        return [
            {
                "learning_rate": float(rate),
                "seed": int(seed),
                "diverged": not finite[i, j],
                "steps": int(ends[i, j]),
                **{name: plain(numbers[i, j]) for name, numbers in final.items()},
                **{f"{name}_curve": [plain(numbers[name][i, j]) for numbers in curves] for name in curves[0]},
            }
            for i, rate in enumerate(rates)
            for j, seed in enumerate(seeds)
        ]

    return train


def checkpoints(problem: Problem, steps: int) -> list[int]:
    """The steps after which a run is measured; the last is its end."""
    return [*range(problem.checkpoint_every, steps, problem.checkpoint_every), steps]


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


def _named(split: str, measured: dict[str, jax.Array]) -> dict[str, np.ndarray]:
    return {f"{split}_{name}": numbers for name, numbers in _arrays(measured).items()}


def _arrays(measured: dict[str, jax.Array]) -> dict[str, np.ndarray]:
    return {name: np.asarray(numbers) for name, numbers in measured.items()}


def _where(finite: np.ndarray, measured: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.where(finite, numbers, np.nan) for name, numbers in measured.items()}
