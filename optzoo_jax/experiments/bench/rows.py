"""What was measured, as rows of words: for the terminal and for docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from optzoo_jax.experiments.look.tables import Row, Rows


def bench_rows(methods: Sequence[dict[str, Any]]) -> list[Rows]:
    """A table of steps for each tree, and one of compilation."""
    trees = list(methods[0]["steps"])
    tables = [_tiny_steps(methods) if tree == "tiny" else _steps(methods, tree) for tree in trees]
    return tables + ([_compilation(methods)] if methods[0]["compilation"] else [])


def repeated_rows(runs: Sequence[Sequence[dict[str, Any]]]) -> list[Rows]:
    """The ratios of several runs side by side: how far one differs from the next.

    Args:
      runs: what each measured; trees and numbers of arrays as in the first.
    """
    trees, counts = (list(runs[0][0][part]) for part in ("steps", "compilation"))

    def cells(found: dict[str, Any]) -> list[str]:
        steps = [found["steps"][tree] for tree in trees]
        of_steps = [cell for x in steps for cell in (_over_floor(x), _ratio(_median, x, "optax"))]
        compilations = [found["compilation"][count] for count in counts]
        return of_steps + [_ratio(of, x, "optax") for x in compilations for of in (_frontend, _total)]

    columns = [f"{tree}, × {of}" for tree in trees for of in ("floor", "optax")]
    columns += [f"{count}: {part}" for count in counts for part in ("before", "in all")]
    rows = []
    for same in zip(*runs, strict=True):
        each = zip(*map(cells, same), strict=True)
        rows.append((same[0]["name"], *("–" if "–" in of_all else ", ".join(of_all) for of_all in each)))
    return [Rows(f"The ratios of {len(runs)} runs, one after the other", ("method", *columns), rows)]


def precision_rows(found: Sequence[dict[str, Any]]) -> list[Rows]:
    """Errors of bias correction, and drift; a list for each that was measured."""
    titles = {
        "bias correction": "Largest relative error of 1/(1 − βᵗ) in float32",
        "drift": "Relative distance of the way of float32 steps from that of float64 steps",
    }

    def row(x: dict[str, Any]) -> Row:
        return x["name"], f"{x['ours']:.1e}", f"{x['optax']:.1e}", f"{x['optax'] / x['ours']:.1f}"

    columns = ("of", "here", "optax", "optax's is times as large")
    tables = [Rows(title, columns, [row(x) for x in found if x["of"] == kind]) for kind, title in titles.items()]
    return [table for table in tables if table.rows]


def sweep_rows(found: Sequence[dict[str, Any]]) -> list[Rows]:
    """Settings a second of each way, and how many times as long as a sweep on one device it takes."""
    counts = list(found[0]["seconds"])
    sweep = next(x["seconds"] for x in found if x["name"] == "sweep on 1 device")

    def row(x: dict[str, Any]) -> Row:
        of = {n: (f"{int(n) / seconds:.1f}", f"{seconds / sweep[n]:.2f}") for n, seconds in x["seconds"].items()}
        return (x["name"], *(cell for n in counts for cell in of[n]))

    columns = ("way", *(f"{n}: {c}" for n in counts for c in ("per s", "× sweep")))
    title = "Settings a second, compilation included, and times as long as a sweep on one device, by their number"
    return [Rows(title, columns, [row(x) for x in found])]


def state_rows(found: Sequence[dict[str, Any]]) -> list[Rows]:
    """A table for each problem: means over seeds and their standard deviation."""

    def row(x: dict[str, Any]) -> Row:
        score = next(values for name, values in x.items() if name.startswith("test_"))
        bytes_kept = f"{x['bytes_a_parameter']:.2f}"
        return x["optimizer"], x["format"], bytes_kept, _spread(x["train_loss"]), _spread(score)

    tables = []
    for problem in dict.fromkeys(x["problem"] for x in found):
        of_problem = [x for x in found if x["problem"] == problem]
        score = next(name for name in of_problem[0] if name.startswith("test_")).replace("_", " ")
        seeds, steps = len(of_problem[0]["train_loss"]), of_problem[0]["checkpoints"][-1]
        rate, plural = of_problem[0]["learning_rate"], "s" * (seeds > 1)
        title = f"{problem}, {steps} steps at the rate {rate:g}, {seeds} seed{plural}"
        columns = ("optimizer", "state", "bytes a parameter", "training loss", score)
        tables.append(Rows(title, columns, [row(x) for x in of_problem]))
    return tables


def _spread(values: Sequence[float | None]) -> str:
    finite = [x for x in values if x is not None]
    if len(finite) < len(values):
        return f"{len(values) - len(finite)} diverged"
    deviation = f" ± {statistics.stdev(finite):.4f}" if len(finite) > 1 else ""
    return f"{statistics.mean(finite):.4f}{deviation}"


BENCH_NOTE = (
    "Floor: parameters, gradients and state moved once, at the speed of a copy in place, measured in turn with the "
    "steps. Temporaries: in sizes of the parameters. Bytes: a parameter. In brackets: optax's."
)


def _steps(methods: Sequence[dict[str, Any]], tree: str) -> Rows:
    """Time and traffic of one step; beside ours stands optax's, in brackets."""

    def row(name: str, found: dict[str, Any]) -> Row:
        ours, optax = found["ours"], found.get("optax")

        def both(key: str, form: str) -> str:
            return f"{ours[key]:{form}}" + (f" ({optax[key]:{form}})" if optax else "")

        return (
            name,
            _milliseconds(ours),
            _over_floor(found),
            _ratio(_median, found, "optax"),
            both("temporaries", ".1f"),
            both("bytes_accessed", ".0f"),
            both("kernels", ".0f"),
            both("state_bytes", ".0f"),
        )

    columns = ("method", "ms (quartiles)", "× floor", "× optax", "temporaries", "bytes moved", "kernels", "state bytes")
    return Rows(_on(methods, tree), columns, [row(m["name"], m["steps"][tree]) for m in methods])


def _tiny_steps(methods: Sequence[dict[str, Any]]) -> Rows:
    """Where buffers cost more than bytes."""

    def row(name: str, found: dict[str, Any]) -> Row:
        packed = found.get("packed")
        return (
            name,
            _milliseconds(found["ours"]),
            _ratio(_median, found, "optax"),
            _milliseconds(packed) if packed else "–",
            f"{_median(packed) / _median(found['ours']):.2f}" if packed else "–",
            _milliseconds(found["none"]),
        )

    columns = ("method", "ms (quartiles)", "× optax", "packed, ms", "× unpacked", "no optimizer, ms")
    return Rows(_on(methods, "tiny"), columns, [row(m["name"], m["steps"]["tiny"]) for m in methods])


def _compilation(methods: Sequence[dict[str, Any]]) -> Rows:
    """Seconds until the first step, of which tracing and lowering is JAX's part and the library's."""
    counts = list(methods[0]["compilation"])

    def cells(found: dict[str, Any]) -> Row:
        return f"{_total(found['ours']):.2f}", _ratio(_frontend, found, "optax"), _ratio(_total, found, "optax")

    columns = ("method", *(f"{count}: {c}" for count in counts for c in ("s", "before", "in all")))
    rows = [(m["name"], *(cell for count in counts for cell in cells(m["compilation"][count]))) for m in methods]
    return Rows(
        "Until the first step can run, by the number of small arrays in ten shapes: seconds, and times as long as with "
        "optax, before XLA (tracing and lowering) and in all",
        columns,
        rows,
    )


def _on(methods: Sequence[dict[str, Any]], tree: str) -> str:
    found = [m["steps"][tree] for m in methods]
    speeds = sorted(x["bandwidth"] / 1e9 for x in found)
    copy = f"; a copy in place ran at {speeds[0]:.0f} to {speeds[-1]:.0f} GB/s" if tree != "tiny" else ""
    return f"{found[0]['parameters']:,} parameters in {arrays(found[0]['arrays'])}{copy}"


def arrays(n: int) -> str:
    """How many, in words."""
    return "one array" if n == 1 else f"{n:,} arrays"


def _frontend(side: dict[str, float]) -> float:
    return side["trace"] + side["lower"]


def _total(side: dict[str, float]) -> float:
    return _frontend(side) + side["compile"]


def _over_floor(found: dict[str, Any]) -> str:
    return f"{_median(found['ours']) / found['floor_milliseconds']:.2f}"


def _median(side: dict[str, Any]) -> float:
    return side["milliseconds"][1]


def _milliseconds(side: dict[str, Any]) -> str:
    low, median, high = side["milliseconds"]
    return f"{median:.1f} ({low:.1f}–{high:.1f})"


def _ratio(of: Callable[[dict[str, Any]], float], found: dict[str, Any], to: str) -> str:
    return f"{of(found['ours']) / of(found[to]):.2f}" if to in found else "–"
