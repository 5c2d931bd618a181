"""The tables at the end of a race, with all that a reader must know in the lines below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from optzoo_jax.experiments.entries import REASONS
from optzoo_jax.experiments.race.cell import Budget
from optzoo_jax.experiments.race.selection import RULES
from optzoo_jax.experiments.race.statistics import BASELINE, profile, ratios, summary
from optzoo_jax.experiments.training.schedules import SCHEDULES

WIDTH = 100
LIMITS = (
    "Small models on a processor do not predict which method is ahead at scale: what is 1.4 times as fast at 0.1 "
    "billion parameters was measured to be 1.1 times as fast at 1.2 billion (Wen, Hall, Ma & Liang, 2025, arXiv "
    "2509.02046)."
)
_TAUS = (1.0, 1.5, 2.0, 4.0)


def race_tables(records: Sequence[dict[str, Any]], problems: dict[str, dict[str, Any]], budget: Budget) -> Group:
    """A table a problem, the best test score first; over several problems, who is how near to the fastest; footnotes.

    Args:
      records: of finished methods.
      problems: name → what is said of it, as in a race's file.
      budget: what each method got.
    """
    blocks: list[Any] = []
    for name, facts in problems.items():
        raced = [record for record in records if record["problem"] == name]
        if raced:
            blocks += [Text(heading(facts), style="bold"), _table(raced, facts), Text()]
            blocks += [*map(Text, footnotes(raced, facts)), Text()]
    if len({record["problem"] for record in records}) > 1:
        blocks += [Text("Steps to the target, over the problems", style="bold"), _profile(records), Text()]
    return Group(*blocks, *map(Text, protocol(records, budget)))


def heading(facts: dict[str, Any]) -> str:
    """A problem and its data."""
    sizes = " / ".join(f"{n:,}" for n in facts["examples"])
    return f"{facts['title']}: {sizes} examples to train / choose / test"


def footnotes(records: Sequence[dict[str, Any]], facts: dict[str, Any]) -> list[str]:
    """What is to be said of one problem's table."""
    lines = []
    if any(record["extended"] for record in records):
        lines.append(
            f"The best rate of {sum(record['extended'] for record in records)} of {len(records)} methods was on the "
            "edge of the grid: they got two more on that side."
        )
    if any(record["on_edge"] for record in records):
        lines.append("† the best rate is on the edge of that wider grid too: a better one may lie beyond.")
    behind = [_behind(record) for record in records if summary(record)["steps_to_target"] is None]
    if behind:
        lines.append(f"Not at {_target(facts)}: {', '.join(behind)}.")
    diverged = sum(run["diverged"] for record in records for run in record["runs"])
    lines.append(f"Diverged: {diverged} of {sum(len(r['runs']) for r in records)} tuning runs met a loss not finite.")
    return lines


def protocol(records: Sequence[dict[str, Any]], budget: Budget) -> list[str]:
    """How it was done, and what the columns mean."""
    sizes = {name: (r["steps"], r["batch_size"]) for name, r in ((r["problem"], r) for r in reversed(records))}
    lengths = ", ".join(f"{steps} steps of {_count(size, 'example')} ({name})" for name, (steps, size) in sizes.items())
    rules = {record["score"]: RULES[record["score"]] for record in records}
    lines = [
        f"Equal budget: {_count(budget.rates, 'learning rate')}, half a decade apart around the method's default, × "
        f"{_count(budget.seeds, 'seed')} to choose the rate, then as many fresh seeds to report; {lengths}. A seed "
        "means the same initial parameters and batches for every method.",
        f"Learning rate: {budget.schedule}, {SCHEDULES[budget.schedule]}. "
        + " ".join(f"Best rate by {score}: {rule}." for score, rule in rules.items()),
        "test: median (quartiles) of the fresh seeds at the best rate; default: the median at the method's own. "
        "steps: median first checkpoint at the target, by validation; – if never. decades: of rates within 5 % of the "
        "best validation score. sharp: largest eigenvalue of the Hessian at the end. ms: a step of one run, compiled. "
        "bytes: of state, a parameter.",
    ]
    if budget.gradient_noise is not None:
        lines.append(f"Gradient noise: η = {budget.gradient_noise:g}.")
    if budget.patience is not None:
        stopped = [run["steps"] < record["steps"] for record in records for run in record["runs"]]
        lines.append(
            f"Early stopping: {sum(stopped)} of {len(stopped)} tuning runs stopped after {budget.patience} "
            "measurements of the validation loss without improvement."
        )
    return [*lines, LIMITS]


def _table(records: Sequence[dict[str, Any]], facts: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("method", no_wrap=True)
    scores = (f"test {facts['score']}\nmedian (quartiles)", "\ndefault", f"steps\nto {_target(facts)}")
    for column in ("best\nrate", *scores, "5 %\ndecades", "\ndiverged", "\nsharp", "\nms", "\nbytes"):
        table.add_column(column, justify="right", no_wrap=True)
    for record in sorted(records, key=_place):
        table.add_row(*map(Text, _row(record)))
    return table


def _row(record: dict[str, Any]) -> list[str]:
    found = summary(record)
    test = found["test"]
    runs = f"{sum(run['diverged'] for run in record['runs'])}/{len(record['runs'])}"
    cost = [
        runs,
        _number(found["sharpness"], ".3g"),
        f"{1e3 * record['seconds_a_step']:.2f}",
        f"{record['state_bytes']:.0f}",
    ]
    if found["train_loss"] is None:
        return [record["name"], "–", "diverged", "–", "–", "–", *cost]
    return [
        record["name"],
        f"{record['best_learning_rate']:.2g}{'†' if record['on_edge'] else ''}",
        f"{test['median']:.3f} ({_number(test['low'], '.3f')}–{_number(test['high'], '.3f')})",
        _number(found["at_defaults"]["median"], ".3f"),
        _number(found["steps_to_target"], "d"),
        f"{found['decades_5']:.1f}",
        *cost,
    ]


def _profile(records: Sequence[dict[str, Any]]) -> Table:
    """Who is within τ times the fastest on which share of problems, and the ratio to the baseline on each."""
    shares = {name: dict(line) for name, line in profile(records).items()}
    beside = ratios(records)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("method", no_wrap=True)
    for τ in _TAUS:
        table.add_column(f"≤ {τ:g} ×\nfastest", justify="right", no_wrap=True)
    for problem in beside:
        table.add_column(f"{problem}\n× {BASELINE}", justify="right", no_wrap=True)
    for name in sorted(shares, key=lambda name: [-shares[name][τ] for τ in reversed(_TAUS)]):
        of = len(beside)
        within = [f"{round(shares[name][τ] * of)}/{of}" for τ in _TAUS]
        table.add_row(*map(Text, [name, *within, *(_number(beside[p].get(name), ".2f") for p in beside)]))
    return table


def _place(record: dict[str, Any]) -> float:
    middle = summary(record)["test"]["median"]
    if middle is None:
        return float("inf")
    return -middle if record["score"] == "accuracy" else middle


def _behind(record: dict[str, Any]) -> str:
    reason = REASONS.get(record["name"])
    return record["name"] + (f" ({reason})" if reason else "")


def _target(facts: dict[str, Any]) -> str:
    return f"{facts['target']:.3g}" if facts["score"] == "loss" else f"{100 * facts['target']:.3g} %"


def _number(x: float | None, form: str) -> str:
    return "–" if x is None else format(x, form)


def _count(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"
