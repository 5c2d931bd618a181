"""The table at the end of a race, with all that a reader must know in the lines below it."""

from __future__ import annotations

import statistics
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from optzoo_jax.experiments.entries import REASONS
from optzoo_jax.experiments.race import Budget, problem
from optzoo_jax.experiments.selection import RULE, median, values

_TARGET = 0.95
_NUMBERS = ("best\nrate", "test accuracy\nmedian (range)", "train\nloss", "steps\nto 95 %", "runs\ndiverged", "seconds")


def race_table(methods: list[dict[str, Any]], budget: Budget) -> Group:
    """Finished methods, the best test accuracy first (ties: the lower test loss), and footnotes."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("method", no_wrap=True)
    for column in _NUMBERS:
        table.add_column(column, justify="right", no_wrap=True)
    for method in sorted(methods, key=_place):
        table.add_row(*map(Text, _row(method)))
    return Group(table, Text(), *(Text(line) for line in footnotes(methods, budget)))


def footnotes(methods: list[dict[str, Any]], budget: Budget) -> list[str]:
    """What was done, and what the marks in the table mean where there are any; all computed from the records."""
    main = problem("mlp")
    sizes = " / ".join(f"{len(split.y):,}" for split in main.data)
    lines = [
        f"{main.name} on digits: {sizes} images to train / choose / test; constant learning rates, float32.",
        f"Equal budget: {_count(budget.rates, 'learning rate')} × {_count(budget.seeds, 'seed')} × {budget.steps} "
        f"steps of {budget.batch_size} images; a seed means the same initial parameters and batches for every method.",
        f"Best rate: {RULE}.",
        "Train loss: the median at the end. Steps to 95 %: the first checkpoint where the median validation accuracy "
        "is at least 95 %; – if never. Seconds: all runs of the method, compilation included.",
    ]
    if any(m["extended"] for m in methods):
        lines.append(
            f"{(budget.rates + 2) * budget.seeds} runs instead of {budget.rates * budget.seeds}: the best rate was on "
            "the edge of the grid, so two more were tried on that side."
        )
    if any(m["on_edge"] for m in methods):
        lines.append("† the best rate is on the edge of that wider grid too: a better one may lie beyond.")
    lines += [
        f"* {m['name']} is second-order and runs on another problem, {m['problem']}, for {m['steps']} steps on all "
        "training images: not comparable with the others."
        for m in methods
        if m["problem"] != main.name
    ]
    below = [_below(m) for m in methods if not _all_diverged(m) and _test_accuracy(m) < _TARGET]
    if below:
        lines.append(f"Test accuracy below {_TARGET}: {'; '.join(below)}.")
    diverged = sum(m["diverged_runs"] for m in methods)
    lines.append(f"Diverged: {diverged} of {sum(len(m['runs']) for m in methods)} runs met a loss that is not finite.")
    return lines


def _row(method: dict[str, Any]) -> list[str]:
    runs, best = method["runs"], method["best_learning_rate"]
    name = method["name"] + ("" if method["problem"] == problem("mlp").name else "*")
    diverged, seconds = f"{method['diverged_runs']}/{len(runs)}", f"{method['seconds']:.1f}"
    if _all_diverged(method):
        return [name, "–", "diverged", "–", "–", diverged, seconds]
    test = values(runs, best, "test_accuracy")
    return [
        name,
        f"{best:.2g}{'†' if method['on_edge'] else ''}",
        f"{statistics.median(test):.3f} ({min(test):.3f}–{max(test):.3f})",
        f"{median(runs, best, 'train_loss'):.4f}",
        str(method["steps_to_95"] or "–"),
        diverged,
        seconds,
    ]


def _place(method: dict[str, Any]) -> tuple[float, float]:
    return -_test_accuracy(method), median(method["runs"], method["best_learning_rate"], "test_loss")


def _test_accuracy(method: dict[str, Any]) -> float:
    return median(method["runs"], method["best_learning_rate"], "test_accuracy")


def _all_diverged(method: dict[str, Any]) -> bool:
    return method["diverged_runs"] == len(method["runs"])


def _below(method: dict[str, Any]) -> str:
    reason = REASONS.get(method["name"])
    return f"{method['name']} {_test_accuracy(method):.4f}" + (f" ({reason})" if reason else "")


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"
