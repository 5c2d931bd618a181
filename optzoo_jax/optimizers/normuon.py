"""NorMuon."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import MatrixOptions, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import identity, raw_ema, scale
from optzoo_jax.pieces.matrices import orthogonalize
from optzoo_jax.pieces.moments import moment_ema, square
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.reductions import mean_over, over_rms
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=2e-2, otherwise="adamw", calls={"authors": {"matrix_axes": (0, 1)}})
def normuon(
    learning_rate: LearningRate,
    *,
    momentum: Decay = 0.95,
    b2: Decay = 0.95,
    eps: Epsilon = 1e-8,
    **decay: Unpack[MatrixOptions],
) -> Transformation:
    """NorMuon: Muon, and then a rate for each output.

        m ← μm + (1−μ)g
        O = NS(m)                              five steps of Newton–Schulz, as in Muon
        v ← β₂v + (1−β₂)·mean(O² over columns)     one number a row
        H = O/(√v + ε)
        θ ← θ − α·0.2·√size/‖H‖·H

    Full name: Neuron-wise normalized Muon.

    Difference from muon: rows of the orthogonalized average are divided by the root of their averaged squares.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: μ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0, without a unit.

    Departures: the authors' code iterates in bfloat16. pytorch_optimizer's has Nesterov's look ahead and another scale,
    48–71 % of the path off.

    Reference: Li et al., 2025, "NorMuon: making Muon more efficient and scalable", arXiv:2510.05491, Algorithm 1.
    """
    rate = chain(square(), mean_over(axis=-1), moment_ema(b2), inverse_root(eps))
    return chain(raw_ema(momentum), orthogonalize(), precondition(identity(), rate), over_rms((-2, -1)), scale(0.2))


scale_by_normuon = step_of(normuon)
