"""direction x → step [1]: the signs alone, and what signs decide."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Literal

import jax.numpy as jnp
import optax

from optzoo_jax.composition import composition_of
from optzoo_jax.piece import Transformation, chain, named, piece, scoped


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


@piece("x → x")
def sign_of_gradient(x, grad):
    """|x|·sign(g): as far as x says, the way that the gradient says. A complex sign is g/|g|.

    `grad` is what entered the enclosing `scoped`, or else the walk.

    Reference: Cao et al., 2024, "Grams: gradient descent with adaptive momentum scaling", arXiv:2412.17107.
    """
    return jnp.sign(grad) * jnp.abs(x)


@piece("x → x", over="array")
def caution(u, grad, variant: Literal["mean", "plus_one"] = "mean"):
    """k·u/c, k = 1 where u·g > 0, else 0: no step against the gradient of now, and longer ones for the others.

    Complex numbers agree where Re(u·ḡ) > 0. `grad` is what entered the enclosing `scoped`, or else the walk.

    Args:
      variant: "mean" for c = max(mean(k), 1e-3), or "plus_one" for c = (Σk + 1)/size, both over one array.

    Reference: Liang, Chen, Liu & Liu, 2024, "Cautious optimizers", arXiv:2411.16085, Algorithm 1.
    """
    # The product of the signs: that of two tiny numbers would underflow to 0.
    agree = (jnp.sign(u) * jnp.sign(grad).conj()).real > 0
    kept = jnp.where(agree, u, jnp.where(u == u, jnp.zeros_like(u), u))
    agreed = jnp.sum(agree, dtype=jnp.finfo(u.dtype).dtype)
    if variant == "plus_one":
        return kept * (u.size / (agreed + 1))
    return kept / jnp.maximum(agreed / max(u.size, 1), 1e-3)


@named
def cautious(step: optax.GradientTransformation, variant: Literal["mean", "plus_one"] = "mean") -> Transformation:
    """Any step, only where it goes down the gradient that it was made of: `caution` after it.

    Args:
      step: gradient → step, such as `scale_by_adam()`.
      variant: "mean" or "plus_one", two forms of what the remaining numbers are divided by.

    Raises:
      TypeError: for an update, whose sign is turned.
    """
    flow = composition_of(step).flow
    unit = flow.at()
    if flow.word == "update" or (unit is not None and unit["α"]):
        raise TypeError(
            f"cautious goes around a step, and {flow.by} gives an update, which has its sign turned: give it "
            "scale_by_adam() in the place of adam(…), and what it makes to descent(step, learning_rate)."
        )
    return scoped(chain(step, caution(variant)))
