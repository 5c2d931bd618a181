"""Problems by name; each has a file of its own, imported when it is asked for."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

from optzoo_jax.experiments.arguments.names import known

if TYPE_CHECKING:
    from optzoo_jax.experiments.problems.problem import Problem

PROBLEMS = {
    "bigram": "a table says which token of source code follows which: convex, no noise, rare classes",
    "tokens": "a small network says which token of source code follows four others: noise and rare classes",
    "signals": "a network of two hidden layers finds shapes in noisy signals (MNIST-1D)",
    "signals-noisy": "the same signals, a fifth of the training labels wrong",
    "autoencoder": "handwritten digits, 8×8 pixels, through a deep and narrow network: hard for gradient descent",
    "modules": "which package do ten lines of source code come from? Sparse gradients",
    "mnist-cnn": "a convolutional network reads handwritten digits, 28×28 pixels",
    "chars": "a transformer of one block writes Python's manual and sources, character by character",
    "transformer": "the same of two blocks, six times as large",
    "digits-mlp": "to learn and to test with: a network of one hidden layer reads handwritten digits, 8×8 pixels",
    "logistic": "to learn and to test with: logistic regression of the same digits: convex, all of them at every step",
}
# What a race of each size is run on. The last two tell too few methods apart to rank them.
QUICK = ("bigram", "signals")
DEFAULT = ("bigram", "signals", "signals-noisy", "autoencoder", "tokens")
FULL = tuple(PROBLEMS)[:-2]


@functools.cache
def load_problem(name: str) -> Problem:
    """The problem of a name, with its data.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    known("no problem is called", name, PROBLEMS)
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}").make()
