"""gradient [g] → step [θ], moment [g/θ]: what asks the loss itself for its curvature."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optzoo_jax.arguments import Damping, Factor
from optzoo_jax.piece import piece
from optzoo_jax.pieces.moments import abs_square


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


@piece("x → moment [g/θ]", facts=["hessian_diagonal"])
def given_curvature(x, hessian_diagonal):
    """The argument `hessian_diagonal` of update, in the place of what comes in: such as `hutchinson` estimates it.

    It is a tree like the gradients, or one number for all.

    Raises:
      TypeError: where update is called without `hessian_diagonal=`, or with a tree that is not like the gradients.
    """
    if not jax.tree_util.all_leaves([hessian_diagonal]):
        raise TypeError(
            f"given_curvature: hessian_diagonal is {jax.tree.map(jnp.shape, hessian_diagonal)}, another tree than the "
            f"gradients, of which one has the shape {x.shape}: give an array for each of them, or one number for all."
        )
    return jnp.broadcast_to(jnp.asarray(hessian_diagonal).real.astype(jnp.finfo(x.dtype).dtype), x.shape)


@piece("rate x → rate [1/g]")
def at_most(rate, direction, most: Factor = 1.0):
    """min(rate, c/|direction|): no number of the step is larger than c. A negative rate is left alone.

    Args:
      most: c > 0.

    Raises:
      TypeError: outside a rate branch.
    """
    size = jnp.abs(direction)
    moves = size >= jnp.finfo(rate.dtype).tiny
    return jnp.where(moves, jnp.minimum(rate, most / jnp.where(moves, size, 1)), rate)


def hutchinson(loss: Callable[[Any], Any], params: Any, key: Any, *, samples: int = 1) -> Any:
    """z ⊙ Hz with random signs z, the mean over some: an estimate of the diagonal of the Hessian, without bias.

        update(grads, state, params, hessian_diagonal=hutchinson(loss, params, key))

    Every sample costs a Hessian-vector product, about as much as two gradients. Of a complex parameter it is a real
    number, the mean of those along its real and its imaginary part, which a turn of its phase leaves alone.

    Args:
      loss: parameters → a real number.
      params: where.
      key: of `jax.random`, another one in each step.
      samples: ≥ 1.

    Raises:
      ValueError: for fewer samples than one.

    Reference: Hutchinson, 1990; Bekas, Kokiopoulou & Saad, 2007; Yao et al., 2020, arXiv:2006.00719, section 3.1.
    """
    if samples < 1:
        raise ValueError(f"hutchinson: samples={samples} is less than 1, and the mean over none is no number.")
    flat, treedef = jax.tree.flatten(params)
    real = _real(flat)

    def of_real(xs: list[Any]) -> Any:
        return loss(treedef.unflatten(_like(xs, flat)))

    def one(key: Any) -> list[Any]:
        keys = jax.random.split(key, len(real))
        z = [jax.random.rademacher(k, x.shape, x.dtype) for k, x in zip(keys, real, strict=True)]
        return [s * h for s, h in zip(z, jax.jvp(jax.grad(of_real), (real,), (z,))[1], strict=True)]

    found = [jnp.mean(x, axis=0) for x in jax.vmap(one)(jax.random.split(key, samples))]
    pairs = zip(found, flat, strict=True)
    return treedef.unflatten([jnp.mean(x, axis=0) if jnp.iscomplexobj(p) else x for x, p in pairs])


def gauss_newton_bartlett(logits: Callable[[Any], Any], params: Any, key: Any) -> Any:
    """B·|∇L̂|², L̂ the mean cross-entropy with labels drawn from what the model says itself, B how many there are.

    An estimate of the diagonal of the Gauss–Newton matrix, which is not negative: Sophia-G's. It costs a gradient.

    Args:
      logits: parameters → logits, classes along the last axis.
      params: where.
      key: of `jax.random`, another one in each step.

    Reference: Liu et al., 2023, "Sophia: a scalable stochastic second-order optimizer for language model
    pre-training", arXiv:2305.14342, Algorithm 2.
    """
    said, pull_back = jax.vjp(logits, params)
    labels = jax.random.categorical(key, said)
    # The derivative of the mean cross-entropy by the logits.
    wrong = (jax.nn.softmax(said) - jax.nn.one_hot(labels, said.shape[-1], dtype=said.dtype)) / max(1, labels.size)
    (g,) = pull_back(wrong)
    return jax.tree.map(lambda x: labels.size * abs_square(x), g)


def _real(arrays: list[Any]) -> list[Any]:
    """Every array as real numbers: a Hessian is one of real coordinates."""
    return [jnp.stack([x.real, x.imag]) if jnp.iscomplexobj(x) else x for x in arrays]


def _like(real: list[Any], arrays: list[Any]) -> list[Any]:
    """Back from `_real`: complex where the arrays are."""
    pairs = zip(real, arrays, strict=True)
    return [jax.lax.complex(x[0], x[1]) if jnp.iscomplexobj(y) else x for x, y in pairs]
