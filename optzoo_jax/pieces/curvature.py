"""gradient [g] → step [θ]: directions that ask the loss itself for its curvature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from optzoo_jax.arguments import check_choice
from optzoo_jax.precision import narrow, widen
from optzoo_jax.transformation import Numeric, Transformation, name_part


def newton_step(damping: Numeric = 0.0, *, solver: Literal["dense", "cg"] = "dense") -> Transformation:
    """(H + μI)⁻¹g, H the Hessian of `value_fn` at the parameters.

    Stream: gradient [g] → step [θ].

    Args:
      damping: μ ≥ 0 [g/θ].
      solver: "dense" builds H, n² numbers for n parameters (up to a few thousand); "cg" runs conjugate gradients on
        Hessian-vector products, and needs H + μI to be positive definite.

    Raises:
      TypeError: where update is called without `value_fn=`.
      ValueError: where it is called without params.
    """
    check_choice("newton", "solver", solver, ["dense", "cg"])

    def update(
        updates: Any,
        state: Any,
        params: Any = None,
        *,
        value_fn: Callable[[Any], Any] | None = None,
        **extra: Any,
    ) -> tuple[Any, optax.EmptyState]:
        if value_fn is None:
            raise TypeError("newton reads the curvature of the loss: call update(grads, state, params, value_fn=loss).")
        if params is None:
            raise ValueError("newton reads the parameters: call update(grads, state, params, value_fn=loss).")
        g, _ = ravel_pytree(_real(updates))
        theta, unravel = ravel_pytree(_real(params))

        def loss(x: jax.Array) -> Any:
            return value_fn(_like(unravel(x), params))

        if solver == "dense":
            step = jnp.linalg.solve(jax.hessian(loss)(theta) + damping * jnp.eye(theta.size, dtype=theta.dtype), g)
        else:
            step, _ = jax.scipy.sparse.linalg.cg(lambda x: jax.jvp(jax.grad(loss), (theta,), (x,))[1] + damping * x, g)
        return narrow(_like(unravel(step), params), updates), state

    tx = Transformation(lambda params: optax.EmptyState(), update)
    return name_part(tx, "newton_step", {"damping": damping, "solver": solver}, "gradient [g] → step [θ]")


def _real(tree: Any) -> Any:
    """Every array as real numbers in at least float32: a Hessian is one of real coordinates."""
    return jax.tree.map(lambda x: jnp.stack([x.real, x.imag]) if jnp.iscomplexobj(x) else x, widen(tree))


def _like(real: Any, tree: Any) -> Any:
    """Back from `_real`: complex where `tree` is."""
    return jax.tree.map(lambda x, y: jax.lax.complex(x[0], x[1]) if jnp.iscomplexobj(y) else x, real, tree)
