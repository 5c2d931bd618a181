"""GaLore."""

from __future__ import annotations

from typing import Annotated

from optzoo_jax.arguments import Decay, Epsilon, Hyper, LearningRate, Range, Steps
from optzoo_jax.card import MatrixOptions, optimizer, step_of
from optzoo_jax.piece import Transformation, precondition
from optzoo_jax.pieces.bases import Rank, in_subspace
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.rates import inverse_raw_rms
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-2, otherwise="adamw", calls={"authors": {"matrix_axes": (0, 1)}})
def galore(
    learning_rate: LearningRate,
    *,
    rank: Rank = 2,
    scale: Annotated[Hyper, Range("[0, ∞)", "what the step is multiplied by")] = 0.25,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-6,
    update_interval: Steps = 200,
    **decay: Unpack[MatrixOptions],
) -> Transformation:
    """GaLore: Adam on a projection of the gradient, whose averages are as small as that.

        every T-th step, from the first:   U S Vᵀ = svd(g)
        R = g·V_r  where outputs ≥ inputs, else  U_rᵀ·g
        m ← β₁m + (1−β₁)R,   v ← β₂v + (1−β₂)R²
        n = √(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v + ε)
        θ ← θ − α·s·n·V_rᵀ,  or  θ − α·s·U_r·n

    Full name: Gradient low-rank projection.

    Difference from adam: it runs in the subspace of the gradient's largest singular vectors.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      rank: r ≥ 1, at most the smaller side of a matrix.
      scale: s ≥ 0.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g].
      update_interval: T ≥ 1.

    Raises:
      ValueError: at init, where the rank is larger than a matrix has.

    Departures: optax.contrib.scale_by_galore projects the other side of a tall matrix, and decomposes in float32:
    45–73 % of the path off.

    Reference: Zhao et al., 2024, "GaLore: memory-efficient LLM training by gradient low-rank projection",
    arXiv:2403.03507, Algorithm 2.
    """
    inner = precondition(debiased_ema(b1), inverse_raw_rms(b2, eps))
    return in_subspace(inner, rank, update_interval, scale)


scale_by_galore = step_of(galore)
