"""Advice in words: for the terminal, and as the page docs/choosing.md."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Collection

from optzoo_jax.experiments.advice.advise import Suggestion, advise, call
from optzoo_jax.experiments.advice.reasons import CONDITIONS, REASONS, TASKS, THIN, Claim, Evidence, Page

_WIDTH = 100
_RATES = (
    "The rate is the method's own. Try the rates half a decade and a decade above it next: in the races here most best "
    "rates lay there (docs/race.md)."
)
_COMPRESSED = (
    "compress_state keeps the moments in 8 bits: 2.03 bytes a parameter rather than 8. On three problems training "
    "ended within the noise of the seeds of float32's (docs/performance.md)."
)


def in_terminal(task: str, conditions: Collection[str]) -> str:
    """What `optzoo advise` prints.

    Raises:
      ValueError: as `advise` does.
    """
    suggestions = advise(task, conditions)
    lines = [f"{task}: {TASKS[task]}", *(f"{name}: {CONDITIONS[name]}" for name in conditions), ""]
    for i, suggestion in enumerate(suggestions, 1):
        lines.append(f"{i}. {suggestion.call}")
        for reason in suggestion.reasons:
            lines.append(_filled(reason.why, "   "))
            lines += [_filled(_plain(evidence), "     ") for evidence in reason.evidence]
    lines += ["", _filled(_RATES)]
    if _compressed(suggestions):
        lines.append(_filled(_COMPRESSED))
    lines += ["", "Where the evidence is thin:", *(_filled(THIN[name], "  ") for name in (task, *conditions))]
    return "\n".join(lines)


def in_markdown() -> str:
    """The measured part of docs/choosing.md: every task alone, then what each condition changes."""
    blocks = ["## By task", *itertools.chain.from_iterable(map(_task, TASKS))]
    blocks += ["## What a condition changes", _changes()]
    for name, meaning in CONDITIONS.items():
        blocks += [f"### {name}", f"{meaning[:1].upper()}{meaning[1:]}. Thin: {THIN[name]}", _list(_of(name))]
    return "\n\n".join(blocks)


def _task(task: str) -> list[str]:
    heading = f"{TASKS[task][:1].upper()}{TASKS[task][1:]}. Thin: {THIN[task]}"
    return [f"### {task}", heading, _list(advise(task))]


def _of(condition: str) -> list[Suggestion]:
    """Each method that the condition itself speaks for, with those reasons alone."""
    found = [r for r in REASONS if r.when == condition]
    compressed = condition == "memory-limited"
    return [Suggestion(r.method, call("", r.method, compressed), (r,)) for r in sorted(found, key=lambda r: -r.weight)]


def _changes() -> str:
    """A row a task, a column a condition: the methods in their order."""
    rows = [f"| | alone | {' | '.join(CONDITIONS)} |", "|---" * (len(CONDITIONS) + 2) + "|"]
    for task in TASKS:
        cells = [", ".join(s.method for s in advise(task, [c] if c else [])) for c in ("", *CONDITIONS)]
        rows.append(f"| {task} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _list(suggestions: Collection[Suggestion]) -> str:
    lines = []
    for i, suggestion in enumerate(suggestions, 1):
        lines.append(f"{i}. `{suggestion.call}`")
        for reason in suggestion.reasons:
            lines.append(f"    * {reason.why} {'; '.join(map(_linked, reason.evidence))}.")
    return "\n".join(lines)


def _plain(evidence: Evidence) -> str:
    if isinstance(evidence, Claim):
        return f"{evidence.verdict} here: docs/claims.md#{evidence.name}"
    return f"docs/{evidence.path}" if isinstance(evidence, Page) else evidence.reference


def _linked(evidence: Evidence) -> str:
    if isinstance(evidence, Claim):
        return f"[{evidence.verdict} here](claims.md#{evidence.name})"
    return f"[measured here]({evidence.path})" if isinstance(evidence, Page) else evidence.reference


def _compressed(suggestions: Collection[Suggestion]) -> bool:
    return any("compress_state" in suggestion.call for suggestion in suggestions)


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
