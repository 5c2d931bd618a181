"""Problems that train in milliseconds."""

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.experiments.data.split import Data, Split
from optzoo_jax.experiments.problems.problem import Problem, squared_error


def line(scale=1.0, steps=10, **more):
    """y = 2·x with one parameter: the best rate of gradient descent is about 1/(2·scale²)."""
    x = scale * np.linspace(0.9, 1.1, 40, dtype=np.float32)
    split = Split(x, 2 * x)
    return Problem(
        Data(split, split, split),
        init=lambda key: jnp.zeros((), jnp.float32),
        outputs=lambda w, x: w * x,
        loss=squared_error,
        accuracy=None,
        **{"name": "line", "steps": steps, "batch_size": "full", **more},
    )


def blobs(hidden=4, steps=12, shuffled=False, name="blobs"):
    """Which of three overlapping clouds in the plane does a point come from? 120 points each for all purposes."""
    random = np.random.default_rng(0)

    def split():
        y = random.integers(0, 3, 120).astype(np.int32)
        angle = 2 * np.pi * y / 3
        x = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.4 * random.standard_normal((120, 2))
        return Split(x.astype(np.float32), random.permutation(y) if shuffled else y)

    def init(key):
        a, b = jax.random.split(key)
        first = jax.random.normal(a, (2, hidden), jnp.float32)
        return first, jax.random.normal(b, (hidden, 3), jnp.float32) / hidden**0.5

    return Problem(
        Data(split(), split(), split()),
        init=init,
        outputs=lambda params, x: jnp.tanh(x @ params[0]) @ params[1],
        name=name,
        steps=steps,
        batch_size=20,
    )


def examples():
    """Each of 40 examples has a parameter of its own for each of two classes."""
    split = Split(np.eye(40, dtype=np.float32), np.arange(40, dtype=np.int32) % 2)
    return Problem(
        Data(split, split, split),
        init=lambda key: jnp.zeros((40, 2), jnp.float32),
        outputs=lambda params, x: x @ params,
        name="examples",
        batch_size=4,
    )
