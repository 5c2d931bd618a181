"""What differs between Flax's releases: before 0.11, all that Python 3.10 has, an nnx.Optimizer holds its model."""

import inspect

from flax import nnx

HOLDS_MODEL = "model" not in inspect.signature(nnx.Optimizer.update).parameters


def update(optimizer, model, grads):
    """One step: the model's parameters, and the optimizer's state, become new."""
    optimizer.update(*([grads] if HOLDS_MODEL else [model, grads]))
