"""The smallest transformer, on the same characters."""

from __future__ import annotations

from optzoo_jax.experiments.problems import transformer
from optzoo_jax.experiments.problems.problem import Problem


def make() -> Problem:
    """One block of width 32, about 20 thousand parameters."""
    return transformer.make("chars", blocks=1, width=32, steps=400)
