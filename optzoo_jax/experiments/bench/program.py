"""The compiled step: what it is made of, and how long it takes to make."""

from __future__ import annotations

import itertools
import time
from typing import Any

import jax
import optax

from optzoo_jax.experiments.bench.subjects import Subject
from optzoo_jax.experiments.bench.trees import size_of

# In which order one kernel reads and another overwrites a slot, so that XLA:CPU need not copy it first.
FINDS_THE_ORDER = {"xla_cpu_copy_insertion_use_region_analysis": True}


def compiled(subject: Subject, params: Any, **options: Any) -> Any:
    """The compiled step for parameters of these shapes.

    Args:
      subject: what to compile.
      params: arrays or `jax.ShapeDtypeStruct`s.
      **options: XLA's, as in `jax.jit(…, compiler_options=…)`.
    """
    return made(subject, params, **options)[0]


def made(subject: Subject, params: Any, steps: int = 1, **options: Any) -> tuple[Any, dict[str, float]]:
    """The compiled step, or several in one program, and the seconds to trace, to lower and to compile it.

    They are the process's: other work on the machine does not make them more.
    """
    tx = subject.make()
    start = jax.eval_shape(subject.start, params)
    state = jax.eval_shape(tx.init, start)

    def step(params: Any, state: Any, grads: Any) -> tuple[Any, Any]:
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    def several(params: Any, state: Any, grads: Any) -> tuple[Any, Any]:
        return jax.lax.fori_loop(0, steps, lambda i, both: step(both[0], both[1], grads), (params, state))

    # Parameters and state are donated; the gradients stay.
    program = jax.jit(step if steps == 1 else several, donate_argnums=(0, 1))
    times = [time.process_time()]
    traced = program.trace(start, state, params)
    times.append(time.process_time())
    lowered = traced.lower()
    times.append(time.process_time())
    done = lowered.compile(options)
    times.append(time.process_time())
    return done, dict(zip(("trace", "lower", "compile"), (b - a for a, b in itertools.pairwise(times)), strict=True))


def structure(program: Any, params: Any) -> dict[str, float]:
    """What a compiled step is made of; no clock is involved.

    Returns:
      temporaries: in sizes of the parameters; bytes_accessed: a parameter, as XLA counts; donated: how many arrays are
      written where they were read.
    """
    bytes_of_params = sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(params))
    cost: Any = program.cost_analysis()
    cost = cost[0] if isinstance(cost, list) else cost  # older JAX: a list of one
    return {
        "temporaries": program.memory_analysis().temp_size_in_bytes / bytes_of_params,
        "bytes_accessed": cost["bytes accessed"] / size_of(params),
        "donated": program.as_text().partition("\n")[0].count("-alias)"),
    }
