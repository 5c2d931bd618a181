"""What users do with the library: race methods on small real problems, and on their own.

    from optzoo_jax.experiments import Problem, race

    problem = Problem((x, y), model)  # a flax module, or a function of a key that makes an nnx or Equinox model
    race(["adamw", "lion"], problem)

Needs `pip install "optzoo_jax[experiments]"`; nothing in the library imports it. Imports between its folders point one
way: what is trained (`data`, `problems`), with what (`methods`), how (`training`), up to a record (`race`); what is
computed from it (`evidence`, `advice`), what measures and draws beside it (`landscapes`, `bench`, `claims`); what says
and shows it (`report`); and the command on top.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optzoo_jax.experiments.data.split import Data, Split
    from optzoo_jax.experiments.problems.problem import Problem
    from optzoo_jax.experiments.race.race import race

__all__ = ["Data", "Problem", "Split", "race"]

_WHERE = {"Data": "data.split", "Split": "data.split", "Problem": "problems.problem", "race": "race.race"}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is asked for, with the packages that it needs."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
