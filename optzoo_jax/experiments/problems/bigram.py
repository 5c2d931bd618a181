"""The next token from the last one: deterministic, and some tokens are a thousand times as frequent as others."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.experiments.data.stdlib_tokens import bigrams
from optzoo_jax.experiments.problems.problem import Problem


def make(tokens: int = 256) -> Problem:
    """A table of logits, all pairs at each step: convex, with no noise of batches.

    Reference: Kunstner, Milligan, Yadav, Schmidt & Bietti, 2024, "Heavy-tailed class imbalance and why Adam outperforms
    gradient descent on language models", arXiv:2402.19449: gradient descent learns rare tokens slowly, Adam does not.
    """
    return Problem(
        bigrams(tokens),
        init=lambda key: 0.01 * jax.random.normal(key, (tokens, tokens), jnp.float32),
        outputs=lambda table, x: table[x],
        loss=counted_cross_entropy,
        accuracy=_counted_accuracy,
        name="bigram",
        title=f"the next of {tokens} tokens of source code from the last, by a table",
        steps=200,
        batch_size="full",
    )


def counted_cross_entropy(logits: jax.Array, counts: jax.Array) -> jax.Array:
    """The mean over the rows of −Σ counts·log p: that over the pairs of a table that adds up to its number of rows."""
    return jnp.mean(optax.softmax_cross_entropy(logits, counts))


def _counted_accuracy(logits: jax.Array, counts: jax.Array) -> jax.Array:
    return jnp.mean(jnp.take_along_axis(counts, jnp.argmax(logits, axis=-1)[:, None], axis=-1))
