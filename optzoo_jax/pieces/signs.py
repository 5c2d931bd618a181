"""direction x → step [1]: the signs alone, and what signs decide."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import jax.numpy as jnp

from optzoo_jax.piece import piece


@piece("x → step [1]")
def sign(x):
    """sign(x): −1, 0 or 1; every coordinate goes equally far.

    Raises:
      TypeError: for complex numbers.
    """
    if jnp.iscomplexobj(x):
        raise TypeError(
            "sign: a complex number has no sign, and signs of its two parts would not turn with it: train the real and "
            "the imaginary part as two arrays."
        )
    return jnp.sign(x)
