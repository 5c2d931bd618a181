"""What a reader may not conclude."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from html import escape
from typing import Any

from optzoo_jax.experiments.report.section import Section
from optzoo_jax.experiments.report.standings import LIMITS
from optzoo_jax.experiments.report.text import count


def section(document: Mapping[str, Any]) -> Section:
    """A list, some of it computed from the record."""
    methods = document["methods"]
    seeds = statistics.mode(len(m["tuned"]) for m in methods)
    lines = [
        LIMITS,
        f"{count(len(document['problems']), 'problem')} and {count(seeds, 'fresh seed')} a method stand behind every "
        "comparison. Differences smaller than the range in brackets are not differences.",
        "The budget is small and the same for all. With more trials the order may change; a small budget favours what "
        "needs no tuning.",
        "All hyperparameters but the learning rate are at their defaults, those of the baselines too.",
        "Compare the ends of runs only: the order flips while a schedule decays.",
    ]
    edge = sum(m["on_edge"] for m in methods)
    if edge:
        lines.append(
            f"{edge} of {count(len(methods), 'best rate')}, marked † in the tables, "
            f"{'is' if edge == 1 else 'are'} on the edge of the grid even after it grew: not fully tuned."
        )
    if not document["complete"]:
        lines.insert(0, "The race is not finished: some methods are missing on some problems.")
    return Section("Limits", f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>")
