"""Scion."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from optzoo_jax.arguments import Hyper, LearningRate, Range
from optzoo_jax.card import MatrixOptions, optimizer, step_of
from optzoo_jax.piece import Transformation, chain
from optzoo_jax.pieces import directions
from optzoo_jax.pieces.matrices import orthogonalize, scale_by_shape
from optzoo_jax.pieces.reductions import over_rms
from optzoo_jax.pieces.signs import sign
from optzoo_jax.pieces.updates import add_decayed_weights
from optzoo_jax.versions import Unpack

Norm = Literal["spectral", "sign", "bias_rms"]


@optimizer(learning_rate=1e-2, otherwise="own", calls={"authors": {"matrix_axes": (0, 1)}})
def scion(
    learning_rate: LearningRate,
    *,
    momentum: Annotated[Hyper, Range("(0, 1]", "the weight of the new gradient in the average")] = 0.1,
    scale: Annotated[Hyper, Range("[0, ∞)", "the size of a step, and of the ball")] = 1.0,
    norm: Norm = "spectral",
    constrained: bool = True,
    **decay: Unpack[MatrixOptions],
) -> Any:  # of matrices, and of vectors
    """Scion: to the corner of a norm's ball that the averaged gradient points away from.

        d ← (1−μ)d + μg
        θ ← (1−α)θ − α·ρ·O(d)
        O(d) = √(A/B)·NS(d)      of a matrix of A outputs and B inputs; NS five steps of Newton–Schulz, as in Muon

    Full name: Stochastic conditional gradient with operator norms.

    Difference from muon: steps of a constrained method, which pull the parameters into a ball, and no look ahead.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      momentum: μ in (0, 1], the weight of the new gradient.
      scale: ρ ≥ 0, the radius of the ball.
      norm: "spectral" (above); "sign" for O = sign(d)/B, of vectors sign(d); "bias_rms" for O = d/RMS(d), the RMS over
        the rows, of vectors over all. Vectors go to AdamW with "spectral", unless `otherwise` says to whom.
      constrained: False for θ ← θ − α·ρ·O(d).

    Not claimed:
      scale: the 1e-8 beside the RMS of norm="bias_rms", and that in NS, are measured in units of the gradient.

    Departures: the authors' code iterates in bfloat16. pytorch_optimizer's SCION is 53–73 % of the path off.

    Reference: Pethick et al., 2025, "Training deep learning models with norm-constrained LMOs", arXiv:2502.07529,
    Algorithms 1 and 2.
    """
    of_matrices = {
        "spectral": [orthogonalize(), scale_by_shape("spectral")],
        "sign": [sign(), scale_by_shape("columns")],
        "bias_rms": [over_rms(axis=-2, eps=1e-8)],
    }
    of_vectors = {"sign": [sign()], "bias_rms": [over_rms(eps=1e-8)]}
    mean = directions.raw_ema(directions.complement(momentum))
    pull = [add_decayed_weights(1.0)] if constrained else []

    def step(links: list[Transformation]) -> Transformation:
        return chain(mean, *links, directions.scale(scale), *pull)

    return step(of_matrices[norm]), step(of_vectors[norm]) if norm in of_vectors else None


scale_by_scion = step_of(scion)
