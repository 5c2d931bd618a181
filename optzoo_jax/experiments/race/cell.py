"""A cell of the race: one method on one problem, and all that its numbers depend on."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import jax

import optzoo_jax
from optzoo_jax.experiments.data.split import sha256
from optzoo_jax.experiments.keeping.provenance import versions
from optzoo_jax.experiments.methods.entries import Entry
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.training.schedules import schedule
from optzoo_jax.experiments.training.trainer import examples_a_step


@dataclasses.dataclass(frozen=True)
class Budget:
    """What every method gets on every problem.

    Attributes:
      rates: learning rates, at first.
      seeds: runs at every rate to choose it, and as many fresh ones to report.
      steps: of training, None for the problem's own number.
      share: of that number, where `steps` is None.
      batch_size: examples in a step, None for the problem's own.
      schedule: of the learning rate, one of `SCHEDULES`.
      gradient_noise: η of the noise added to the gradient, None for none.
      patience: measurements without improvement after which a run stops, None for never.
      timed: whether a step's time is measured, which takes another compilation.
    """

    rates: int = 5
    seeds: int = 5
    steps: int | None = None
    share: float = 1.0
    batch_size: int | Literal["full"] | None = None
    schedule: str = "constant"
    gradient_noise: float | None = None
    patience: int | None = None
    timed: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    """A method, a problem, and the budget made definite for both: `steps` and `batch_size` are numbers."""

    entry: Entry
    problem: Problem
    budget: Budget
    steps: int
    batch_size: int

    @property
    def label(self) -> str:
        """For progress."""
        return f"{self.problem.name} {self.entry.name}"

    def key(self) -> dict[str, Any]:
        """Plain data that differs wherever the numbers may."""
        return {
            "problem": self.problem.name,
            "method": self.entry.name,
            "configuration": {
                **dataclasses.asdict(self.budget),
                "steps": self.steps,
                "batch_size": self.batch_size,
                "default_learning_rate": self.entry.learning_rate,
                "optimizer_sha256": self.entry.source_sha256,
                "data_sha256": data_hash(self.problem),
            },
            "versions": {**versions(), "source_sha256": source_hash()},
            "devices": sorted({device.device_kind for device in jax.devices()}),
            "settings": {
                "x64": jax.dtypes.canonicalize_dtype("float64").name == "float64",
                "matmul_precision": getattr(jax.config, "jax_default_matmul_precision", None),
                "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
            },
        }

    def digest(self) -> str:
        """A short name for the key."""
        return hashlib.sha256(json.dumps(self.key(), sort_keys=True).encode()).hexdigest()[:16]


def cells(entries: Sequence[Entry], problems: Sequence[Problem], budget: Budget) -> list[Cell]:
    """Every method on every problem that it can be trained on, problem by problem.

    Raises:
      ValueError: for a batch larger than a problem's training data, and for an unknown schedule.
    """
    schedule(budget.schedule, 1)
    return [
        Cell(
            entry,
            problem,
            budget,
            _steps(entry, problem, budget),
            examples_a_step(problem, budget.batch_size or problem.batch_size),
        )
        for problem in problems
        for entry in entries
        if entry.problem in (None, problem.name)
    ]


def _steps(entry: Entry, problem: Problem, budget: Budget) -> int:
    steps = budget.steps or max(1, round(budget.share * problem.steps))
    return min(steps, entry.most_steps or steps)


data_hash = functools.cache(lambda problem: sha256(problem.data))


@functools.cache
def source_hash() -> str:
    """A hash of this library's own files, which change between two releases of the same version."""
    root = Path(optzoo_jax.__file__).parent
    found = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        found.update(str(file.relative_to(root)).encode() + file.read_bytes())
    return found.hexdigest()
