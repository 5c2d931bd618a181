"""What an optimizer's step costs, beside optax's and beside the memory floor: seconds, bytes, compilation.

The floor of a step is its memory traffic at the speed of a copy in place: parameters read and written, gradients
read, each slot of the state read and written.
"""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

import optzoo_jax
from optzoo_jax.experiments.entries import LOOKAHEAD, entry, select

# optax's names for what it has under another one.
_TWINS: dict[str, Callable[[Any], Any]] = {
    "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
    "nag": lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
    LOOKAHEAD: lambda rate: optax.lookahead(optax.adam(rate), sync_period=5, slow_step_size=0.5),
}


@dataclasses.dataclass(frozen=True)
class Subject:
    """An optimizer to be measured.

    Attributes:
      make: () → the optimizer, anew.
      start: the parameters → what the optimizer trains; optax's lookahead has two sets of them.
    """

    make: Callable[[], Any]
    start: Callable[[Any], Any] = lambda params: params


@dataclasses.dataclass(frozen=True)
class Pair:
    """A method of ours, and optax's where it has it."""

    name: str
    ours: Subject
    twin: Subject | None


def pairs(words: Sequence[str] = ()) -> list[Pair]:
    """The first-order methods that are meant by names and patterns; all, where there are none.

    Raises:
      ValueError: for a word that means nothing, with the nearest name.
    """
    return [_pair(e.name) for e in select(words) if e.problem is None and (words or "[" not in e.name)]


def _pair(name: str) -> Pair:
    e = entry(name)
    rate: Any = e.learning_rate  # a Python number, as in a user's program
    ours = Subject(lambda: e.make_optimizer(rate))
    if name in _TWINS:
        start = optax.LookaheadParams.init_synced if name == LOOKAHEAD else Subject.start
        return Pair(name, ours, Subject(lambda: _TWINS[name](rate), start))
    has_twin = "[" not in name and "optax" in optzoo_jax.card(name).calls
    return Pair(name, ours, Subject(lambda: getattr(optax, name)(rate)) if has_twin else None)


def _step(tx: Any) -> Any:
    """One step, parameters and state donated; the gradients stay."""

    def step(params: Any, state: Any, grads: Any) -> tuple[Any, Any]:
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    return jax.jit(step, donate_argnums=(0, 1))


def compiled(subject: Subject, params: Any, **options: Any) -> Any:
    """The compiled step for parameters of these shapes.

    Args:
      subject: what to compile.
      params: arrays or `jax.ShapeDtypeStruct`s.
      **options: XLA's, as in `jax.jit(…, compiler_options=…)`.
    """
    tx = subject.make()
    start = jax.eval_shape(subject.start, params)
    return _step(tx).lower(start, jax.eval_shape(tx.init, start), params).compile(options)


def structure(program: Any, params: Any) -> dict[str, float]:
    """What a compiled step is made of; no clock is involved.

    Returns:
      temporaries: in sizes of the parameters; bytes_accessed: a parameter, as XLA counts; kernels: of any size;
      donated: how many arrays are written where they were read.
    """
    size = sum(x.size for x in jax.tree.leaves(params))
    bytes_of_params = sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(params))
    text = program.as_text()
    return {
        "temporaries": program.memory_analysis().temp_size_in_bytes / bytes_of_params,
        "bytes_accessed": program.cost_analysis()["bytes accessed"] / size,
        "kernels": text.partition("\nENTRY")[2].count(" fusion("),
        "donated": text.partition("\n")[0].count("-alias)"),
    }


def step_seconds(subjects: Sequence[Subject], size: int, repeats: int) -> tuple[list[list[float]], float]:
    """Seconds of steps on one float32 array of that size, and bytes a second of a copy in place.

    The subjects and the copy take turns, so that whatever else the machine does falls on all alike.
    """
    params = jnp.zeros(size, jnp.float32)
    grads = jnp.full(size, 1e-3, jnp.float32)
    runs = [_run(subject, params, grads) for subject in subjects]
    add = jax.jit(lambda x: x + 1, donate_argnums=0)
    copied = jnp.zeros(size, jnp.float32)
    times: list[list[float]] = [[] for _ in subjects]
    copies = []
    for i in range(repeats + 1):
        for run, kept in zip(runs, times, strict=True):
            begin = time.perf_counter()
            next(run)
            if i:  # the first round finds the caches cold
                kept.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        copied = jax.block_until_ready(add(copied))
        copies.append(time.perf_counter() - begin)
    return times, 2 * 4 * size / statistics.median(copies[1:])


def _run(subject: Subject, params: Any, grads: Any) -> Iterator[None]:
    """Each `next` is one step, awaited."""
    program = compiled(subject, params)
    now = jax.tree.map(jnp.copy, subject.start(params))
    state = jax.jit(subject.make().init)(now)
    while True:
        now, state = jax.block_until_ready(program(now, state, grads))
        yield


def state_bytes(subject: Subject, size: int) -> int:
    """Bytes kept beside so many float32 parameters; a second set of parameters counts."""
    params = jax.ShapeDtypeStruct((size,), jnp.float32)
    start = jax.eval_shape(subject.start, params)
    more = sum(x.size for x in jax.tree.leaves(start)) - size
    return 4 * more + optzoo_jax.state_bytes(subject.make(), start)


def floor_bytes(subject: Subject, size: int) -> int:
    """The bytes that a step on so many float32 parameters must move."""
    return 3 * 4 * size + 2 * state_bytes(subject, size)


def compile_seconds(subject: Subject, params: Any) -> dict[str, float]:
    """Seconds to trace, to lower and to compile a step, with nothing left over from earlier ones."""
    jax.clear_caches()
    tx = subject.make()
    start = jax.eval_shape(subject.start, params)
    state = jax.eval_shape(tx.init, start)
    step = _step(tx)
    jax.clear_caches()
    times = [time.perf_counter()]
    traced = step.trace(start, state, params)
    times.append(time.perf_counter())
    lowered = traced.lower()
    times.append(time.perf_counter())
    lowered.compile()
    times.append(time.perf_counter())
    return dict(zip(("trace", "lower", "compile"), (b - a for a, b in itertools.pairwise(times)), strict=True))


def many_leaves(leaves: int) -> dict[str, jax.ShapeDtypeStruct]:
    """Parameters of ten shapes, as the layers of a deep network repeat theirs."""
    return {f"layer {i // 10}, {i % 10}": jax.ShapeDtypeStruct((8 + i % 10, 8), jnp.float32) for i in range(leaves)}


def bench_all(
    chosen: Sequence[Pair], report: Callable[[str, float], None], size: int, leaves: int, repeats: int
) -> Iterator[dict[str, Any]]:
    """`bench` of each in turn; `report` hears which one is in hand and how many are done."""
    for i, pair in enumerate(chosen):
        report(pair.name, i)
        yield bench(pair, size, leaves, repeats)


def bench(pair: Pair, size: int, leaves: int, repeats: int) -> dict[str, Any]:
    """All that is measured of one method: plain data.

    Args:
      pair: the method.
      size: parameters of the single array on which steps are timed.
      leaves: of the tree on which compilation is timed.
      repeats: steps timed, and a fifth as many compilations.
    """
    subjects = [pair.ours] if pair.twin is None else [pair.ours, pair.twin]
    shape = jax.ShapeDtypeStruct((size,), jnp.float32)
    times, bandwidth = step_seconds(subjects, size, repeats)
    floor = floor_bytes(pair.ours, size) / bandwidth
    rounds = [[compile_seconds(s, many_leaves(leaves)) for s in subjects] for _ in range(max(1, repeats // 5))]
    sides = {}
    for i, side in enumerate(("ours", "optax")[: len(subjects)]):
        sides[side] = {
            "milliseconds": [1e3 * x for x in _quartiles(times[i])],
            "state_bytes": state_bytes(subjects[i], size) / size,
            **structure(compiled(subjects[i], shape), shape),
            **{f"{part}_seconds": statistics.median(r[i][part] for r in rounds) for part in rounds[0][i]},
        }
    return {"name": pair.name, "floor_milliseconds": 1e3 * floor, "bandwidth": bandwidth, **sides}


def _quartiles(values: Sequence[float]) -> list[float]:
    """The lower quartile, the median and the upper quartile."""
    if len(values) < 2:
        return [values[0]] * 3
    return statistics.quantiles(values, n=4, method="inclusive")
