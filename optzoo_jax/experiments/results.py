"""Results as a file: where they come from, and a write that is whole or not at all."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

import jax

from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.race.race import Budget
from optzoo_jax.experiments.race.selection import RULES, SPACING


def machine() -> dict[str, Any]:
    """What numbers were made with; nothing in it names the machine."""
    packages = ("jax", "jaxlib", "optax", "flax", "numpy", "scikit-learn", "optzoo_jax")
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in packages},
        },
        "platform": f"{platform.system()} {platform.machine()}",
        "devices": [device.device_kind for device in jax.devices()],
        "cores": os.cpu_count(),
        "dtype": "float32",
    }


def provenance(problem: Problem, budget: Budget) -> dict[str, Any]:
    """What a reader needs to know of where a race's numbers come from; the data's hash stands with each method."""
    return {
        **machine(),
        "problem": problem.name,
        "budget": dataclasses.asdict(budget),
        "seeds": list(range(budget.seeds)),
        "learning_rates": f"{budget.rates} around the method's default, each {SPACING:.4g} times the one before",
        "choice": RULES[problem.score],
    }


def check_writable(path: Path) -> None:
    """Makes the folder of a file to be written, before time is spent on what to write.

    Raises:
      ValueError: where the file could not be written.
    """
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file in it, such as {path / 'race.json'}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error.strerror}): name a file in a folder of yours.") from None


def write(path: Path, results: dict[str, Any]) -> None:
    """Writes JSON; whoever reads the file, whenever, finds all of the old or all of the new."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(results, indent=1, allow_nan=False, ensure_ascii=False), encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
