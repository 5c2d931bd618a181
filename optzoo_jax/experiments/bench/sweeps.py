"""A sweep in one program, beside the three ways in which the same settings are usually gone through."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax

DEVICES = (1, 2, 4, 8)
WIDTH, EXAMPLES = 32, 64
INPUTS = np.sin(np.outer(np.arange(1, EXAMPLES + 1), np.arange(1, WIDTH + 1))).astype(np.float32)


def sweeps(report: Callable[[str, float], None], *, settings: int, steps: int) -> Iterator[dict[str, Any]]:
    """Seconds a setting, compilation included, of Adam at many learning rates on a small network.

    Args:
      report: hears what is in hand, and how many are done.
      settings: how many learning rates.
      steps: updates a setting.
    """
    rates = np.geomspace(1e-4, 1e-1, settings).tolist()
    expected = float(_scanned(rates[:1], steps)[0])
    for i, (name, way) in enumerate(WAYS.items()):
        report(name, i)
        # Each setting of the slowest way costs the same, so a few of them tell.
        chosen = rates[:: max(1, settings // 4)] if way is _compiled_for_each else rates
        jax.clear_caches()
        begin = time.perf_counter()
        losses = jax.block_until_ready(way(chosen, steps))
        seconds = (time.perf_counter() - begin) / len(chosen)
        difference = abs(float(losses[0]) / expected - 1)
        yield {"name": name, "of": "way", "seconds_a_setting": seconds, "relative_difference": difference}
    for i, devices in enumerate(DEVICES):
        name = f"on {devices} device{'s' * (devices > 1)}"
        report(name, len(WAYS) + i)
        yield {"name": name, "of": "devices", "seconds_a_setting": _on_devices(devices, settings, steps) / settings}


def _compiled_for_each(rates: list[float], steps: int) -> list[jax.Array]:
    """What is usually written: a new optimizer, and so a new program, for each setting."""
    losses = []
    for rate in rates:
        tx = optax.adam(rate)

        @jax.jit
        def step(params: Any, state: Any, tx: Any = tx) -> tuple[Any, Any]:
            updates, state = tx.update(jax.grad(_loss)(params), state, params)
            return optax.apply_updates(params, updates), state

        params = _start()
        state = tx.init(params)
        for _ in range(steps):
            params, state = step(params, state)
        losses.append(_final_loss(params))
    return losses


def _jitted_steps(rates: list[float], steps: int) -> list[jax.Array]:
    """One program of one step, with the learning rate as an argument."""

    @jax.jit
    def step(rate: jax.Array, params: Any, state: Any) -> tuple[Any, Any]:
        updates, state = optax.adam(rate).update(jax.grad(_loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    losses = []
    for rate in rates:
        params = _start()
        state = optax.adam(rate).init(params)
        for _ in range(steps):
            params, state = step(jnp.float32(rate), params, state)
        losses.append(_final_loss(params))
    return losses


def _scanned(rates: list[float], steps: int) -> list[jax.Array]:
    """One program of all steps, with the learning rate as an argument, called for each setting."""
    run = jax.jit(lambda rate: _train(optax.adam(rate), steps))
    return [run(jnp.float32(rate)) for rate in rates]


def _swept(rates: list[float], steps: int) -> jax.Array:
    """One program of all steps of all settings."""
    return optzoo_jax.sweep(lambda tx: _train(tx, steps), optzoo_jax.adam, learning_rate=rates)


WAYS: dict[str, Callable[[list[float], int], Any]] = {
    "a new program for each": _compiled_for_each,
    "a loop of compiled steps": _jitted_steps,
    "a compiled run for each": _scanned,
    "sweep": _swept,
}


COUNT = len(WAYS) + len(DEVICES)


def _on_devices(devices: int, settings: int, steps: int) -> float:
    """Seconds of a sweep, compilation included, in a process with so many CPU devices."""
    program = (
        "import time, jax, numpy as np; from optzoo_jax.experiments.bench.sweeps import _swept; jax.devices(); "
        f"rates = np.geomspace(1e-4, 1e-1, {settings}).tolist(); begin = time.perf_counter(); "
        f"jax.block_until_ready(_swept(rates, {steps})); print(time.perf_counter() - begin)"
    )
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _start() -> dict[str, jax.Array]:
    into, out = jax.random.split(jax.random.key(0))
    return {
        "into": jax.random.normal(into, (WIDTH, 2 * WIDTH)) / WIDTH**0.5,
        "bias": jnp.zeros(2 * WIDTH),
        "out": jax.random.normal(out, (2 * WIDTH, WIDTH)) / WIDTH**0.5,
    }


def _loss(params: Any) -> jax.Array:
    x, y = jnp.asarray(INPUTS), jnp.asarray(np.roll(INPUTS, 1, axis=1))
    return jnp.mean((jnp.tanh(x @ params["into"] + params["bias"][None, :]) @ params["out"] - y) ** 2)


_final_loss = jax.jit(_loss)


def _train(tx: Any, steps: int) -> jax.Array:
    """The loss after all steps."""

    def step(carry: Any, _: None) -> tuple[Any, None]:
        params, state = carry
        updates, state = tx.update(jax.grad(_loss)(params), state, params)
        return (optax.apply_updates(params, updates), state), None

    params = _start()
    (params, _), _ = jax.lax.scan(step, (params, tx.init(params)), None, steps)
    return _loss(params)
