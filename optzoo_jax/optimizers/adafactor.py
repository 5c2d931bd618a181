"""Adafactor."""

from __future__ import annotations

from typing import Annotated, Literal

from optzoo_jax.arguments import Epsilon, Factor, Hyper, LearningRate, Power, Range
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.moments import annealed_ema, square
from optzoo_jax.pieces.rates import inverse_max_root, inverse_root
from optzoo_jax.pieces.reductions import by_axes, factored
from optzoo_jax.pieces.schedules import at_most_inverse_root_of_t, negative
from optzoo_jax.pieces.trust import clip_rms, scale_by_parameter_rms
from optzoo_jax.pieces.updates import times_learning_rate
from optzoo_jax.versions import Unpack

Variant = Literal["paper", "torch"]
Exponent = Annotated[Hyper, Range("(-∞, 0]", "minus the exponent of the decay")]


@optimizer(learning_rate=1e-2, calls={"authors": {}, "torch": {"variant": "torch"}})
def adafactor(
    learning_rate: LearningRate,
    *,
    decay_exponent: Power = 0.8,
    eps1: Epsilon | None = None,
    d: Factor = 1.0,
    beta2_decay: Exponent | None = None,
    eps2: Epsilon = 1e-3,
    variant: Variant = "paper",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Adafactor, its step alone (optax.adafactor scales it by the parameters): a moment from rows and columns.

        w = t⁻ᵖ,  q = g² + ε₁
        two or more axes:   r ← r + w(mean of q over the last axis − r),  c likewise over the last but one
                            v = r·c/mean(r)
        fewer:              v ← v + w(q − v)
        u = g/√v
        θ ← θ − αu/max(1, RMS(u)/d)

    RMS is over one array. An array of n × m keeps n + m numbers.

    Full name: Adafactor, without relative step, parameter scale and momentum.

    Difference from rmsprop: of a matrix only the means of rows and columns are kept, and the decay rises with t.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      decay_exponent: p ≥ 0.
      eps1: ε₁ ≥ 0; None for the variant's: 1e-30 [g²], and in "torch" [g] the distance of 1 to the next number of the
        array's dtype.
      d: > 0, the root mean square that a step of an array may have.
      beta2_decay: −p, as torch calls it; None for decay_exponent.
      eps2: ε₂ ≥ 0 [θ], of "torch".
      variant: "paper" (above) or "torch".

    Variants:
      paper: as above, steps in units of the learning rate.
      torch: α·RMS(θ) in the place of α, or what is least of 1/√t and α times what is most of ε₂ and RMS(θ); q = g², v =
        r·c/max(mean(r), ε₁), u = g/max(√v, ε₁).

    Not claimed:
      splitting: root mean squares over one array.

    No counterpart:
      min_dim_size_to_factor: every array of two or more axes is factored.
      decay_offset: `annealed_ema` of a count that begins elsewhere is a piece of one line.
      multiply_by_parameter_scale: variant='torch', or `scale_by_parameter_rms`.
      clipping_threshold: d.
      momentum: `raw_ema` after the step.
      dtype_momentum: `with_state_dtype`.
      weight_decay_rate: weight_decay.
      eps: eps1.
      factored: `by_axes` with `annealed_ema` for both.
      weight_decay_mask: mask.
      decay_rate: decay_exponent.

    Departures: decay is decoupled, θ ← θ − αλθ, in both variants, as in torch. optax factors by default only arrays
    whose two largest sides are 128 or more, and computes in float32 inside.

    Reference: Shazeer & Stern, 2018, "Adafactor: adaptive learning rates with sublinear memory cost",
    arXiv:1804.04235, Algorithms 4 and 5.
    """
    average = annealed_ema(decay_exponent if beta2_decay is None else negative(beta2_decay))
    if variant == "paper":
        moment = chain(square(1e-30 if eps1 is None else eps1), by_axes(factored(average), average))
        return chain(precondition(identity(), chain(moment, inverse_root())), clip_rms(d))
    moment = chain(square(), by_axes(factored(average, eps1), average))
    clipped = chain(precondition(identity(), chain(moment, inverse_max_root(eps1))), clip_rms(d))
    return chain(clipped, scale_by_parameter_rms(eps2), times_learning_rate(at_most_inverse_root_of_t(learning_rate)))


scale_by_adafactor = step_of(adafactor)
