"""What losses are measured against: the lowest one known of each problem, and the two targets of the best baseline."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources
from typing import Any

import numpy as np

from optzoo_jax.experiments.methods.entries import BASELINES
from optzoo_jax.experiments.protocol.record import FRESH, Cell, Race

_EARLY = 0.9  # of the progress to the late target


def stored(name: str, data_sha256: str, steps: int) -> dict[str, float | None]:
    """`best_loss`, `early`, `late` of a problem, None where nothing is stored of these data and so many steps."""
    file = resources.files("optzoo_jax.experiments.problems") / "baselines.json"
    found = json.loads(file.read_text(encoding="utf-8")).get(name, {})
    same = (found.get("data_sha256"), found.get("steps")) == (data_sha256, steps)
    return {number: found[number] if same else None for number in ("best_loss", "early", "late")}


def baselines(race: Race) -> dict[str, dict[str, Any]]:
    """What a race would have stored of its problems, by name.

    best_loss: the lowest median test loss of the chosen trials' fresh runs. late: the median over the better baseline's
    fresh runs of the validation loss at the end of its curve; early: where it had made 90 % of that progress, counted
    from the curve's first checkpoint.
    """
    found = {}
    for name, facts in race.facts["problems"].items():
        cells = {method: cell for (problem, method), cell in race.cells.items() if problem == name}
        curves = [cells[method].validation[cells[method].stage == FRESH] for method in BASELINES if method in cells]
        medians = [np.median(_worst_last(curve), axis=0) for curve in curves if len(curve)]
        best = min(medians, key=lambda median: median[-1], default=None)
        late = None if best is None or not np.isfinite(best[-1]) else float(best[-1])
        early = None if best is None or late is None else float(best[0] - _EARLY * (best[0] - late))
        found[name] = {
            "data_sha256": facts["data_sha256"],
            "steps": facts["steps"],
            "best_loss": lowest_median(cells.values()),
            "early": early,
            "late": late,
        }
    return found


def lowest_median(cells: Iterable[Cell]) -> float | None:
    """The lowest median test loss of the chosen trials' fresh runs; None where none is finite."""
    losses = [_worst_last(cell.test_blocks[cell.stage == FRESH].mean(axis=1)) for cell in cells]
    best = min((float(np.median(loss)) for loss in losses if len(loss)), default=np.inf)
    return best if np.isfinite(best) else None


def _worst_last(losses: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(losses), losses, np.inf)
