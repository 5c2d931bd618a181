"""Problems by name; each has a file of its own, imported when it is asked for."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

from optzoo_jax.experiments.arguments.names import known

if TYPE_CHECKING:
    from optzoo_jax.experiments.problems.problem import Problem

PROBLEMS = {
    "digits-mlp": "a network of one hidden layer reads handwritten digits, 8×8 pixels",
    "logistic": "logistic regression of the same digits: convex; all of them at every step",
    "mnist-cnn": "a convolutional network reads handwritten digits, 28×28 pixels",
    "modules": "which package do 20 lines of source code come from? Sparse gradients",
    "autoencoder": "the same digits through a deep and narrow network: hard for gradient descent",
    "transformer": "a transformer writes Python's manual, character by character",
}


@functools.cache
def load_problem(name: str) -> Problem:
    """The problem of a name, with its data.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    known("no problem is called", name, PROBLEMS)
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}").make()
