"""The online problem on which Adam walks to the worst point, and AMSGrad to the best.

Reference: Reddi, Kale & Kumar, 2018, "On the convergence of Adam and beyond", arXiv:1904.09237, Theorem 1.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optzoo_jax


def contestants(C: float = 3.0, alpha: float = 0.5) -> dict[str, optax.GradientTransformation]:
    """Adam and AMSGrad as the theorem has them, and SGD, all at the rate α/√t.

    Args:
      C: > 2, the gradient of every third step; β₁ is 0 and β₂ is 1/(1 + C²).
      alpha: α > 0; the theorem needs α < √(1 − β₂).
    """

    def rate(count: jax.Array) -> jax.Array:
        return alpha / jnp.sqrt(count.astype(float) + 1)

    b2 = 1 / (1 + C**2)
    return {
        "sgd": optzoo_jax.sgd(rate),
        "adam": optzoo_jax.adam(rate, b1=0.0, b2=b2, eps=0.0, bias_correction=False),
        "amsgrad": optzoo_jax.amsgrad(rate, b1=0.0, b2=b2, eps=0.0, variant="paper"),
    }


def play(tx: optax.GradientTransformation, steps: int, C: float = 3.0, start: float = 0.0) -> np.ndarray:
    """x after 0, 1, …, `steps` steps on f_t(x) = Cx where t mod 3 = 1, else −x, kept in [−1, 1].

    In three steps f is (C − 2)x in all, so x = −1 is best and x = 1 worst.

    Args:
      tx: the method.
      steps: how many.
      C: > 2.
      start: in [−1, 1].
    """

    @jax.jit
    def run() -> jax.Array:
        def step(carry: tuple, t: jax.Array) -> tuple[tuple, jax.Array]:
            x, state = carry
            g = jnp.where(t % 3 == 1, C, -1.0)
            update, state = tx.update(g, state, x)
            x = jnp.clip(x + update, -1, 1)
            return (x, state), x

        x = jnp.asarray(start, dtype=float)
        return jnp.append(x, jax.lax.scan(step, (x, tx.init(x)), jnp.arange(1, steps + 1))[1])

    return np.asarray(run())


def regret(x: np.ndarray, C: float = 3.0) -> np.ndarray:
    """What a path of `play` lost by each step t = 1, 2, … against x = −1, on average over the steps."""
    t = np.arange(1, len(x))
    slope = np.where(t % 3 == 1, C, -1.0)
    return np.cumsum(slope * (x[:-1] + 1)) / t
