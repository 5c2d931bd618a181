"""SM3."""

from __future__ import annotations

from optzoo_jax.arguments import EpsilonRoot, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.moments import smallest_cover, square
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-1, calls={"authors": {}})
def sm3(learning_rate: LearningRate, *, eps: EpsilonRoot = 1e-30, **decay: Unpack[WeightDecay]) -> Transformation:
    """SM3, without momentum (optax.sm3 has 0.9): AdaGrad with one sum for every row and column.

        G = min over the axes of G_axis + g²
        G_axis ← max of G over the other axes
        θ ← θ − αg/√(G + ε)

    Full name: Square-root of minima of sums of maxima of squared gradients, the second form.

    Difference from adagrad: a sum for every row and column, the smallest of which stands for a number's own.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      eps: ε ≥ 0 [g²], inside the root.

    No counterpart:
      momentum: `raw_ema` after the step.

    Departures: without the momentum that the authors' code has by default, as in the paper's Algorithm.

    Reference: Anil, Gupta, Koren & Singer, 2019, "Memory-efficient adaptive optimization", arXiv:1901.11150, SM3-II.
    """
    return precondition(identity(), chain(square(), smallest_cover(), inverse_root(eps_root=eps)))


scale_by_sm3 = step_of(sm3)
