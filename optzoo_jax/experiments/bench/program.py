"""The compiled step: what it is made of, and how long it takes to make."""

from __future__ import annotations

import itertools
import time
from typing import Any

import jax
import optax

from optzoo_jax.experiments.bench.subjects import Subject
from optzoo_jax.experiments.bench.trees import size_of


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
    bytes_of_params = sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(params))
    text = program.as_text()
    return {
        "temporaries": program.memory_analysis().temp_size_in_bytes / bytes_of_params,
        "bytes_accessed": _cost(program)["bytes accessed"] / size_of(params),
        "kernels": text.partition("\nENTRY")[2].count(" fusion("),
        "donated": text.partition("\n")[0].count("-alias)"),
    }


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


def _step(tx: Any) -> Any:
    """One step, parameters and state donated; the gradients stay."""

    def step(params: Any, state: Any, grads: Any) -> tuple[Any, Any]:
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    return jax.jit(step, donate_argnums=(0, 1))


def _cost(program: Any) -> Any:
    found = program.cost_analysis()
    return found[0] if isinstance(found, list) else found  # older JAX: a list of one
