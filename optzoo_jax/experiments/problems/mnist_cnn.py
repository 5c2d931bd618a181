"""A convolutional network on handwritten digits."""

from __future__ import annotations

import numpy as np
from flax import linen as nn

from optzoo_jax.experiments.data.mnist import mnist
from optzoo_jax.experiments.problems.problem import Problem


def make() -> Problem:
    """Two convolutions of stride 2 and a dense layer: 9,098 parameters."""
    model = nn.Sequential(
        [
            nn.Conv(16, (3, 3), strides=2),
            nn.relu,
            nn.Conv(32, (3, 3), strides=2),
            nn.relu,
            lambda x: x.reshape(x.shape[0], -1),
            nn.Dense(10),
        ]
    )
    example = np.zeros((1, 28, 28, 1), np.float32)
    return Problem(
        "mnist-cnn",
        "CNN on 5,000 images of MNIST",
        mnist(),
        init=lambda key: model.init(key, example),
        outputs=model.apply,  # pyright: ignore[reportArgumentType]
        steps=200,
        batch_size=32,
        together=False,
    )
