"""CAME."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, EpsilonRoot, Factor, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, masked, precondition, scoped
from optzoo_jax.pieces.directions import identity, raw_ema
from optzoo_jax.pieces.moments import moment_ema, residual, square
from optzoo_jax.pieces.rates import inverse_root, power
from optzoo_jax.pieces.reductions import by_axes, factored, has_fewer_axes, has_two_axes
from optzoo_jax.pieces.trust import clip_rms
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1e-3, calls={"authors": {}})
def came(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    *,
    b3: Decay = 0.9999,
    eps1: EpsilonRoot = 1e-30,
    eps2: EpsilonRoot = 1e-16,
    d: Factor = 1.0,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """CAME: Adafactor whose average goes far where its steps agree with it.

        q = g² + ε₁
        two or more axes:   v = r·c/mean(r) of averages (β₂) of the means of rows and columns of q
        fewer:              v ← β₂v + (1−β₂)q
        u = g/√v,  u ← u/max(1, RMS(u)/d)
        m ← β₁m + (1−β₁)u
        two or more axes:   s = r·c/mean(r) likewise (β₃) of (u − m)² + ε₂,  step = m/√s
        fewer:              step = m
        θ ← θ − α·step

    Full name: Confidence-guided adaptive memory efficient optimization.

    Difference from adafactor: an average of the steps, divided by how far they are from it.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1), of the steps.
      b2: β₂ in [0, 1), of the squares of gradients.
      b3: β₃ in [0, 1), of the squares of distances.
      eps1: ε₁ ≥ 0 [g²].
      eps2: ε₂ ≥ 0.
      d: > 0, the root mean square that a step u may have.

    Not claimed:
      splitting: root mean squares over one array.

    Departures: no average is bias-corrected, as in the paper and the authors' package.

    Reference: Luo et al., 2023, "CAME: confidence-guided adaptive memory efficient optimization", arXiv:2307.02047,
    Algorithm 2.
    """
    squares, distances = moment_ema(b2), moment_ema(b3)
    rate = chain(square(eps1), by_axes(factored(squares), squares), inverse_root())
    moment = chain(residual(), square(eps2), masked(factored(distances), has_two_axes))
    # Vectors have no confidence: nothing is kept for them.
    confidence = chain(moment, inverse_root(), masked(power(0.0), has_fewer_axes))
    return chain(precondition(identity(), rate), clip_rms(d), scoped(precondition(raw_ema(b1), confidence)))


scale_by_came = step_of(came)
