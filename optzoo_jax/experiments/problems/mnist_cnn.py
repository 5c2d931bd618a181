"""A convolutional network on handwritten digits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn

from optzoo_jax.experiments.data.mnist import mnist
from optzoo_jax.experiments.problems.problem import Problem


def make() -> Problem:
    """LeNet, small: two convolutions of 5×5, each with max-pooling, and a dense layer; 5,994 parameters."""
    model = nn.Sequential([Convolution(8), nn.relu, _pool, Convolution(16), nn.relu, _pool, _flatten, nn.Dense(10)])
    title = "CNN on 5,000 images of MNIST"
    return Problem(mnist(), model, name="mnist-cnn", title=title, steps=200, batch_size=32)


class Convolution(nn.Module):
    """nn.Conv(features, (5, 5), padding="VALID"), as one matrix product of all patches.

    Inside of a scan, XLA:CPU takes the slow one of its two ways to convolve, which is five times as long.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        height, width = x.shape[1] - 4, x.shape[2] - 4
        patches = [x[:, i : i + height, j : j + width] for i in range(5) for j in range(5)]
        return nn.Dense(self.features)(jnp.concatenate(patches, axis=-1))


def _pool(x: jax.Array) -> jax.Array:
    """The largest of each 2×2 pixels."""
    images, height, width, channels = x.shape
    return x.reshape(images, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def _flatten(x: jax.Array) -> jax.Array:
    return x.reshape(x.shape[0], -1)
