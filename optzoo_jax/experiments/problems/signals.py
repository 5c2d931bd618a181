"""Two hidden layers find a shape in a noisy signal."""

from __future__ import annotations

from flax import linen as nn

from optzoo_jax.experiments.data.signals import CLASSES, signals
from optzoo_jax.experiments.problems.problem import Problem


def make(name: str = "signals", wrong_labels: float = 0.0) -> Problem:
    """MNIST-1D, on which a linear classifier fails; the share of wrong labels in training is for the user to say."""
    model = nn.Sequential([nn.Dense(100), nn.relu, nn.Dense(100), nn.relu, nn.Dense(CLASSES)])
    title = "MLP 40-100-100-10 on MNIST-1D" + (f", {wrong_labels:.0%} of the labels wrong" if wrong_labels else "")
    return Problem(signals(wrong_labels), model, name=name, title=title, steps=300)
