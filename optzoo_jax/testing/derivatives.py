"""Training can be differentiated: with respect to where it began."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.testing.subject import Subject, assert_finite
from optzoo_jax.versions import enable_x64

STEPS = 20


def _loss_after(subject: Subject, start: Any, curvature: Any) -> Any:
    def step(carry: Any, _: None) -> tuple[Any, None]:
        p, state = carry
        updates, state = subject.update(curvature * p, state, p)
        return (p + updates, state), None

    (p, _), _ = jax.lax.scan(step, (start, subject.tx.init(start)), None, STEPS)
    return 0.5 * jnp.sum(curvature * p**2)


def finite_derivative(subject: Subject) -> None:
    """The derivative of the loss after 20 steps, by where they began, is finite, also through gradients of zero."""
    start = jnp.asarray([1.0, -0.5, 0.0, 2.0], jnp.float32)
    curvature = jnp.asarray([1.0, 2.0, 3.0, 0.0], jnp.float32)  # the third and fourth gradients are always 0
    derivative = jax.jit(jax.grad(lambda p: _loss_after(subject, p, curvature)))
    assert_finite(derivative(start), "by the first parameters")
    assert_finite(derivative(jnp.zeros_like(start)), "from a minimum")


def derivative_is_right(subject: Subject) -> None:
    """The derivative by where training began is that of finite differences, in float64."""
    with enable_x64(True):
        start = jnp.asarray([1.0, -0.7, 0.3], jnp.float64)
        curvature = jnp.asarray([1.0, 2.0, 3.0], jnp.float64)
        loss = jax.jit(lambda p: _loss_after(subject, p, curvature))
        found = np.asarray(jax.jit(jax.grad(loss))(start))
        for i in range(3):
            h = jnp.zeros(3, jnp.float64).at[i].set(1e-6)
            difference = float((loss(start + h) - loss(start - h)) / 2e-6)
            assert abs(found[i] - difference) <= 1e-5 * max(1.0, abs(difference)), (
                f"coordinate {i}: derivative {found[i]}, finite difference {difference}"
            )


LAWS = {"finite derivative": finite_derivative, "derivative is right": derivative_is_right}
