"""A network of one hidden layer on handwritten digits."""

from __future__ import annotations

from flax import linen as nn

from optzoo_jax.experiments.data.digits import digits
from optzoo_jax.experiments.problems.problem import Problem


def make(hidden: int = 128) -> Problem:
    """64 pixels, one hidden layer, 10 classes."""
    model = nn.Sequential([nn.Dense(hidden), nn.relu, nn.Dense(10)])
    return Problem(digits(), model, name="digits-mlp", title=f"MLP 64-{hidden}-10 on digits", steps=400)
