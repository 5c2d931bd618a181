"""A deep and narrow autoencoder of sigmoid units, on which plain gradient descent hardly moves."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from optzoo_jax.experiments.data.digits import digits
from optzoo_jax.experiments.data.split import Data, Split
from optzoo_jax.experiments.problems.problem import Problem

WIDTHS = (48, 32, 16, 8, 16, 32, 48)


def make() -> Problem:
    """Eight layers that squeeze 64 pixels through 8 numbers; the loss is the squared error of a pixel.

    Reference: Hinton & Salakhutdinov, 2006, "Reducing the dimensionality of data with neural networks", Science 313,
    whose network was too hard for gradient descent until Martens, 2010, "Deep learning via Hessian-free optimization".
    """
    layers = itertools.chain.from_iterable((nn.Dense(width), nn.sigmoid) for width in (*WIDTHS, 64))
    model = nn.Sequential(list(layers))
    example = np.zeros((1, 64), np.float32)

    def squared_error(outputs: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.mean((outputs - y) ** 2)

    return Problem(
        "autoencoder",
        f"autoencoder {'-'.join(map(str, (64, *WIDTHS, 64)))} of digits",
        Data(*(Split(split.x, split.x) for split in digits())),
        init=lambda key: model.init(key, example),
        outputs=model.apply,  # pyright: ignore[reportArgumentType]
        loss=squared_error,
        accuracy=None,
        target=0.03,
        steps=1000,
        batch_size=64,
        checkpoint_every=50,
    )
