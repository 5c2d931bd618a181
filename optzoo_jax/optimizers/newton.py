"""Newton's method, damped."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Damping, LearningRate
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation
from optzoo_jax.pieces.curvature import newton_step
from optzoo_jax.versions import Unpack


@optimizer(kind="second-order optimizer", learning_rate=1.0)
def newton(
    learning_rate: LearningRate = 1.0,
    damping: Damping = 0.0,
    *,
    solver: Literal["dense", "cg"] = "dense",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Newton: to the minimum of the parabola that touches the loss here.

        θ ← θ − α(H + μI)⁻¹g

    Takes the loss at each step: `update(grads, state, params, value_fn=loss)`, loss a function of the parameters.

    Full name: Newton's method, damped.

    Difference from sgd: the gradient is divided by the curvature, which costs a Hessian.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      damping: μ ≥ 0 [g/θ]; large enough to make H + μI positive definite where H is not.
      solver: "dense" builds H (a few thousand parameters), "cg" needs Hessian-vector products alone.

    Raises:
      TypeError: where update is called without `value_fn=`.

    Not claimed:
      scale: the curvature is that of value_fn, which does not scale with the gradients that it is given.
      phase: a Hessian is one of real coordinates, and does not commute with a turn of the complex plane.

    Reference: Levenberg, 1944; Marquardt, 1963, "An algorithm for least-squares estimation of nonlinear parameters";
    conjugate gradients: Hestenes & Stiefel, 1952; Martens, 2010, "Deep learning via Hessian-free optimization".
    """
    return newton_step(damping, solver=solver)
