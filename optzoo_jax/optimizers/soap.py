"""SOAP."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate, Steps
from optzoo_jax.card import MatrixOptions, optimizer, step_of
from optzoo_jax.piece import Transformation
from optzoo_jax.pieces.bases import in_basis
from optzoo_jax.pieces.directions import debiased_ema
from optzoo_jax.pieces.rates import inverse_raw_rms
from optzoo_jax.pieces.updates import decay_updated
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=3e-3, otherwise="adamw", calls={"authors": {"matrix_axes": (0, 1), "weight_decay": 1e-2}})
def soap(
    learning_rate: LearningRate,
    *,
    b1: Decay = 0.95,
    b2: Decay = 0.95,
    eps: Epsilon = 1e-8,
    shampoo_beta: Decay | None = None,
    precondition_frequency: Steps = 10,
    **decay: Unpack[MatrixOptions],
) -> Transformation:
    """SOAP: Adam in the eigenbasis of Shampoo.

        p = Q_Lᵀ·g·Q_R
        m ← β₁m + (1−β₁)g
        v ← β₂v + (1−β₂)p²
        θ ← θ − α·√(1−β₂ᵏ)/(1−β₁ᵏ)·Q_L·[(Q_Lᵀ·m·Q_R)/(√v + ε)]·Q_Rᵀ,   k = t − 1
        θ ← θ(1 − αλ)
        L ← βL + (1−β)ggᵀ,   R ← βR + (1−β)gᵀg
        every f-th k:  Q ← the orthogonal factor of M·Q, M = L or R

    In the first step L and R begin, Q are their eigenvectors, and nothing else moves.

    Full name: Shampoo with Adam in the preconditioner's eigenbasis.

    Difference from shampoo: Adam runs in the eigenbasis, in the place of powers of the eigenvalues.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g].
      shampoo_beta: β in [0, 1) of L and R; None for β₂.
      precondition_frequency: f ≥ 1.

    Departures: the columns of Q stay where they are when their order changes, which is the order in which they are
    orthogonalized; the authors' code permutes them and the slots.

    Reference: Vyas et al., 2024, "SOAP: improving and stabilizing Shampoo using Adam", arXiv:2409.11321, Algorithm 3.
    """
    moments = b2 if shampoo_beta is None else shampoo_beta
    step = in_basis(debiased_ema(b1), inverse_raw_rms(b2, eps), moments, precondition_frequency)
    return decay_updated(step, learning_rate, **decay)


scale_by_soap = step_of(soap)
