"""What is trained: a model, its data, and what is made of its outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import ArrayLike
from scipy.optimize import minimize

from optzoo_jax.experiments.data.split import Data, evenly, ready
from optzoo_jax.experiments.problems import models

Outputs = Callable[[Any, Any], jax.Array]
Measure = Callable[[jax.Array, Any], jax.Array]


def cross_entropy(logits: jax.Array, y: jax.Array) -> jax.Array:
    """The mean of −log p(y)."""
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, y))


def squared_error(outputs: jax.Array, y: jax.Array) -> jax.Array:
    """The mean of (output − y)²."""
    return jnp.mean((outputs - y) ** 2)


def accuracy(logits: jax.Array, y: jax.Array) -> jax.Array:
    """The share of targets that have the largest logit."""
    return jnp.mean((jnp.argmax(logits, axis=-1).astype(y.dtype) == y).astype(jnp.float32))


@dataclasses.dataclass(frozen=True, eq=False, init=False)
class Problem:
    """A model and its data; a classifier, where nothing else is said.

    `Problem((x, y), model)` is all that is needed. It is trained in float32, on a split of the examples into training
    (65 %), validation (15 %) and test data (20 %).

    Args:
      data: what it is trained, chosen and tested on; or a pair of inputs and targets, split here.
      model: a flax.linen module; or a function of a key that makes a flax.nnx module or an Equinox model: a callable
        of one example whose arrays of real numbers are its parameters. It holds nothing but parameters.
      init: a key → parameters, in the place of a model.
      outputs: parameters, inputs → outputs, in the place of a model.
      loss: outputs, targets → the mean over both.
      accuracy: outputs, targets → the share that is right, None where no output is right or wrong.
      name: in tables and on the command line.
      title: in words.
      penalty: λ of the λ/2·Σθ² in the objective.
      steps: of a run.
      batch_size: examples in a step, "full" for all.
      unit: of the loss.

    Raises:
      TypeError: for a model that is none of these.
      ValueError: for a model beside init and outputs, data that do not fit together, or too large a batch.
    """

    data: Data
    init: Callable[[jax.Array], Any]
    outputs: Outputs
    loss: Measure
    accuracy: Measure | None = accuracy
    name: str
    title: str
    penalty: float
    steps: int
    batch_size: int | Literal["full"]
    unit: str

    def __init__(
        self,
        data: Data | tuple[ArrayLike, ArrayLike],
        model: Any = None,
        *,
        init: Callable[[jax.Array], Any] | None = None,
        outputs: Outputs | None = None,
        loss: Measure = cross_entropy,
        accuracy: Measure | None = accuracy,
        name: str = "own",
        title: str = "",
        penalty: float = 0.0,
        steps: int = 300,
        batch_size: int | Literal["full"] = 64,
        unit: str = "nats",
    ) -> None:
        data = ready(data)
        if (init is None) != (outputs is None) or (model is None) == (init is None):
            arguments = {"model": model, "init": init, "outputs": outputs}
            given = [name for name, value in arguments.items() if value is not None]
            raise ValueError(
                f"given: {', '.join(given) or 'neither model nor init and outputs'}; a problem has either a model or "
                "both init and outputs: leave out the one or the other"
            )
        if init is None or outputs is None:
            init, outputs = models.functions(model, data.train.x[:1])
        if batch_size not in ("full", *range(1, len(data.train.x) + 1)):
            raise ValueError(
                f"batch_size = {batch_size!r} is outside 1 … {len(data.train.x)}, the examples to train on; give "
                'fewer, or "full" for all of them'
            )
        found = locals()
        self.__dict__.update({f.name: found[f.name] for f in dataclasses.fields(self)} | {"title": title or name})

    def objective(self, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        """What is minimised: loss and penalty."""
        loss = self.loss(self.outputs(params, x), y)
        return loss + self.penalty / 2 * sum(jnp.sum(p**2) for p in jax.tree.leaves(params)) if self.penalty else loss

    def constant_loss(self) -> float:
        """The test loss of the best constant output, which is that of the training data: what ignorance reaches."""
        (_, y), test, shape = self.data.train, self.data.test, self._shape_of_an_output()
        if self.loss is cross_entropy:
            # A class without an example would make the loss infinite.
            counts = np.maximum(np.bincount(y.ravel(), minlength=shape[-1]), 1)
            return float(-np.mean(np.log(counts / counts.sum())[test.y]))

        @jax.jit
        @jax.value_and_grad
        def loss(constant: Any, y: Any) -> jax.Array:
            return self.loss(jnp.broadcast_to(constant.reshape(shape), (len(y), *shape)), y)

        start = np.zeros(int(np.prod(shape)), np.float32)
        found = minimize(lambda c: jax.tree.map(np.float64, loss(np.float32(c), y)), start, jac=True, method="L-BFGS-B")
        return float(loss(np.float32(found.x), test.y)[0])

    def check_loss(self) -> None:
        """Looks whether the loss of one output an example knows which target is whose.

        Raises:
          ValueError: where it pairs every output with every target, so that nothing can be learned.
        """
        y = self.data.train.y
        if y.ndim > 1 or self.loss is cross_entropy or self._shape_of_an_output() != (1,):
            return
        targets = evenly(np.unique(y), 8)
        outputs = jnp.asarray(targets, jnp.float32)[:, None]
        losses = [np.asarray(self.loss(outputs, given)) for given in (targets, targets[::-1])]
        if len(targets) > 1 and np.isfinite(losses).all() and np.allclose(*losses, rtol=1e-5, atol=0):
            raise ValueError(
                f"the loss of {self.name} is the same whichever target is whose: of outputs of shape (n, 1) and "
                "targets of shape (n,) outputs - y is of shape (n, n). Write outputs[:, 0] in the loss, or give "
                "targets of shape (n, 1)."
            )

    def _shape_of_an_output(self) -> tuple[int, ...]:
        x = self.data.train.x[:1]
        return jax.eval_shape(lambda: self.outputs(self.init(jax.random.key(0)), x)).shape[1:]
