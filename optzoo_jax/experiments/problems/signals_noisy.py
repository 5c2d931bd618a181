"""The same signals, some of them with a wrong label: who learns the noise first?"""

from __future__ import annotations

from optzoo_jax.experiments.problems import signals
from optzoo_jax.experiments.problems.problem import Problem


def make() -> Problem:
    """A fifth of the training labels is wrong; those of validation and test are right."""
    return signals.make("signals-noisy", wrong_labels=0.2)
