"""A race in tables, with all that a reader must know in the lines below them; from `in_short`'s few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optzoo_jax.experiments.look.tables import Row, Rows
from optzoo_jax.experiments.methods.entries import REASONS
from optzoo_jax.experiments.race.statistics import BASELINE, profile, ratios
from optzoo_jax.experiments.report.text import count, examples, target
from optzoo_jax.experiments.training.schedules import SCHEDULES
from optzoo_jax.experiments.training.selection import RULES

WIDTH = 100
LIMITS = (
    "Small models on a processor do not predict which method is ahead at scale: what is 1.4 times as fast at 0.1 "
    "billion parameters was measured to be 1.1 times as fast at 1.2 billion (Wen, Hall, Ma & Liang, 2025, arXiv "
    "2509.02046)."
)
BASELINES = ("adamw", "nag")
_TAUS = (1.0, 1.5, 2.0, 4.0)


def race_rows(short: dict[str, Any]) -> list[Rows]:
    """A table a problem, the best test score first; over several problems, who is how near to the fastest.

    Args:
      short: a race's document, in short.
    """
    tables = []
    for name, facts in short["problems"].items():
        raced = sorted((record for record in short["methods"] if record["problem"] == name), key=_place)
        if raced:
            title = f"{facts['title']}: {examples(facts)}"
            tables.append(Rows(title, _columns(facts), list(map(_row, raced)), tuple(_notes(raced, facts))))
    return [*tables, _over_all(short["methods"])] if len(tables) > 1 else tables


def protocol(short: dict[str, Any]) -> list[str]:
    """How it was done, and what the columns mean."""
    records, budget = short["methods"], short["provenance"]["budget"]
    # In the order of steps, so that the last one stands: a method that has arrived sooner is given fewer.
    sizes = {r["problem"]: (r["steps"], r["batch_size"]) for r in sorted(records, key=lambda r: r["steps"])}
    lengths = ", ".join(f"{steps} steps of {count(size, 'example')} ({name})" for name, (steps, size) in sizes.items())
    rules = {record["score"]: RULES[record["score"]] for record in records}
    lines = [
        f"Equal budget: {count(budget['rates'], 'learning rate')}, half a decade apart around the method's default, × "
        f"{count(budget['seeds'], 'seed')} to choose the rate, then as many fresh seeds to report; {lengths}. A seed "
        "means the same initial parameters and batches for every method.",
        f"Learning rate: {budget['schedule']}, {SCHEDULES[budget['schedule']]}. "
        + " ".join(f"Best rate by {score}: {rule}." for score, rule in rules.items()),
        "test: median (quartiles) of the fresh seeds at the best rate; default: the median at the method's own. "
        "steps: median first checkpoint at the target, by validation; – if never. decades: of rates within 5 % of the "
        "best validation score. sharp: largest eigenvalue of the Hessian at the end. ms: a step of one run, compiled. "
        "bytes: of state, a parameter.",
    ]
    if budget["gradient_noise"] is not None:
        lines.append(f"Gradient noise: η = {budget['gradient_noise']:g}.")
    if budget["patience"] is not None:
        stopped, of = (sum(record[name] for record in records) for name in ("runs_stopped", "runs"))
        lines.append(
            f"Early stopping: {stopped} of {of} tuning runs stopped after {budget['patience']} measurements of the "
            "validation loss without improvement."
        )
    return [*lines, LIMITS]


def _columns(facts: dict[str, Any]) -> Row:
    score, steps = f"test {facts['score']}\nmedian (quartiles)", f"steps\nto {target(facts)}"
    return ("method", "best\nrate", score, "default", steps, "5 %\ndecades", "diverged", "sharp", "ms", "bytes")


def _row(record: dict[str, Any]) -> Row:
    test, arrived = record["test"], record["train_loss"] is not None
    results = (
        f"{record['best_learning_rate']:.2g}{'†' if record['on_edge'] else ''}",
        f"{test['median']:.3f} ({_number(test['low'], '.3f')}–{_number(test['high'], '.3f')})",
        _number(record["at_defaults"]["median"], ".3f"),
        _number(record["steps_to_target"], "d"),
        f"{record['decades_5']:.1f}",
    ) if arrived else ("–", "diverged", "–", "–", "–")  # fmt: skip
    return (
        record["name"],
        *results,
        f"{record['runs_diverged']}/{record['runs']}",
        _number(record["sharpness"], ".3g"),
        "–" if record["seconds_a_step"] is None else f"{1e3 * record['seconds_a_step']:.2f}",
        f"{record['state_bytes']:.0f}",
    )


def _notes(records: Sequence[dict[str, Any]], facts: dict[str, Any]) -> list[str]:
    lines = []
    extended = sum(record["extended"] for record in records)
    if extended:
        lines.append(
            f"The best rate of {extended} of {len(records)} methods was on the edge of the grid: they got two more on "
            "that side."
        )
    if any(record["on_edge"] for record in records):
        lines.append("† the best rate is on the edge of that wider grid too: a better one may lie beyond.")
    behind = [_behind(record) for record in records if record["steps_to_target"] is None]
    if behind:
        lines.append(f"Not at {target(facts)}: {', '.join(behind)}.")
    baselines = [
        f"{_number(r['validation']['median'], '.3g')} ({r['name']})" for r in records if r["name"] in BASELINES
    ]
    if baselines:
        lines.append(f"Beside the target: the baselines' median validation {facts['score']}, {', '.join(baselines)}.")
    diverged, of = (sum(record[name] for record in records) for name in ("runs_diverged", "runs"))
    return [*lines, f"Diverged: {diverged} of {of} tuning runs met a loss that is not finite."]


def _over_all(records: Sequence[dict[str, Any]]) -> Rows:
    """Who is within τ times the fastest on which share of problems, and the ratio to the baseline on each."""
    shares = {name: dict(line) for name, line in profile(records).items()}
    beside = ratios(records)
    columns = ("method", *(f"≤ {τ:g} ×\nfastest" for τ in _TAUS), *(f"{problem}\n× {BASELINE}" for problem in beside))
    rows = [
        (
            name,
            *(f"{round(shares[name][τ] * len(beside))}/{len(beside)}" for τ in _TAUS),
            *(_number(beside[problem].get(name), ".2f") for problem in beside),
        )
        for name in sorted(shares, key=lambda name: [-shares[name][τ] for τ in reversed(_TAUS)])
    ]
    return Rows("Steps to the target: on how many problems within so many times the fastest", columns, rows)


def _place(record: dict[str, Any]) -> float:
    middle = record["test"]["median"]
    if middle is None:
        return float("inf")
    return -middle if record["score"] == "accuracy" else middle


def _behind(record: dict[str, Any]) -> str:
    reason = REASONS.get(record["name"])
    return record["name"] + (f" ({reason})" if reason else "")


def _number(x: float | None, form: str) -> str:
    return "–" if x is None else format(x, form)
