"""What is trained: initial parameters, logits, and how long."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from optzoo_jax.experiments.data import Data, principal_components


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """A classifier and its data, all in float32.

    Attributes:
      name: in words.
      data: what it is trained, chosen and tested on.
      init: a key → parameters.
      logits: parameters, (examples, features) → (examples, classes).
      penalty: λ of the λ/2·Σθ² in the objective.
      full_batch: whether each step sees all training data.
      most_steps: after which training ends whatever the race's steps, None for no limit.
      checkpoint_every: steps between two measurements.
    """

    name: str
    data: Data
    init: Callable[[jax.Array], Any]
    logits: Callable[[Any, jax.Array], jax.Array]
    penalty: float = 0.0
    full_batch: bool = False
    most_steps: int | None = None
    checkpoint_every: int = 25

    def cross_entropy(self, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        """The mean of −log p(y | x)."""
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(self.logits(params, x), y))

    def objective(self, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        """What is minimised: cross-entropy and penalty."""
        loss = self.cross_entropy(params, x, y)
        return loss + self.penalty / 2 * optax.tree.norm(params, squared=True) if self.penalty else loss

    def accuracy(self, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        """The share of examples whose largest logit is the right one."""
        guess = jnp.argmax(self.logits(params, x), axis=-1).astype(y.dtype)
        return jnp.mean((guess == y).astype(jnp.float32))


def mlp(data: Data, hidden: int = 128) -> Problem:
    """A network of one hidden layer, trained on mini-batches."""
    features, classes = data.train.x.shape[1], _classes(data)
    model = nn.Sequential([nn.Dense(hidden), nn.relu, nn.Dense(classes)])
    example = np.zeros((1, features), np.float32)
    name = f"MLP {features}-{hidden}-{classes}"
    return Problem(name, data, init=lambda key: model.init(key, example), logits=model.apply)  # pyright: ignore[reportArgumentType]


def logistic_regression(data: Data, components: int = 24, penalty: float = 1e-3) -> Problem:
    """Regularised multinomial logistic regression on principal components, all data at each step: for Newton's method.

    Few components, because a dense Hessian has the square of (components + 1)·classes numbers.
    """
    data = principal_components(data, components)
    classes = _classes(data)

    def init(key: jax.Array) -> Any:
        w = 0.1 * jax.random.normal(key, (components, classes), jnp.float32)
        return {"w": w, "b": jnp.zeros((classes,), jnp.float32)}

    def logits(params: Any, x: jax.Array) -> jax.Array:
        return x @ params["w"] + params["b"][None, :]

    name = f"logistic regression on {components} principal components"
    return Problem(name, data, init, logits, penalty, full_batch=True, most_steps=10, checkpoint_every=1)


def _classes(data: Data) -> int:
    return int(data.train.y.max()) + 1
