"""What is trained: a model, its data, and what is made of its outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.experiments.data.split import Data


def cross_entropy(logits: jax.Array, y: jax.Array) -> jax.Array:
    """The mean of −log p(y)."""
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, y))


def accuracy(logits: jax.Array, y: jax.Array) -> jax.Array:
    """The share of targets that have the largest logit."""
    return jnp.mean((jnp.argmax(logits, axis=-1).astype(y.dtype) == y).astype(jnp.float32))


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """A model and its data, all in float32; a classifier, where nothing else is said.

    Attributes:
      name: on the command line.
      title: in words.
      data: what it is trained, chosen and tested on.
      init: a key → parameters.
      outputs: parameters, inputs → outputs.
      loss: outputs, targets → the mean over both.
      accuracy: outputs, targets → the share that is right, None where no output is right or wrong.
      penalty: λ of the λ/2·Σθ² in the objective.
      target: the validation accuracy, or else the validation loss, at which it counts as solved.
      steps: of a quick run.
      batch_size: examples in a step of a quick run, "full" for all.
      checkpoint_every: steps between two measurements.
      together: whether runs are trained at once, as one vectorised program, or one after the other.
    """

    name: str
    title: str
    data: Data
    init: Callable[[jax.Array], Any]
    outputs: Callable[[Any, jax.Array], jax.Array]
    loss: Callable[[jax.Array, jax.Array], jax.Array] = cross_entropy
    accuracy: Callable[[jax.Array, jax.Array], jax.Array] | None = accuracy
    penalty: float = 0.0
    target: float = 0.95
    steps: int = 400
    batch_size: int | Literal["full"] = 64
    checkpoint_every: int = 25
    together: bool = True

    @classmethod
    def of_network(cls, name: str, title: str, data: Data, network: Any, **more: Any) -> Problem:
        """The problem of a flax module: its inputs have the shape of the data's."""
        example = np.zeros_like(data.train.x[:1])
        return cls(name, title, data, lambda key: network.init(key, example), network.apply, **more)

    @property
    def score(self) -> Literal["accuracy", "loss"]:
        """What a run is judged by."""
        return "loss" if self.accuracy is None else "accuracy"

    def objective(self, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        """What is minimised: loss and penalty."""
        loss = self.loss(self.outputs(params, x), y)
        return loss + self.penalty / 2 * sum(jnp.sum(p**2) for p in jax.tree.leaves(params)) if self.penalty else loss

    def measure(self, params: Any, x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
        """The loss without the penalty and, where there is one, the accuracy."""
        outputs = self.outputs(params, x)
        measured = {"loss": self.loss(outputs, y)}
        return measured if self.accuracy is None else measured | {"accuracy": self.accuracy(outputs, y)}
