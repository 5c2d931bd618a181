"""What is measured of a method on one tree, and all of them as a table."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import optax

from optzoo_jax.experiments.bench.in_torch import torch_run
from optzoo_jax.experiments.bench.program import FINDS_THE_ORDER, made, structure
from optzoo_jax.experiments.bench.steps import copy_of, floor_bytes, in_turns, run_of, state_bytes
from optzoo_jax.experiments.bench.subjects import Pair, Subject
from optzoo_jax.experiments.bench.trees import TREES, size_of
from optzoo_jax.experiments.look.tables import Row, Rows

LOOP = 4  # steps in one program
LITTLE = 0.1  # of a temporary
_ADAM = Subject(lambda: optax.adam(1e-3))


def bench_all(
    chosen: Sequence[tuple[Pair, str]], size: int, report: Callable[[str, float], None]
) -> Iterator[dict[str, Any]]:
    """`bench` of each in turn; what fails is a row that says why, and costs no other its numbers."""
    _adam_compile.cache_clear()
    made(_ADAM, TREES["array"](1))  # the first program of a process takes longer than the same one after it
    for i, (pair, tree) in enumerate(chosen):
        report(f"{pair.name}, {tree}", i)
        begin = time.perf_counter()
        try:
            found = bench(pair, tree, size)
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"}
        yield {"name": pair.name, "tree": tree, **found, "seconds": time.perf_counter() - begin}


def bench(pair: Pair, tree: str, size: int) -> dict[str, Any]:
    """All that is measured of one method on one tree: plain data.

    Args:
      pair: the method.
      tree: a name in `TREES`.
      size: about as many parameters.
    """
    params = TREES[tree](size)
    found: dict[str, Any] = {"parameters": size_of(params), "arrays": len(params)}
    # The floor: a copy in place that moves as many bytes, since what fits into a cache moves faster.
    runs: dict[str, Iterator[None]] = {"floor": copy_of(floor_bytes(pair.ours, params) // (2 * 4))}
    for side, subject in pair.sides.items():
        jax.clear_caches()
        program, seconds = made(subject, params)
        runs[side] = run_of(subject, program, params)
        kept = state_bytes(subject, params) / size_of(params)
        found[side] = {"seconds_to": seconds, "state_bytes": kept, **structure(program, params)}
    # Where a call takes long for what it hands over; packed, a loop over a thousand arrays compiles for minutes.
    if len(params) > 1 and not (tree == "many" and "pack" in pair.name):
        runs["loop"] = run_of(pair.ours, made(pair.ours, params, steps=LOOP)[0], params)
    if (steps := torch_run(pair.method, params)) is not None:
        runs["torch"] = steps
    if found["ours"]["temporaries"] > LITTLE and jax.default_backend() == "cpu":
        program = made(pair.ours, params, **FINDS_THE_ORDER)[0]
        ordered = structure(program, params)
        if ordered["temporaries"] < found["ours"]["temporaries"] - LITTLE:
            runs["ordered"], found["ordered"] = run_of(pair.ours, program, params), ordered
    times = in_turns(runs)
    for side, taken in times.items():
        milliseconds = [1e3 * x / (LOOP if side == "loop" else 1) for x in taken]
        quartiles = statistics.quantiles(milliseconds, n=4, method="inclusive")
        found.setdefault(side, {}).update({"milliseconds": quartiles, "rounds": len(taken)})
        # Rounds are compared one by one: what else the machine does changes from round to round.
        found[side]["ours_over_it"] = statistics.median(ours / x for ours, x in zip(times["ours"], taken, strict=True))
        found[side]["over_floor"] = statistics.median(x / least for x, least in zip(taken, times["floor"], strict=True))
    return {**found, "compiled_beside": found.get("optax", {}).get("seconds_to") or _adam_compile(tree, size)}


@functools.cache
def _adam_compile(tree: str, size: int) -> dict[str, float]:
    jax.clear_caches()
    return made(_ADAM, TREES[tree](size))[1]


def bench_rows(found: Sequence[dict[str, Any]]) -> list[Rows]:
    """All rows as one table, with a column for torch where it was measured; and as another what an option changes."""
    measured = [x for x in found if "error" not in x]
    torch = any("torch" in x for x in measured)
    heads = ("method", "on", "ms", "ms in a loop", "× floor", "× optax", *(("× torch",) if torch else ()))
    more = ("temporaries", "bytes moved", "state bytes", "trace", "compile")
    failed = [f"{x['name']} on {x['tree']} failed: {x['error']}" for x in found if "error" in x]
    trees = {x["tree"]: f"{x['parameters']:,} parameters in {_arrays(x['arrays'])}" for x in measured}
    title = "; ".join(f"{name}: {words}" for name, words in trees.items())
    table = Rows(title, (*heads, *more), [_row(x, torch=torch) for x in measured], (NOTE, *failed))
    if not any("ordered" in x for x in measured):
        return [table]
    title = f"With XLA's option {', '.join(FINDS_THE_ORDER)}, and in brackets without"
    heads = ("method", "on", "ms", "× floor", "temporaries", "bytes moved")
    return [table, Rows(title, heads, [_ordered(x) for x in measured if "ordered" in x])]


NOTE = (
    f"ms: the median of rounds in which all take turns, one step a call; in a loop, of {LOOP} steps in one program. "
    "Floor: parameters, gradients and state moved once, at the speed of a copy in place. Temporaries: in sizes of the "
    "parameters; bytes: a parameter; in brackets optax's. Trace, with lowering, and compile: times as long as optax's, "
    "or as its adam's where it has no such method."
)


def _row(x: dict[str, Any], *, torch: bool) -> Row:
    ours, beside = x["ours"], x["compiled_beside"]
    both = functools.partial(_both, ours, x.get("optax"))

    def over(side: str) -> str:
        return f"{x[side]['ours_over_it']:.2f}" if side in x else "–"

    def seconds_over(*parts: str) -> str:
        return f"{sum(ours['seconds_to'][part] for part in parts) / sum(beside[part] for part in parts):.2f}"

    return (
        *(x["name"], x["tree"], f"{ours['milliseconds'][1]:.1f}"),
        f"{x['loop']['milliseconds'][1]:.1f}" if "loop" in x else "–",
        *(over("floor"), over("optax"), *([over("torch")] if torch else [])),
        *(both("temporaries", ".1f"), both("bytes_accessed", ".0f"), both("state_bytes", ".1f")),
        *(seconds_over("trace", "lower"), seconds_over("compile")),
    )


def _ordered(x: dict[str, Any]) -> Row:
    both = functools.partial(_both, x["ordered"], x["ours"])
    figures = (("over_floor", ".2f"), ("temporaries", ".1f"), ("bytes_accessed", ".0f"))
    milliseconds = "{:.1f} ({:.1f})".format(*(x[side]["milliseconds"][1] for side in ("ordered", "ours")))
    return x["name"], x["tree"], milliseconds, *(both(*figure) for figure in figures)


def _both(one: dict[str, Any], other: dict[str, Any] | None, key: str, form: str) -> str:
    """A figure, and in brackets the other's."""
    return f"{one[key]:{form}}" + (f" ({other[key]:{form}})" if other else "")


def _arrays(n: int) -> str:
    return "one array" if n == 1 else f"{n:,} arrays"
