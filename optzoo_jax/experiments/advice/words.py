"""Advice in words: a screen of a terminal, and a page of the docs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from optzoo_jax.experiments.advice.advise import Advice, Range, Suggestion, advise
from optzoo_jax.experiments.advice.measured import shipped
from optzoo_jax.experiments.advice.tasks import QUOTED, TASKS

_WIDTH = 100
_SHOWN = 6
_COLUMNS = ("method", "score", "seconds × adamw", "bytes a parameter", "rates to search", "× the paper's")


def in_terminal(advice: Advice) -> str:
    """At most a screen."""
    lines = [f"{advice.task}: {TASKS[advice.task]}", ""]
    if not advice.suggestions:
        quoted = (
            line for one in QUOTED.get(advice.task, ()) for line in (one.call, f"  {one.says}", f"  {one.reference}")
        )
        return "\n".join([*lines, *_wrapped(_nothing(advice)), *(f"  {line}" for line in quoted)])
    first, rows = advice.suggestions[0], [_COLUMNS, *map(_row, advice.suggestions[:_SHOWN])]
    wide = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
    lines += _wrapped(_leading(advice))
    lines += ["  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip() for row in rows]
    lines += ["", f"Type: {first.call if advice.trials else first.own}", ""]
    return "\n".join([*lines, *(line for note in _notes(advice) for line in _wrapped(note))])


def overview(measured: Mapping[str, Any], trials: int) -> str:
    """A line a task."""
    lines = []
    for task in TASKS:
        advice = advise(measured, task, trials)
        names = ", ".join(one.method for one in advice.suggestions[:_SHOWN]) or "nothing was measured here"
        lines.append(f"{task:<9} {names}{_more(advice)}")
    return "\n".join([*lines, "", "`optzoo advise TASK` says with which rates, and what that rests on."])


def in_markdown(measured: Mapping[str, Any] | None = None) -> str:
    """The measured part of docs/choosing.md: every task, with 4 trials and with none."""
    measured, blocks = measured or shipped(), []
    for task, meaning in TASKS.items():
        advice, untuned = advise(measured, task), advise(measured, task, 0)
        blocks.append(f"## {task}\n\n{meaning[:1].upper()}{meaning[1:]}.")
        if not advice.suggestions:
            quoted = (f"* `{one.call}`: {one.says}. {one.reference}." for one in QUOTED.get(task, ()))
            blocks.append("\n".join([_nothing(advice), "", *quoted]).strip())
            continue
        rows = [_COLUMNS, ("---",) * len(_COLUMNS), *map(_row, advice.suggestions)]
        own = ", ".join(f"`{one.own}`" for one in untuned.suggestions)
        blocks += [
            _leading(advice, len(advice.suggestions)),
            "\n".join(f"| {' | '.join(row)} |" for row in rows),
            f"`{advice.suggestions[0].call}` is what was chosen for the first of them.",
            f"Without any trial: {own}.",
            " ".join(_notes(advice)),
        ]
    return "\n\n".join(blocks)


def _leading(advice: Advice, shown: int = _SHOWN) -> str:
    after = (
        f"After {advice.trials} {'trial' if advice.trials == 1 else 'trials'}" if advice.trials else "Without a trial"
    )
    those = ", ".join(f"{name} ({size:,} parameters)" for name, size in advice.problems.items())
    rest = f", of which the first {shown} are shown" if len(advice.suggestions) > shown else ""
    return (
        f"{after} these lead, or are not told from what leads, on {' and '.join(advice.led)}{rest}. "
        f"Measured for this task: {those}."
    )


def _notes(advice: Advice) -> Iterable[str]:
    first, sizes = advice.suggestions[0], advice.problems.values()
    if len(advice.led) == 1:
        yield f"This rests on one problem, {advice.led[0]}."
    if any(one.method == "adamw" for one in advice.suggestions):
        yield "AdamW is one of them."
    elif advice.adamw is not None:
        yield f"AdamW is not one of them: {advice.adamw:.2f}."
    else:
        yield "AdamW is not ranked on these problems."
    if advice.trained != advice.trials:
        yield f"The race knows of {advice.trained} trials, not of {advice.trials}."
    yield (
        "Score: 0 is the best constant prediction, 1 the best baseline; equal to the second digit, the cheaper stands "
        "first."
    )
    yield (
        f"Rates: the quartiles of the best ones on {_problems(first.searched)}, under the schedule {advice.schedule}, "
        f"for models of {_sizes(sizes)} parameters. For models above 1e7 the literature's word is the paper's own "
        f"rate, {first.own}, and nothing here says who leads there."
    )


def _row(one: Suggestion) -> tuple[str, ...]:
    return (
        one.method,
        f"{one.score:.2f}",
        "–" if one.seconds is None else f"{one.seconds:.2f}",
        "–" if one.bytes is None else f"{one.bytes:.1f}",
        _range(one.rates),
        "–" if one.over_card is None else _range(one.over_card),
    )


def _nothing(advice: Advice) -> str:
    if advice.task in QUOTED:
        return "Nothing was measured here; these are the sources' own words, with the rates of their papers:"
    return "Nothing was measured in this race for this task: no problem of it took part, or no method was ranked."


def _range(x: Range) -> str:
    low, high = (f"{float(f'{end:.2g}'):g}" for end in x)  # 540 and not 5.4e+02
    return low if low == high else f"{low} to {high}"


def _problems(n: int) -> str:
    return "one problem" if n == 1 else f"{n} problems"


def _sizes(sizes: Iterable[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _more(advice: Advice) -> str:
    rest = len(advice.suggestions) - _SHOWN
    return (f" and {rest} more" if rest > 0 else "") + (f" ({', '.join(advice.led)})" if advice.led else "")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_on_hyphens=False)
