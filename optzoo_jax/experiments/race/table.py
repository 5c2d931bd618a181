"""The table at the end of a race, with all that a reader must know in the lines below it."""

from __future__ import annotations

import statistics
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from optzoo_jax.experiments.entries import REASONS
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.race.race import Budget
from optzoo_jax.experiments.race.selection import RULES, Score, median, values
from optzoo_jax.experiments.training.schedules import SCHEDULES

_BEHIND = {"accuracy": "below", "loss": "above"}


def race_table(methods: list[dict[str, Any]], chosen: Problem, budget: Budget) -> Group:
    """Finished methods, the best test accuracy first (then the lowest test loss), and footnotes."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("method", no_wrap=True)
    columns = (f"test {chosen.score}\nmedian (range)", "train\nloss", f"steps\nto {_target(chosen)}", "runs\ndiverged")
    for column in ("best\nrate", *columns, "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    for method in sorted(methods, key=_place):
        table.add_row(*map(Text, _row(method, chosen)))
    return Group(table, Text(), *(Text(line) for line in footnotes(methods, chosen, budget)))


def footnotes(methods: list[dict[str, Any]], chosen: Problem, budget: Budget) -> list[str]:
    """What was done, and what the marks in the table mean where there are any; all computed from the records."""
    sizes = " / ".join(f"{len(split.y):,}" for split in chosen.data)
    as_good = "at least" if chosen.score == "accuracy" else "at most"
    lines = [
        f"{chosen.title}: {sizes} examples to train / choose / test, float32.",
        f"Equal budget: {_count(budget.rates, 'learning rate')} × {_count(budget.seeds, 'seed')} × {budget.steps} "
        f"steps of {_count(budget.batch_size, 'example')}; a seed means the same initial parameters and batches for "
        "every method.",
        f"Learning rate: {budget.schedule}, {SCHEDULES[budget.schedule]}. Best rate: {RULES[chosen.score]}.",
        f"Train loss: the median at the end. Steps to {_target(chosen)}: the first checkpoint where the median "
        f"validation {chosen.score} is {as_good} {_target(chosen)}; – if never. Seconds: all runs of the method, "
        "compilation included.",
    ]
    if budget.gradient_noise is not None:
        lines.append(f"Gradient noise: η = {budget.gradient_noise:g}.")
    if budget.patience is not None:
        stopped = [run["steps"] < m["steps"] for m in methods for run in m["runs"]]
        lines.append(
            f"Early stopping: {sum(stopped)} of {len(stopped)} runs stopped after {budget.patience} measurements of "
            "the validation loss without improvement."
        )
    if any(m["extended"] for m in methods):
        lines.append(
            f"{(budget.rates + 2) * budget.seeds} runs instead of {budget.rates * budget.seeds}: the best rate was on "
            "the edge of the grid, so two more were tried on that side."
        )
    if any(m["on_edge"] for m in methods):
        lines.append("† the best rate is on the edge of that wider grid too: a better one may lie beyond.")
    lines += [
        f"* {m['name']} is second-order and runs on another problem, {load_problem(m['problem']).title}, for "
        f"{m['steps']} steps on all training examples: not comparable with the others."
        for m in methods
        if m["problem"] != chosen.name
    ]
    behind = [_behind(m, chosen) for m in methods if not _all_diverged(m) and _is_behind(m, chosen)]
    if behind:
        lines.append(f"Test {chosen.score} {_BEHIND[chosen.score]} {chosen.target}: {'; '.join(behind)}.")
    diverged = sum(m["diverged_runs"] for m in methods)
    lines.append(f"Diverged: {diverged} of {sum(len(m['runs']) for m in methods)} runs met a loss that is not finite.")
    return lines


def _row(method: dict[str, Any], chosen: Problem) -> list[str]:
    runs, best = method["runs"], method["best_learning_rate"]
    name = method["name"] + ("" if method["problem"] == chosen.name else "*")
    diverged, seconds = f"{method['diverged_runs']}/{len(runs)}", f"{method['seconds']:.1f}"
    if _all_diverged(method):
        return [name, "–", "diverged", "–", "–", diverged, seconds]
    test = values(runs, best, f"test_{chosen.score}")
    return [
        name,
        f"{best:.2g}{'†' if method['on_edge'] else ''}",
        f"{statistics.median(test):.3f} ({min(test):.3f}–{max(test):.3f})",
        f"{median(runs, best, 'train_loss'):.4f}",
        str(method["steps_to_target"] or "–"),
        diverged,
        seconds,
    ]


def _place(method: dict[str, Any]) -> tuple[float, float]:
    return -_test(method, "accuracy"), _test(method, "loss")


def _test(method: dict[str, Any], score: Score) -> float:
    return median(method["runs"], method["best_learning_rate"], f"test_{score}")


def _all_diverged(method: dict[str, Any]) -> bool:
    return method["diverged_runs"] == len(method["runs"])


def _is_behind(method: dict[str, Any], chosen: Problem) -> bool:
    found = _test(method, chosen.score)
    return found < chosen.target if chosen.score == "accuracy" else found > chosen.target


def _behind(method: dict[str, Any], chosen: Problem) -> str:
    reason = REASONS.get(method["name"])
    return f"{method['name']} {_test(method, chosen.score):.4f}" + (f" ({reason})" if reason else "")


def _target(problem: Problem) -> str:
    return f"{problem.target:.0%}".replace("%", " %") if problem.score == "accuracy" else f"{problem.target:g}"


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"
