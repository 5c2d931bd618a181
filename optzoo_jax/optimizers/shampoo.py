"""Shampoo."""

from __future__ import annotations

from typing import Any

from optzoo_jax.arguments import EpsilonRoot, LearningRate
from optzoo_jax.card import MatrixOptions, optimizer, step_of
from optzoo_jax.piece import chain, join
from optzoo_jax.pieces.directions import accumulate, identity
from optzoo_jax.pieces.matrices import (
    Exponent,
    gram,
    gram_of_all,
    matrix_power,
    one_sided,
    two_sided,
)
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-1, otherwise="own", calls={"authors": {}})
def shampoo(
    learning_rate: LearningRate,
    *,
    eps: EpsilonRoot = 1e-4,
    exponent: Exponent | None = None,
    **decay: Unpack[MatrixOptions],
) -> Any:  # of matrices, and of vectors
    """Shampoo: a matrix of second moments for each side of a matrix.

        L ← L + ggᵀ,   R ← R + gᵀg        L₀ = εI, R₀ = εI
        θ ← θ − α·L^p·g·R^p               p = −¼

    Of a vector, L^p·g with p = −½.

    Difference from adagrad: the squares of numbers become products of rows and of columns.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      eps: ε ≥ 0 [g²].
      exponent: p in [−1, 0]; None for −¼ of a matrix and −½ of a vector, with which a step has no unit.

    Not claimed:
      scale, permutation, phase: at ε = 0 the small eigenvalues beside a large one are what rounding leaves of it.
      splitting: a vector has the products of all of its numbers, one with another.

    Departures: torch_optimizer's second factor sees the gradient multiplied by the first, and its exponent is −½:
    72–910 % of the path off.

    Reference: Gupta, Koren & Singer, 2018, "Shampoo: preconditioned stochastic tensor optimization", arXiv:1802.09568,
    Algorithm 1.
    """
    left, right = (chain(gram(side), accumulate(), matrix_power(exponent, eps)) for side in ("left", "right"))
    whole = chain(gram_of_all(), accumulate(), matrix_power(exponent, eps, sides=1))
    of_matrices = join(two_sided, identity(), left, right, units="product", over="matrix")
    of_vectors = join(one_sided, identity(), whole, units="product", over="array")
    return of_matrices, of_vectors


scale_by_shampoo = step_of(shampoo)
