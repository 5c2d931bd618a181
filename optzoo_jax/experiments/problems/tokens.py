"""The next token from the last four, by a small network: a language with its rare words."""

from __future__ import annotations

from flax import linen as nn

from optzoo_jax.experiments.data.stdlib_tokens import tokens
from optzoo_jax.experiments.problems.problem import Problem

_WIDTH, _HIDDEN = 16, 64


def make(count: int = 500) -> Problem:
    """Embeddings, 64 units, and a logit of each token.

    Reference: Bengio, Ducharme, Vincent & Jauvin, 2003, "A neural probabilistic language model", JMLR 3.
    """
    model = nn.Sequential(
        [nn.Embed(count, _WIDTH), lambda x: x.reshape(len(x), -1), nn.Dense(_HIDDEN), nn.tanh, nn.Dense(count)]
    )
    title = f"the next of {count} tokens of source code from the last four, by a network"
    return Problem(tokens(count), model, name="tokens", title=title, steps=250)
