"""Logistic regression, which is convex and small enough for Newton's method."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.experiments.data.digits import digits
from optzoo_jax.experiments.data.split import Data, Split
from optzoo_jax.experiments.problems.problem import Problem


def make(components: int = 24, penalty: float = 1e-3) -> Problem:
    """Regularised multinomial logistic regression on the digits' principal components, all data at each step.

    Few components, because a dense Hessian has the square of (components + 1)·classes numbers.
    """

    def init(key: jax.Array) -> Any:
        w = 0.1 * jax.random.normal(key, (components, 10), jnp.float32)
        return {"w": w, "b": jnp.zeros((10,), jnp.float32)}

    def logits(params: Any, x: jax.Array) -> jax.Array:
        return x @ params["w"] + params["b"][None, :]

    return Problem(
        principal_components(digits(), components),
        init=init,
        outputs=logits,
        name="logistic",
        title=f"logistic regression on {components} principal components",
        penalty=penalty,
        steps=100,
        batch_size="full",
    )


def principal_components(data: Data, count: int) -> Data:
    """The data in its first principal components, which are those of the training data."""
    mean = data.train.x.mean(axis=0, dtype=np.float64)
    _, _, axes = np.linalg.svd(data.train.x - mean, full_matrices=False)
    return Data(*(Split(((split.x - mean) @ axes[:count].T).astype(np.float32), split.y) for split in data))
