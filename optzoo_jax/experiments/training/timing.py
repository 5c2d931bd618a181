"""What a step costs: one run, not many vectorised ones."""

from __future__ import annotations

import statistics
import time

import jax
import optax

from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.training.program import MakeOptimizer, initial_params, training_step
from optzoo_jax.experiments.training.trainer import batches


def seconds_a_step(
    problem: Problem, make_optimizer: MakeOptimizer, rate: float, batch_size: int, *, steps: int = 40, repeats: int = 5
) -> float:
    """The median over `repeats` of the mean time of `steps` steps, each a call of one compiled function.

    Gradient, optimizer and the fetching of the batch are in it; compilation and the first steps are not.

    Args:
      problem: what is trained.
      make_optimizer: a learning rate → the optimizer.
      rate: the learning rate.
      batch_size: examples a step.
      steps: timed together.
      repeats: ≥ 1.
    """
    tx = optax.with_extra_args_support(make_optimizer(rate))
    data = jax.device_put(problem.data.train)
    rows = jax.device_put(batches(0, len(problem.data.train.y), batch_size, steps))
    full = batch_size == len(problem.data.train.y)

    def step(carry, rows, data):
        return training_step(problem, tx, data, full)(carry, rows)[0]

    compiled = jax.jit(step, donate_argnums=0)
    params = jax.tree.map(lambda p: p[0], initial_params(problem, jax.random.key(0)[None]))
    carry = jax.block_until_ready((params, jax.jit(tx.init)(params)))
    found = []
    for repeat in range(repeats + 1):
        began = time.perf_counter()
        for batch in rows:
            carry = compiled(carry, batch, data)
        jax.block_until_ready(carry)
        if repeat:
            found.append((time.perf_counter() - began) / steps)
    return statistics.median(found)
