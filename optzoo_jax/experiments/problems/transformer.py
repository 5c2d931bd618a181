"""A small transformer that predicts the next character of Python's manual."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn

from optzoo_jax.experiments.data.split import Data, Split
from optzoo_jax.experiments.data.stdlib_text import ALPHABET, stdlib_text
from optzoo_jax.experiments.problems.problem import Problem

_LENGTH, _WIDTH, _HEADS, _BLOCKS = 64, 64, 4, 2


def make() -> Problem:
    """Two pre-norm blocks of four heads, about 117 thousand parameters; the loss is in nats a character."""
    return Problem(
        _measured_on_few(stdlib_text(_LENGTH)),
        _Transformer(),
        accuracy=None,
        name="transformer",
        title=f"transformer of {_BLOCKS} blocks on windows of {_LENGTH} characters",
        steps=600,
        batch_size=8,
    )


def _measured_on_few(data: Data) -> Data:
    """16 thousand characters each of validation and test data: more would cost as much as the training."""
    return Data(data.train, *(Split(split.x[:256], split.y[:256]) for split in data[1:]))


class _Transformer(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        h = nn.Embed(len(ALPHABET), _WIDTH)(x) + nn.Embed(_LENGTH, _WIDTH)(jnp.arange(_LENGTH))[None]
        for _ in range(_BLOCKS):
            h = h + _attention(nn.LayerNorm()(h))
            h = h + nn.Dense(_WIDTH)(nn.gelu(nn.Dense(4 * _WIDTH)(nn.LayerNorm()(h))))
        # Small: at first all characters are equally likely.
        return nn.Dense(len(ALPHABET), kernel_init=nn.initializers.normal(0.02))(nn.LayerNorm()(h))


def _attention(h: jax.Array) -> jax.Array:
    """Each character looks at itself and those before it."""
    q, k, v = (nn.DenseGeneral((_HEADS, _WIDTH // _HEADS), use_bias=False)(h) for _ in range(3))
    return nn.Dense(_WIDTH)(jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(h.shape))
