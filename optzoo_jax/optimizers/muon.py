"""Muon."""

from __future__ import annotations

from typing import Any, Literal

from optzoo_jax.arguments import Decay, Epsilon, LearningRate
from optzoo_jax.card import MatrixOptions, optimizer, step_of
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces import directions, matrices
from optzoo_jax.versions import Unpack


@optimizer(
    learning_rate=2e-2,
    otherwise="adamw",
    calls={
        "authors": {"matrix_axes": (0, 1)},
        "torch": {"norm": "clamp", "weight_decay": 0.1, "matrix_axes": (0, 1), "otherwise": None},
    },
)
def muon(
    learning_rate: LearningRate,
    *,
    momentum: Decay = 0.95,
    nesterov: bool = True,
    scaling: Literal["original", "match_rms_adamw", "spectral"] = "original",
    norm: Literal["add", "clamp"] = "add",
    average: Literal["ema", "trace"] = "ema",
    eps: Epsilon = 1e-7,
    orthogonalize: Literal["newton_schulz", "svd"] = "newton_schulz",
    ns_coeffs: matrices.Quintics = "standard",
    ns_steps: matrices.Iterations = 5,
    dtype: Any = None,
    **decay: Unpack[MatrixOptions],
) -> Transformation:
    """Muon: the direction of a matrix of averages, all of whose singular values become 1.

        m ← μm + (1−μ)g,    d = μm + (1−μ)g
        X = d/(‖d‖ + ε);   five times  A = XXᵀ,  X ← aX + (bA + cA²)X,   (a, b, c) = (3.4445, −4.7750, 2.0315)
        θ ← θ − α·√max(1, A/B)·X      of a matrix of A outputs and B inputs

    Full name: Momentum orthogonalized by Newton–Schulz.

    Difference from ema_momentum: the average is replaced by the nearest orthogonal matrix.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: μ in [0, 1).
      nesterov: False for d = m.
      scaling: s of the step s·X: "original" for √max(1, A/B), "match_rms_adamw" for 0.2·√max(A, B), with which AdamW's
        learning rates can be kept, "spectral" for √(A/B).
      norm: "add" for ‖d‖ + ε, "clamp" for max(‖d‖, ε).
      average: "ema" (above), or "trace" for m ← μm + g, d = g + μm. Since X forgets the size of d, these differ, and
        norms do, through ε alone.
      eps: ε ≥ 0 [g].
      orthogonalize: "newton_schulz" (above), or "svd" for UVᵀ of d = UΣVᵀ, exactly.
      ns_coeffs: (a, b, c), or such a row for each iteration, of which the last is that of all that follow; or
        "standard" (above), "dion", or "polar_express" (Amsel et al., 2025, arXiv:2505.16932), with which enough
        iterations end at singular values of 1.
      ns_steps: how many iterations.
      dtype: what the iterations run in, such as "bfloat16"; None for at least float32.

    No counterpart:
      preconditioning: `orthogonalize` divides by the Frobenius norm.
      beta: momentum.
      weight_decay_mask: mask.
      mu_dtype: with_state_dtype(…, {'mu': dtype}), around the optimizer.
      adaptive: `chain` with a rate after `orthogonalize`.
      adam_b1, adam_b2, adam_eps_root, adam_weight_decay, adam_learning_rate: otherwise=adamw(…).
      muon_weight_dimension_numbers: matrix_axes.
      consistent_rms: scaling="match_rms_adamw".

    Raises:
      ValueError: for ns_coeffs that are neither three numbers, nor rows of three, nor a name.

    Departures: the authors' code iterates in bfloat16. optax.contrib.muon scales by √max(1, A/B) of weights that are
    stored the other way round, 5–6 % of the path off; timm's defaults are 13–18 % off.

    Reference: Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks"; Liu et al., 2025, "Muon
    is scalable for LLM training", arXiv:2502.16982.
    """
    if average == "ema":
        mean = directions.nesterov_ema(momentum, bias_correction=False) if nesterov else directions.raw_ema(momentum)
    else:
        mean = directions.nesterov(momentum) if nesterov else directions.scale_by_momentum(momentum)
    rows = matrices.quintics(ns_coeffs)
    direction = matrices.orthogonalize(orthogonalize, norm=norm, eps=eps, ns_coeffs=rows, steps=ns_steps, dtype=dtype)
    return chain(mean, direction, matrices.scale_by_shape(scaling))


scale_by_muon = step_of(muon)
