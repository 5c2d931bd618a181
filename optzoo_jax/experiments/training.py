"""One compiled program trains a method at every learning rate and seed at once."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.experiments.problems import Problem
from optzoo_jax.inspect import eval_params
from optzoo_jax.transformation import Numeric

MakeOptimizer = Callable[[Numeric], optax.GradientTransformation]
Run = dict[str, Any]


def trainer(
    problem: Problem,
    make_optimizer: MakeOptimizer,
    seeds: Sequence[int],
    *,
    steps: int,
    batch_size: int,
    on_checkpoint: Callable[[int], None] = lambda step: None,
) -> Callable[[Sequence[float]], list[Run]]:
    """A function from learning rates to run records, one a (rate, seed); two calls with as many rates compile once.

    Seeds are paired: initial parameters and order of batches depend on the seed alone. A record is plain data;
    numbers of a run that diverged (a loss was not finite) are None.

    Args:
      problem: what to train.
      make_optimizer: a learning rate, which is traced → the optimizer.
      seeds: of initial parameters and batches.
      steps: the number of updates, ≥ 1; the problem may need fewer.
      batch_size: examples a step, from 1 to all training examples; a problem of full batches takes all.
      on_checkpoint: called with the step after each measurement.

    Raises:
      ValueError: for a batch larger than the training data.
    """
    batch_size = examples_a_step(problem, batch_size)
    marks = checkpoints(problem, steps)
    indices = np.stack([_batches(seed, len(problem.data.train.y), batch_size, marks[-1]) for seed in seeds])
    keys = jax.vmap(jax.random.key)(np.asarray(seeds, np.uint32))
    start, advance = _program(problem, make_optimizer)

    def train(rates: Sequence[float]) -> list[Run]:
        alphas = jnp.asarray(rates, jnp.float32)
        carry = start(alphas, _initial_params(problem, keys))
        finite = np.ones((len(rates), len(seeds)), bool)
        curves: list[dict[str, np.ndarray]] = []
        for begin, end in zip([0, *marks[:-1]], marks, strict=True):
            carry, evaluated, losses = advance(carry, alphas, indices[:, begin:end])
            measured = jax.device_get(_measure(problem, evaluated))
            finite &= np.isfinite(jax.device_get(losses)).all(axis=-1)
            finite &= np.isfinite(measured["train_loss"]) & np.isfinite(measured["validation_loss"])
            curves.append({k: np.where(finite, v, np.nan) for k, v in measured.items()})
            on_checkpoint(end)
        return [
            _record(float(rate), int(seed), {k: [float(c[k][i, j]) for c in curves] for k in curves[0]})
            for i, rate in enumerate(rates)
            for j, seed in enumerate(seeds)
        ]

    return train


def checkpoints(problem: Problem, steps: int) -> list[int]:
    """The steps after which a run is measured; the last is its end."""
    steps = min(steps, problem.most_steps or steps)
    return [*range(problem.checkpoint_every, steps, problem.checkpoint_every), steps]


def examples_a_step(problem: Problem, batch_size: int) -> int:
    """The batch size that a problem is trained with where `batch_size` is asked for.

    Raises:
      ValueError: for a batch larger than the training data.
    """
    examples = len(problem.data.train.y)
    if not 1 <= batch_size <= examples:
        raise ValueError(f"batch_size={batch_size} is outside [1, {examples}]: there are {examples} training examples.")
    return examples if problem.full_batch else batch_size


def _program(problem: Problem, make_optimizer: MakeOptimizer) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two compiled functions of (learning rates, seeds): the start, and a chunk of steps from there on."""

    def start_one(rate: jax.Array, params: Any) -> Any:
        return params, make_optimizer(rate).init(params)

    def advance_one(carry: Any, rate: jax.Array, indices: jax.Array) -> Any:
        tx = optax.with_extra_args_support(make_optimizer(rate))
        x, y = (jnp.asarray(a) for a in problem.data.train)

        def step(carry: Any, rows: jax.Array) -> tuple[Any, jax.Array]:
            params, state = carry

            batch = (x, y) if problem.full_batch else (x[rows], y[rows])

            def objective(params: Any) -> jax.Array:
                return problem.objective(params, *batch)

            loss, grads = jax.value_and_grad(objective)(params)
            updates, state = tx.update(grads, state, params, value_fn=objective)
            return (optax.apply_updates(params, updates), state), loss

        (params, state), losses = jax.lax.scan(step, carry, indices)
        return (params, state), eval_params(state, params), losses

    start = jax.vmap(jax.vmap(start_one, (None, 0)), (0, None))
    advance = jax.vmap(jax.vmap(advance_one, (0, None, 0)), (0, 0, None))
    return jax.jit(start), jax.jit(advance)


@functools.partial(jax.jit, static_argnames="problem")
def _initial_params(problem: Problem, keys: jax.Array) -> Any:
    # Not vmap: XLA:CPU takes seconds to compile vectorised random bits.
    return jax.lax.map(problem.init, keys)


def _batches(seed: int, examples: int, batch_size: int, steps: int) -> np.ndarray:
    """(steps, batch_size) rows: every epoch a new permutation, cut into batches, the rest left out."""
    a_epoch = examples // batch_size
    epochs = [
        np.random.default_rng([seed, epoch]).permutation(examples)[: a_epoch * batch_size].reshape(a_epoch, batch_size)
        for epoch in range(math.ceil(steps / a_epoch))
    ]
    return np.concatenate(epochs)[:steps].astype(np.int32)


@functools.partial(jax.jit, static_argnames="problem")
def _measure(problem: Problem, params: Any) -> dict[str, jax.Array]:
    """Losses and accuracies of parameters with leading axes (rates, seeds)."""

    def one(params: Any) -> dict[str, jax.Array]:
        measured = {"train_loss": problem.objective(params, *map(jnp.asarray, problem.data.train))}
        for name in ("validation", "test"):
            split = [jnp.asarray(a) for a in getattr(problem.data, name)]
            measured[f"{name}_loss"] = problem.cross_entropy(params, *split)
            measured[f"{name}_accuracy"] = problem.accuracy(params, *split)
        return measured

    return jax.vmap(jax.vmap(one))(params)


def _record(rate: float, seed: int, curves: dict[str, list[float]]) -> Run:
    final = {k: _plain(curve[-1]) for k, curve in curves.items()}
    shown = {f"{k}_curve": [_plain(x) for x in curves[k]] for k in ("validation_loss", "validation_accuracy")}
    return {"learning_rate": rate, "seed": seed, "diverged": final["train_loss"] is None, **final, **shown}


def _plain(x: float) -> float | None:
    return x if math.isfinite(x) else None
