"""The compiled part of training: every learning rate and seed in one program."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, PartitionSpec

import optzoo_jax
from optzoo_jax.experiments.problems.problem import Problem

MakeOptimizer = Callable[[Any], optax.GradientTransformation]


def program(
    problem: Problem,
    make_optimizer: MakeOptimizer,
    *,
    gradient_noise: float | None = None,
    full_batch: bool = False,
    together: bool = True,
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two compiled functions: where runs start, and a chunk of steps from there on.

    start(rates, keys, params) → carry; advance(carry, rates, keys, indices, data) → carry, parameters to evaluate,
    losses (rates, seeds, steps). Keys, initial parameters and indices have a leading axis (seeds), the carry and all
    results have (rates, seeds). The rates, as many as a multiple of the devices, are spread over all devices.
    """

    def optimizer(rate: jax.Array, key: jax.Array) -> optax.GradientTransformationExtraArgs:
        tx = make_optimizer(rate)
        if gradient_noise is not None:
            # The key itself has drawn the initial parameters.
            tx = optax.chain(optzoo_jax.add_gradient_noise(gradient_noise, key=jax.random.fold_in(key, 0)), tx)
        return optax.with_extra_args_support(tx)

    def start_one(rate: jax.Array, key: jax.Array, params: Any) -> Any:
        return params, optimizer(rate, key).init(params)

    def advance_one(carry: Any, rate: jax.Array, key: jax.Array, indices: jax.Array, data: Any) -> Any:
        step = training_step(problem, optimizer(rate, key), data, full_batch)
        (params, state), losses = jax.lax.scan(step, carry, indices)
        return (params, state), optzoo_jax.eval_params(state, params), losses

    def advance(carry: Any, rates: jax.Array, keys: jax.Array, indices: jax.Array, data: Any) -> Any:
        def at_rate(rate_and_carry: Any) -> Any:
            rate, carry = rate_and_carry

            def with_seed(run: Any) -> Any:
                carry, key, indices = run
                return advance_one(carry, rate, key, indices, data)

            return each(together, with_seed)((carry, keys, indices))

        return each(together, at_rate)((rates, carry))

    start = jax.vmap(jax.vmap(start_one, (None, 0, 0)), (0, None, None))
    runs, all_see = PartitionSpec("rates"), PartitionSpec()
    # Not propagation, which would gather the runs of a lax.map: it is the rates of each device that are mapped over.
    start = _on_all_devices(start, (runs, all_see, all_see), runs)
    advance = _on_all_devices(advance, (runs, runs, all_see, all_see, all_see), runs)
    return jax.jit(start), jax.jit(advance)


def _on_all_devices(f: Callable[..., Any], in_specs: Any, out_specs: Any) -> Callable[..., Any]:
    """Each device runs f on its own part of the arguments."""
    how: dict[str, Any] = {"mesh": Mesh(np.array(jax.devices()), ("rates",)), "in_specs": in_specs}
    if hasattr(jax, "shard_map"):  # JAX 0.6.1
        return jax.shard_map(f, **how, out_specs=out_specs, check_vma=False)
    from jax.experimental.shard_map import shard_map

    return shard_map(f, **how, out_specs=out_specs, check_rep=False)


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


@functools.partial(jax.jit, static_argnames="problem")
def initial_params(problem: Problem, keys: jax.Array) -> Any:
    """The parameters from which each key's run starts."""
    # Not vmap: XLA:CPU takes seconds to compile vectorised random bits.
    return jax.lax.map(problem.init, keys)


@functools.partial(jax.jit, static_argnames="problem")
def measure(problem: Problem, params: Any, x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
    """Loss and accuracy of parameters with leading axes (rates, seeds)."""
    return each(problem.together, each(problem.together, lambda params: problem.measure(params, x, y)))(params)


@functools.partial(jax.jit, static_argnames="problem")
def objective(problem: Problem, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    """What is minimised, at parameters with leading axes (rates, seeds)."""
    return each(problem.together, each(problem.together, lambda params: problem.objective(params, x, y)))(params)


@jax.jit
def keep(stopped: jax.Array, old: Any, new: Any) -> Any:
    """The old parameters of the runs (rates, seeds) that have stopped, the new ones of the others."""

    def one(stopped: jax.Array, old: Any, new: Any) -> Any:
        return jax.tree.map(functools.partial(jnp.where, stopped), old, new)

    return jax.vmap(jax.vmap(one))(stopped, old, new)


def each(together: bool, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """f over the leading axis."""
    return jax.vmap(f) if together else functools.partial(jax.lax.map, f)
