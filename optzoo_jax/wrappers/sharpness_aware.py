"""Sharpness-aware minimization: the gradient of a place near by where the loss is higher."""

from __future__ import annotations

from typing import Annotated, Any

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Hyper, Range
from optzoo_jax.precision import narrow, norm, times, widen
from optzoo_jax.trees import as_arrays, flatten_like
from optzoo_jax.wrapper import Transformation, as_transformation

Radius = Annotated[Hyper, Range("[0, ∞)", "how far from the parameters the gradient is taken", schedule=False)]


@as_transformation()
def sharpness_aware(
    inner: optax.GradientTransformation, rho: Radius = 0.05, *, adaptive: bool = False
) -> Transformation:
    """The inner optimizer's step along the gradient of a point that is ρ uphill.

        n = ‖w·g‖ + 1e-12, over the whole tree;   w = 1, or |θ| where `adaptive`
        g' = ∇L(θ + ρw²·g/n)
        θ ← inner step from θ with g'

    Stream: that of the inner optimizer, whose state it has. Takes the gradient as a function of the parameters:
    `update(grads, state, params, grad_fn=jax.grad(loss))`, with the batch of the gradients in it.

    Args:
      inner: the optimizer, of this library or of optax.
      rho: ρ ≥ 0 [θ], or without a unit where `adaptive`.
      adaptive: a neighbourhood as wide in every coordinate as the parameter is large.

    Raises:
      TypeError: where update is called without `grad_fn=`.
      ValueError: where it is called without params.

    Departures: optax.contrib.sam alternates between two kinds of steps, or takes the gradient from `grad_fn` of
    parameters and a number.

    Reference: Foret, Kleiner, Mobahi & Neyshabur, 2020, "Sharpness-aware minimization for efficiently improving
    generalization", arXiv:2010.01412; Kwon et al., 2021, "ASAM", arXiv:2102.11600.
    """
    inner = optax.with_extra_args_support(inner)

    def update(updates: Any, state: Any, params: Any = None, *, grad_fn: Any = None, **extra: Any) -> tuple[Any, Any]:
        if not callable(grad_fn):
            raise TypeError(
                "sharpness_aware takes the gradient at a second point: call update(gradients, state, params, "
                "grad_fn=jax.grad(loss)), a function of the parameters, with the batch of the gradients in it."
            )
        if params is None:
            raise ValueError(
                "sharpness_aware reads the parameters: call update(gradients, state, params), with params."
            )
        weigh = (lambda x, p: times(x, jnp.abs(p))) if adaptive else (lambda x, p: x)
        weighed = jax.tree.map(weigh, widen(updates), widen(params))
        lengths = [norm(x) for x in jax.tree.leaves(weighed)]
        widest = jnp.result_type(float, *(x.dtype for x in lengths)) if lengths else float
        n = norm(jnp.stack([jnp.zeros((), widest), *(x.astype(widest) for x in lengths)])) + 1e-12
        distance = jnp.asarray(rho, widest) / n

        def uphill(p: Any, x: Any) -> Any:
            return narrow(widen(p) + times(weigh(x, widen(p)), distance.astype(jnp.finfo(x.dtype).dtype)), p)

        there = as_arrays(grad_fn(jax.tree.map(uphill, params, weighed)), "gradient of grad_fn")
        flatten_like(updates, there, "gradients of grad_fn")
        return inner.update(there, state, params, grad_fn=grad_fn, **extra)

    return Transformation(inner.init, update)
