"""A deep and narrow autoencoder of sigmoid units, which is hard for gradient descent."""

from __future__ import annotations

from flax import linen as nn

from optzoo_jax.experiments.data.digits import digits
from optzoo_jax.experiments.data.split import Data, Split
from optzoo_jax.experiments.problems.problem import Problem, squared_error

WIDTHS = (48, 32, 16, 8, 16, 32, 48)


def make() -> Problem:
    """Eight layers that squeeze 64 pixels through 8 numbers; the loss is the squared error of a pixel.

    Reference: Hinton & Salakhutdinov, 2006, "Reducing the dimensionality of data with neural networks", Science 313:
    a network of this kind, which they could train by gradient descent only after they had trained it layer by layer.
    """
    # Four times as wide as for tanh (Glorot & Bengio, 2010). Narrower, no method leaves the mean image.
    wide = nn.initializers.variance_scaling(4.0**2, "fan_avg", "uniform")
    layers = [layer for width in (*WIDTHS, 64) for layer in (nn.Dense(width, kernel_init=wide), nn.sigmoid)]
    return Problem(
        Data(*(Split(split.x, split.x) for split in digits())),
        nn.Sequential(layers),
        loss=squared_error,
        accuracy=None,
        name="autoencoder",
        title=f"autoencoder {'-'.join(map(str, (64, *WIDTHS, 64)))} of digits",
        steps=500,
        unit="squared error",
    )
