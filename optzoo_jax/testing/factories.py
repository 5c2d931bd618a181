"""What a factory of optimizers owes its arguments: they may be traced, batched, injected, differentiated, scheduled."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.testing.subject import assert_equal, assert_finite, scan
from optzoo_jax.versions import enable_x64

STEPS = 12
_COUNTS = ("sync_period",)  # numbers of steps: part of the program, not of its numbers


@dataclasses.dataclass(frozen=True)
class Factory:
    """A factory, the arguments that it needs, and what its updates are called with."""

    build: Callable[..., optax.GradientTransformation]
    arguments: dict[str, Any]
    extra: dict[str, Any]

    def updates(self, dtype: Any, **changed: Any) -> Any:
        """The updates of `problem`."""
        return scan(self.transformation(**changed), *problem(dtype), self.extra)[0]

    def transformation(self, **changed: Any) -> optax.GradientTransformationExtraArgs:
        """What it builds, any update arguments allowed."""
        return optax.with_extra_args_support(self.build(**{**self.arguments, **changed}))

    @property
    def numbers(self) -> dict[str, float]:
        """The arguments that are numbers, with a value at which each matters."""
        defaults = {p.name: p.default for p in inspect.signature(self.build).parameters.values()}
        values = {**defaults, **self.arguments}
        numeric = {k: v for k, v in values.items() if type(v) in (int, float) and k not in _COUNTS}
        return {k: v or 1e-3 for k, v in numeric.items()}


def problem(dtype: Any = jnp.float32) -> tuple[Any, Any]:
    """Two leaves, and gradients for them stacked over steps; one coordinate's gradient is always 0."""
    t = np.arange(STEPS)[:, None]
    g = {"a": np.cos(t + np.arange(3)) * np.array([1.0, 0.3, 0.0]), "b": np.sin(2.0 * t + np.arange(2))}
    params = {"a": jnp.asarray([1.0, -2.0, 0.5], dtype), "b": jnp.asarray([0.3, 3.0], dtype)}
    return params, jax.tree.map(lambda x: jnp.asarray(x, dtype), g)


def injected(factory: Factory) -> None:
    """`optax.inject_hyperparams(factory)` is the plain optimizer, in updates and in inner state."""
    params, grads = problem()
    plain = factory.transformation()
    wrapped = optax.with_extra_args_support(optax.inject_hyperparams(factory.build)(**factory.arguments))
    expected = jax.jit(lambda p, g: scan(plain, p, g, factory.extra))(params, grads)
    found, state = jax.jit(lambda p, g: scan(wrapped, p, g, factory.extra))(params, grads)
    # What is injected is a float32, and keeps of 1 − β so many digits.
    rest = min((1 - x for x in factory.numbers.values() if 0.5 < x < 1), default=1.0)
    assert_equal((found, state.inner_state), expected, "injected", rtol=max(1e-4, 1e-7 / rest))


def injected_bfloat16(factory: Factory) -> None:
    """Injected into bfloat16 parameters, whose dtype rounds 0.999 to 1, it stays finite."""
    params, grads = problem(jnp.bfloat16)
    wrapped = optax.with_extra_args_support(optax.inject_hyperparams(factory.build)(**factory.arguments))
    assert_finite(jax.jit(lambda p, g: scan(wrapped, p, g, factory.extra)[0])(params, grads), "injected, bfloat16")


def batched(factory: Factory) -> None:
    """vmap over any number that it takes equals the loop over that number, to 1e-12 in float64."""
    names = list(factory.numbers)
    with enable_x64(True):
        # A row for each argument, in which that one has changed.
        rows = np.tile(list(factory.numbers.values()), (len(names), 1))
        np.fill_diagonal(rows, [v * (1.1 if name == "threshold" else 0.9) for name, v in factory.numbers.items()])
        run = jax.jit(lambda row: factory.updates(jnp.float64, **dict(zip(names, row, strict=True))))
        together = jax.jit(jax.vmap(run))(jnp.asarray(rows))
        for i, name in enumerate(names):
            member = jax.tree.map(lambda x, i=i: x[i], together)
            assert_equal(member, run(jnp.asarray(rows[i])), f"{name}={rows[i, i]}", rtol=1e-12)


def no_recompilation(factory: Factory) -> None:
    """A step that takes the learning rate as an argument compiles once for all of its values."""
    params, grads = problem()
    g, traces = jax.tree.map(lambda x: x[0], grads), 0
    first = "learning_rate" if "learning_rate" in factory.numbers else next(iter(factory.numbers))

    @jax.jit
    def step(g: Any, state: Any, params: Any, value: Any) -> Any:
        nonlocal traces
        traces += 1
        return factory.transformation(**{first: value}).update(g, state, params, **factory.extra)

    state = factory.transformation().init(params)
    for value in (0.1, 0.2, 0.3):
        _, state = step(g, state, params, value)
    assert traces == 1, f"traced {traces} times for 3 values of {first}"


def any_number(factory: Factory) -> None:
    """np.float32, np.float64, an int and an array are learning rates, and never promote the update."""
    if "learning_rate" not in factory.arguments:
        return
    for dtype in (jnp.bfloat16, jnp.float32):
        params, grads = problem(dtype)
        g = jax.tree.map(lambda x: x[0], grads)
        for rate in (1, np.float32(0.1), np.float64(0.1), jnp.asarray(0.1), np.asarray(0.1)):
            tx = factory.transformation(learning_rate=rate)
            updates, _ = jax.eval_shape(lambda g, p, tx=tx: tx.update(g, tx.init(p), p, **factory.extra), g, params)
            found = {x.dtype for x in jax.tree.leaves(updates)}
            assert found == {jnp.dtype(dtype)}, f"{type(rate).__name__}: {jnp.dtype(dtype)} becomes {found}"


def differentiable(factory: Factory) -> None:
    """The derivatives by learning rate, b1 and b2 are finite through zeros, and those of finite differences."""
    names = [name for name in ("learning_rate", "b1", "b2") if name in factory.numbers]
    if not names:
        return

    def loss(values: Any) -> Any:
        updates = factory.updates(jnp.float64, **dict(zip(names, values, strict=True)))
        return jnp.sum(jnp.sin(1 + updates["a"].sum(0))) + jnp.sum(jnp.sin(updates["b"].sum(0)))

    with enable_x64(True):
        at = jnp.asarray([factory.numbers[name] for name in names])
        value, derivative = jax.jit(loss), jax.jit(jax.grad(loss))(at)
        for i, name in enumerate(names):
            h = 1e-6 * float(at[i])
            h = min(h, 1e-3 * (1 - float(at[i]))) if 0.5 < at[i] < 1 else h  # a decay matters by its distance to 1
            expected = float((value(at.at[i].add(h)) - value(at.at[i].add(-h))) / (2 * h))
            assert abs(float(derivative[i]) - expected) <= 1e-5 * max(1.0, abs(expected)), (
                f"by {name}: derivative {derivative[i]}, finite difference {expected}"
            )


def scheduled(factory: Factory) -> None:
    """A schedule of the learning rate counts from 0, and where it stands still it is that number."""
    if "learning_rate" not in factory.arguments:
        return
    rate, seen = factory.arguments["learning_rate"], []
    base = {"base_learning_rate": rate} if "base_learning_rate" in inspect.signature(factory.build).parameters else {}

    def constant(count: Any) -> Any:
        jax.debug.callback(lambda c: seen.append(int(c)), count)
        return jnp.asarray(rate, jnp.float32)

    params, grads = problem()
    tx = factory.transformation(learning_rate=constant, **base)
    found, _ = jax.jit(lambda p, g: scan(tx, p, g, factory.extra))(params, grads)
    jax.effects_barrier()
    plain = jax.jit(lambda p, g: scan(factory.transformation(), p, g, factory.extra)[0])(params, grads)
    assert_equal(found, plain, "a constant schedule", rtol=1e-5)
    assert set(seen) == set(range(STEPS)), f"the schedule was asked for the counts {sorted(set(seen))}"


LAWS = {
    "inject_hyperparams": injected,
    "inject_hyperparams, bfloat16": injected_bfloat16,
    "vmap over arguments": batched,
    "one compilation for all rates": no_recompilation,
    "any number as a rate": any_number,
    "derivatives by arguments": differentiable,
    "schedule": scheduled,
}
