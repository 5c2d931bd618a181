"""A transformer that predicts the next character of Python's manual and sources."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn

from optzoo_jax.experiments.data.stdlib_text import ALPHABET, stdlib_text
from optzoo_jax.experiments.problems.problem import Problem

_LENGTH, _HEADS = 64, 4


def make(name: str = "transformer", blocks: int = 2, width: int = 64, steps: int = 600) -> Problem:
    """Pre-norm blocks of four heads, by default about 116 thousand parameters; the loss is in nats a character."""
    title = f"transformer, blocks: {blocks}, width {width}, on windows of {_LENGTH} characters"
    model = _Transformer(blocks, width)
    return Problem(stdlib_text(_LENGTH), model, accuracy=None, name=name, title=title, steps=steps, batch_size=8)


class _Transformer(nn.Module):
    blocks: int
    width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        h = nn.Embed(len(ALPHABET), self.width)(x) + nn.Embed(_LENGTH, self.width)(jnp.arange(_LENGTH))[None]
        for _ in range(self.blocks):
            h = h + _attention(nn.LayerNorm()(h))
            h = h + nn.Dense(self.width)(nn.gelu(nn.Dense(4 * self.width)(nn.LayerNorm()(h))))
        # Small: at first all characters are equally likely.
        return nn.Dense(len(ALPHABET), kernel_init=nn.initializers.normal(0.02))(nn.LayerNorm()(h))


def _attention(h: jax.Array) -> jax.Array:
    """Each character looks at itself and those before it."""
    width = h.shape[-1]
    q, k, v = (nn.DenseGeneral((_HEADS, width // _HEADS), use_bias=False)(h) for _ in range(3))
    return nn.Dense(width)(jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(h.shape))
