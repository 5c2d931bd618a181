"""The largest eigenvalue of the Hessian: how sharp the minimum is that a run has reached."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optzoo_jax.experiments.problems.problem import Problem


@functools.partial(jax.jit, static_argnames=("problem", "products"))
def sharpness(problem: Problem, params: Any, x: jax.Array, y: jax.Array, *, products: int = 20) -> jax.Array:
    """λ_max of ∂²objective/∂θ², from Hessian-vector products alone.

    Power iteration that keeps all its vectors, which is Lanczos' method: from as many products it has more digits,
    and it finds the largest eigenvalue, not the one farthest from 0. NaN where parameters are not finite.

    Args:
      problem: whose objective.
      params: of one run.
      x: inputs, all of those whose mean loss has the Hessian.
      y: their targets.
      products: Hessian-vector products, ≥ 1; as many vectors of the parameters' size are kept for each run.

    Reference: Golub & Van Loan, 2013, "Matrix computations", 4th edition, section 10.1.
    """

    theta, as_params = ravel_pytree(params)
    gradient = jax.grad(lambda theta: problem.objective(as_params(theta), x, y))
    _, hessian = jax.linearize(gradient, theta)
    start = jax.random.normal(jax.random.key(0), theta.shape, theta.dtype)

    def step(carry: Any, k: jax.Array) -> Any:
        found, v = carry
        found = found.at[k].set(v)
        moved = hessian(v)
        new = moved
        for _ in range(2):  # rounding leaves too much behind the first time
            new = new - found.T @ (found @ new)
        length = jnp.linalg.norm(new)
        return (found, new / jnp.maximum(length, jnp.finfo(new.dtype).tiny)), (v @ moved, length)

    count = min(products, theta.size)
    begin = jnp.zeros((count, theta.size), theta.dtype), start / jnp.linalg.norm(start)
    _, (diagonal, beside) = jax.lax.scan(step, begin, jnp.arange(count))
    beside = jnp.diag(beside[:-1], 1)
    return jnp.linalg.eigvalsh(jnp.diag(diagonal) + beside + beside.T)[-1]
