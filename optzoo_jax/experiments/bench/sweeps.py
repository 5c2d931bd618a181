"""A sweep in one program, beside the three ways in which the same settings are usually gone through."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax

# Name → the number of CPU devices, and how many runs go on together on each.
SWEEPS = {
    "sweep on 1 device": (1, None),
    "sweep on 2 devices": (2, None),
    "sweep on 4 devices": (4, None),
    "sweep on 8 devices": (8, None),
    "8 at once on 1 device": (1, 8),
    "8 at once on 2 devices": (2, 8),
}
ROUNDS = 3
OF_A_LOOP = 6
WIDTH, EXAMPLES = 32, 64
INPUTS = np.sin(np.outer(np.arange(1, EXAMPLES + 1), np.arange(1, WIDTH + 1))).astype(np.float32)


def sweeps(report: Callable[[str, float], None], *, settings: Sequence[int], steps: int) -> list[dict[str, Any]]:
    """Seconds, compilation included, of Adam at many learning rates on a small network: medians of a few rounds.

    A loop's seconds are those of its first setting, which compiles, and of all others what the median of a few takes.

    Args:
      report: hears what is in hand, and how many are done.
      settings: how many learning rates, several numbers of them.
      steps: updates a setting.
    """
    done = 0
    times: dict[str, list[list[float]]] = {name: [] for name in [*LOOPS, *SWEEPS]}
    for i in range(ROUNDS):
        for name, loop in LOOPS.items():
            report(f"{name}, round {i + 1}", done / ROUNDS)
            first, others = _loop_seconds(loop, steps)
            times[name].append([first + (count - 1) * others for count in settings])
            done += 1
        for name, (devices, at_once) in SWEEPS.items():
            report(f"{name}, round {i + 1}", done / ROUNDS)
            times[name].append(_on_devices(devices, at_once, settings, steps))
            done += 1
    return [
        {
            "name": name,
            "seconds": {str(n): statistics.median(x) for n, x in zip(settings, zip(*rounds, strict=True), strict=True)},
        }
        for name, rounds in times.items()
    ]


def learning_rates(count: int) -> list[float]:
    return np.geomspace(1e-4, 1e-1, count).tolist()


def compiled_for_each(rates: Iterable[float], steps: int) -> Iterator[jax.Array]:
    """What is usually written: a new optimizer, and so a new program, for each setting."""
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
        yield _final_loss(params)


def jitted_steps(rates: Iterable[float], steps: int) -> Iterator[jax.Array]:
    """One program of one step, with the learning rate as an argument."""

    @jax.jit
    def step(rate: jax.Array, params: Any, state: Any) -> tuple[Any, Any]:
        updates, state = optax.adam(rate).update(jax.grad(_loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    for rate in rates:
        params = _start()
        state = optax.adam(rate).init(params)
        for _ in range(steps):
            params, state = step(jnp.float32(rate), params, state)
        yield _final_loss(params)


def scanned(rates: Iterable[float], steps: int) -> Iterator[jax.Array]:
    """One program of all steps, with the learning rate as an argument, called for each setting."""
    run = jax.jit(lambda rate: _train(optax.adam(rate), steps))
    for rate in rates:
        yield run(jnp.float32(rate))


def swept(rates: Sequence[float], steps: int, at_once: int | None = None) -> jax.Array:
    """One program of all steps of all settings."""
    return optzoo_jax.sweep(lambda tx: _train(tx, steps), optzoo_jax.adam, at_once=at_once, learning_rate=rates)


LOOPS: dict[str, Callable[[list[float], int], Iterator[jax.Array]]] = {
    "a new program for each": compiled_for_each,
    "a loop of compiled steps": jitted_steps,
    "a compiled run for each": scanned,
}
COUNT = len(LOOPS) + len(SWEEPS)


def _loop_seconds(loop: Callable[[list[float], int], Iterator[jax.Array]], steps: int) -> tuple[float, float]:
    """Seconds of the first setting, and the median of the others."""
    jax.clear_caches()
    losses = loop(learning_rates(OF_A_LOOP), steps)
    seconds = []
    for _ in range(OF_A_LOOP):
        begin = time.perf_counter()
        jax.block_until_ready(next(losses))
        seconds.append(time.perf_counter() - begin)
    return seconds[0], statistics.median(seconds[1:])


def _on_devices(devices: int, at_once: int | None, settings: Sequence[int], steps: int) -> list[float]:
    """`sweep_seconds`, in a process with so many CPU devices."""
    program = (
        "import json; from optzoo_jax.experiments.bench.sweeps import sweep_seconds; "
        f"print(json.dumps(sweep_seconds({list(settings)}, {steps}, {at_once})))"
    )
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def sweep_seconds(settings: Sequence[int], steps: int, at_once: int | None) -> list[float]:
    """Seconds of sweeps over so many settings, compilation included."""
    jax.block_until_ready(swept(learning_rates(1), 1))  # what a process does once
    seconds = []
    for count in settings:
        jax.clear_caches()
        begin = time.perf_counter()
        jax.block_until_ready(swept(learning_rates(count), steps, at_once))
        seconds.append(time.perf_counter() - begin)
    return seconds


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
