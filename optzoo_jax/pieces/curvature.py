"""gradient [g] → step [θ]: directions that ask the loss itself for its curvature."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optzoo_jax.arguments import Damping
from optzoo_jax.piece import piece


@piece("gradient [g] → step [θ]", over="tree", facts=["value_fn"])
def newton_step(gs, value_fn, params, damping: Damping = 0.0, *, solver: Literal["dense", "cg"] = "dense"):
    """(H + μI)⁻¹g, H the Hessian of `value_fn` at the parameters.

    Args:
      damping: μ ≥ 0 [g/θ].
      solver: "dense" builds H, n² numbers for n parameters (up to a few thousand); "cg" runs conjugate gradients on
        Hessian-vector products, and needs H + μI to be positive definite.

    Raises:
      TypeError: where update is called without `value_fn=`.
      ValueError: where it is called without params.
    """
    g, _ = ravel_pytree(_real(gs))
    theta, unravel = ravel_pytree(_real(params))

    def loss(x: jax.Array) -> Any:
        return value_fn(_like(unravel(x), params))

    if solver == "dense":
        step = jnp.linalg.solve(jax.hessian(loss)(theta) + damping * jnp.eye(theta.size, dtype=theta.dtype), g)
    else:
        step, _ = jax.scipy.sparse.linalg.cg(lambda x: jax.jvp(jax.grad(loss), (theta,), (x,))[1] + damping * x, g)
    return _like(unravel(step), params)


def _real(arrays: list[Any]) -> list[Any]:
    """Every array as real numbers: a Hessian is one of real coordinates."""
    return [jnp.stack([x.real, x.imag]) if jnp.iscomplexobj(x) else x for x in arrays]


def _like(real: list[Any], arrays: list[Any]) -> list[Any]:
    """Back from `_real`: complex where the arrays are."""
    pairs = zip(real, arrays, strict=True)
    return [jax.lax.complex(x[0], x[1]) if jnp.iscomplexobj(y) else x for x, y in pairs]
