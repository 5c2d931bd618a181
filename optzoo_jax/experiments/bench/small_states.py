"""How optimizers train whose state is compressed: beside float32, from the same seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

import optzoo_jax
from optzoo_jax.experiments.bench.trees import size_of
from optzoo_jax.experiments.keeping.plain import plain
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.training.run import checkpoints, program

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {"adam": optzoo_jax.adam, "optax.adamw": optax.adamw}
FORMATS = ("float32", "bfloat16", "float8", "int8")
# Problem → the learning rate at which Adam's validation score is the best of a race.
RATES = {"digits-mlp": 3e-3, "mnist-cnn": 1e-2, "transformer": 3e-3}


def small_states(
    report: Callable[[str, float], None], *, problems: Sequence[str], steps: int, seeds: int
) -> Iterator[dict[str, Any]]:
    """A record for each problem, optimizer and format; arrays of every size are compressed.

    Args:
      report: hears what is in hand, and how many are done.
      problems: names in `RATES`.
      steps: of training.
      seeds: runs of each.
    """
    for i, (name, optimizer, format) in enumerate(itertools.product(problems, OPTIMIZERS, FORMATS)):
        label = f"{name}, {optimizer}, {format}"
        report(label, i)
        yield {"name": label, **_trained(name, optimizer, format, steps, seeds)}


def count(problems: Sequence[str]) -> int:
    """How many records there will be."""
    return len(problems) * len(OPTIMIZERS) * len(FORMATS)


def _trained(name: str, optimizer: str, format: Any, steps: int, seeds: int) -> dict[str, Any]:
    problem = load_problem(name)

    def make(rate: Any, knob: Any) -> optax.GradientTransformation:
        tx = OPTIMIZERS[optimizer](rate)
        return tx if format == "float32" else optzoo_jax.compress_state(tx, format, min_size=1)

    def train_loss(params: Any) -> jax.Array:
        return problem.objective(params, *map(jnp.asarray, problem.data.train))

    run = program(problem, make, steps=steps, batch_size=problem.batch_size, schedule="constant", at_the_end=train_loss)
    runs = [run(RATES[name], math.nan, seed) for seed in range(seeds)]
    score = "accuracy" if problem.accuracy else "loss"
    params = jax.eval_shape(problem.init, jax.random.key(0))
    return {
        "problem": name,
        "optimizer": optimizer,
        "format": format,
        "learning_rate": RATES[name],
        "bytes_a_parameter": optzoo_jax.state_bytes(make(RATES[name], math.nan), params) / size_of(params),
        "checkpoints": checkpoints(steps),
        "train_loss": [plain(curves.more) for curves in runs],
        f"test_{score}": [
            plain(curves.test_accuracy if problem.accuracy else curves.test_blocks.mean()) for curves in runs
        ],
        "validation_loss_curves": [plain(curves.validation.tolist()) for curves in runs],
    }
