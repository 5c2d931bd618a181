"""AdaBelief."""

from __future__ import annotations

from typing import Literal

from optzoo_jax.arguments import Decay, Epsilon, EpsilonRoot, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.corrections import debias
from optzoo_jax.pieces.directions import raw_ema
from optzoo_jax.pieces.moments import belief_moment, residual
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.rectification import rectify
from optzoo_jax.versions import Unpack

Variant = Literal["survey", "authors"]


@optimizer(learning_rate=1e-3, calls={"optax": {}, "authors": {"variant": "authors"}, "survey": {}})
def adabelief(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-16,
    eps_root: EpsilonRoot = 1e-16,
    *,
    variant: Variant = "survey",
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdaBelief: long steps where the gradient is what was expected.

        m ← β₁m + (1−β₁)g,                      m̂ = m/(1−β₁ᵗ)
        s ← β₂s + (1−β₂)(g − m)² + ε_root,      ŝ = s/(1−β₂ᵗ)
        θ ← θ − αm̂/(√ŝ + ε)

    ε_root gathers in the state, to ε_root/(1−β₂).

    Difference from adam: the squared distance of the gradient to its average in the place of its square.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      eps_root: ε_root ≥ 0 [g²], added to s each step.
      variant: "survey" (above) or "authors" (their package's default, which is rectified as RAdam is).

    Variants:
      survey: m̂/(√ŝ + ε) (also the paper's and optax's).
      authors: rectified from ρₜ ≥ 5 on, rₜ·m̂·√(1−β₂ᵗ)/(√s + ε); before it m̂.

    No counterpart:
      nesterov: `precondition` with `nesterov_ema` as the direction.

    Departures: none from the paper; the authors' package rectifies unless told not to.

    Reference: Zhuang et al., 2020, "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients",
    arXiv:2010.07468, Algorithm 2; survey, Algorithm 9.
    """
    belief = chain(residual(), belief_moment(b2, eps_root=eps_root))
    if variant == "survey":
        rate = chain(belief, debias(b2), inverse_root(eps))
    else:
        rate = chain(belief, inverse_root(eps), debias(b2, power=-0.5), rectify(b2, threshold=5.0, inclusive=True))
    return chain(precondition(raw_ema(b1), rate), debias(b1))


scale_by_adabelief = scale_by_belief = step_of(adabelief)  # every method has a scale_by_<method>; optax says belief
