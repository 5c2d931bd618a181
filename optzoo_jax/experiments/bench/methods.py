"""All that is measured of a method."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import optax

import optzoo_jax
from optzoo_jax.experiments.bench.program import compile_seconds, compiled, structure
from optzoo_jax.experiments.bench.steps import floor_bytes, state_bytes, step_seconds
from optzoo_jax.experiments.bench.subjects import Pair, Subject
from optzoo_jax.experiments.bench.trees import TREES, many_leaves, size_of


def bench_all(
    chosen: Sequence[Pair], report: Callable[[str, float], None], **settings: Any
) -> Iterator[dict[str, Any]]:
    """`bench` of each in turn; `report` hears which one is in hand and how many are done."""
    for i, pair in enumerate(chosen):
        yield bench(pair, lambda done, i=i, name=pair.name: report(name, i + done), **settings)


def bench(
    pair: Pair,
    report: Callable[[float], None],
    *,
    trees: Sequence[str],
    size: int,
    leaves: Sequence[int],
    repeats: int,
) -> dict[str, Any]:
    """All that is measured of one method: plain data.

    Args:
      pair: the method.
      report: hears what share of it is done.
      trees: the names in `TREES` of the parameters on which steps are timed.
      size: how many parameters these have.
      leaves: of the trees for which compilation is timed.
      repeats: steps timed, and a fifth as many compilations.
    """
    parts = len(trees) + len(leaves)
    found: dict[str, Any] = {"name": pair.name, "steps": {}, "compilation": {}}
    for i, tree in enumerate(trees):
        report(i / parts)
        sides = pair.sides | (_of_tiny(pair.ours) if tree == "tiny" else {})
        found["steps"][tree] = _steps(sides, TREES[tree](size), repeats)
    for i, count in enumerate(leaves):
        report((len(trees) + i) / parts)
        found["compilation"][str(count)] = _compilation(pair.sides, count, max(1, repeats // 5))
    return found


def _steps(sides: Mapping[str, Subject], params: Any, repeats: int) -> dict[str, Any]:
    programs = [compiled(subject, params) for subject in sides.values()]
    times, bandwidth = step_seconds(list(sides.values()), programs, params, repeats)
    found: dict[str, Any] = {
        "parameters": size_of(params),
        "arrays": len(params),
        "bandwidth": bandwidth,
        "floor_milliseconds": 1e3 * floor_bytes(sides["ours"], params) / bandwidth,
    }
    for (side, subject), program, seconds in zip(sides.items(), programs, times, strict=True):
        found[side] = {
            "milliseconds": [1e3 * x for x in _quartiles(seconds)],
            "state_bytes": state_bytes(subject, params) / size_of(params),
            **structure(program, params),
        }
    return found


def _compilation(sides: Mapping[str, Subject], leaves: int, rounds: int) -> dict[str, Any]:
    """Medians of the seconds until the first step; the sides take turns."""
    params = many_leaves(leaves)
    times = [{side: compile_seconds(subject, params) for side, subject in sides.items()} for _ in range(rounds)]
    return {side: {part: statistics.median(t[side][part] for t in times) for part in times[0][side]} for side in sides}


def _of_tiny(ours: Subject) -> dict[str, Subject]:
    """What many tiny arrays are measured with besides: the optimizer packed, where it can be, and none at all."""
    none = {"none": Subject(optax.identity)}
    try:
        optzoo_jax.pack(ours.make())
    except TypeError:
        return none
    return {"packed": Subject(lambda: optzoo_jax.pack(ours.make())), **none}


def _quartiles(values: Sequence[float]) -> list[float]:
    """The lower quartile, the median and the upper quartile."""
    if len(values) < 2:
        return [values[0]] * 3
    return statistics.quantiles(values, n=4, method="inclusive")
