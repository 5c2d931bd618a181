"""AdaBound and AMSBound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from optzoo_jax.arguments import Array, Decay, Epsilon, FinalRate, LearningRate, Speed
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, chain, precondition
from optzoo_jax.pieces.bounds import bound_lr
from optzoo_jax.pieces.corrections import anneal, debias
from optzoo_jax.pieces.directions import raw_ema
from optzoo_jax.pieces.moments import running_max, second_moment
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.updates import require_base
from optzoo_jax.versions import Unpack

Variant = Literal["authors", "survey"]
Bound = Callable[[Array], Any]


def _rate(variant: Variant, alpha: Any, base: Any, b1: Decay, b2: Decay, eps: Epsilon, **bounds: Any) -> Transformation:
    """From a second moment to clip(α·rate, η_l, η_u). A clip does not commute with a factor, so α stands inside."""
    if variant == "survey":
        return chain(inverse_root(), bound_lr(alpha, **bounds), anneal())
    if base is None:
        require_base("variant='authors', whose bounds follow the schedule,", alpha)
    bound = bound_lr(alpha, base_learning_rate=base, **bounds)
    return chain(inverse_root(eps), debias(b2, power=-0.5), debias(b1), bound)


@optimizer(learning_rate=1e-3, calls={"authors": {}, "survey": {"variant": "survey"}})
def adabound(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    final_learning_rate: FinalRate = 0.1,
    gamma: Speed = 1e-3,
    eps: Epsilon = 1e-8,
    *,
    variant: Variant = "authors",
    lower: Bound | None = None,
    upper: Bound | None = None,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AdaBound: it begins as Adam and ends as SGD.

        m ← β₁m + (1−β₁)g
        v ← β₂v + (1−β₂)g²
        η_l = α*(1 − 1/(γt+1)),   η_u = α*(1 + 1/(γt))
        authors:   η = clip(α·√(1−β₂ᵗ)/(1−β₁ᵗ)/(√v + ε), η_l, η_u);   θ ← θ − ηm
        survey:    η = clip(α/√v, η_l, η_u)/√t;                       θ ← θ − ηm

    Full name: Adam with dynamic bounds.

    Difference from adam: the rate is clipped between two bounds that close on a final rate.

    Bound: η_u·|m|, and so η_u times the largest gradient.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      final_learning_rate: α* ≥ 0 [θ/g]; in the variant "authors" it follows the schedule, α*·α/α₀.
      gamma: γ ≥ 0, the speed at which the bounds close.
      eps: ε ≥ 0 [g], outside the root; the variant "survey" has none.
      variant: "authors" or "survey" (above).
      lower: a function of t = 1, 2, … in the place of η_l.
      upper: a function of t = 1, 2, … in the place of η_u.

    Raises:
      ValueError: for a schedule as learning rate without `base_learning_rate`, in the variant "authors".

    Variants:
      authors: bias-corrected, without 1/√t: it ends as SGD with rate α* (their released package).
      survey: clip(α/√v)/√t·m, nothing corrected and no ε: its rate goes to 0 (the paper's algorithm).

    Not claimed:
      scale: the bounds are rates, [θ/g], and do not scale with the gradient.

    Departures: the default is the released package, because only it turns into SGD as paper and survey say; their
    algorithm divides by √t. The survey lists an ε that it does not use and gives no bounds.

    Reference: Luo, Xiong, Liu & Sun, 2019, "Adaptive gradient methods with dynamic bound of learning rate",
    arXiv:1902.09843, Algorithm 2; survey, Algorithm 12.
    """
    bounds = {"final_learning_rate": final_learning_rate, "gamma": gamma, "lower": lower, "upper": upper}
    rate = _rate(variant, learning_rate, decay.get("base_learning_rate"), b1, b2, eps, **bounds)
    return precondition(raw_ema(b1), chain(second_moment(b2), rate))


@optimizer(learning_rate=1e-3, calls={"authors": {}, "survey": {"variant": "survey"}})
def amsbound(
    learning_rate: LearningRate,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    final_learning_rate: FinalRate = 0.1,
    gamma: Speed = 1e-3,
    eps: Epsilon = 1e-8,
    *,
    variant: Variant = "authors",
    lower: Bound | None = None,
    upper: Bound | None = None,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AMSBound: AdaBound with a rate that, inside its bounds, never rises.

        v ← β₂v + (1−β₂)g²
        v_max ← max(v_max, v), in the place of v in `adabound`

    Full name: AMSGrad with dynamic bounds.

    Difference from adabound: the largest second moment so far in the place of the current one.

    Bound: η_u·|m|, and so η_u times the largest gradient.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1).
      b2: β₂ in [0, 1).
      final_learning_rate: α* ≥ 0 [θ/g]; in the variant "authors" it follows the schedule, α*·α/α₀.
      gamma: γ ≥ 0, the speed at which the bounds close.
      eps: ε ≥ 0 [g], outside the root; the variant "survey" has none.
      variant: "authors" or "survey", as in `adabound`.
      lower: a function of t = 1, 2, … in the place of η_l.
      upper: a function of t = 1, 2, … in the place of η_u.

    Raises:
      ValueError: for a schedule as learning rate without `base_learning_rate`, in the variant "authors".

    Variants:
      authors: bias-corrected, without 1/√t: it ends as SGD with rate α* (their released package).
      survey: clip(α/√v)/√t·m, nothing corrected and no ε: its rate goes to 0 (the paper's algorithm).

    Not claimed:
      scale: the bounds are rates, [θ/g], and do not scale with the gradient.

    Reference: Luo, Xiong, Liu & Sun, 2019, "Adaptive gradient methods with dynamic bound of learning rate",
    arXiv:1902.09843, Algorithm 3.
    """
    bounds = {"final_learning_rate": final_learning_rate, "gamma": gamma, "lower": lower, "upper": upper}
    rate = _rate(variant, learning_rate, decay.get("base_learning_rate"), b1, b2, eps, **bounds)
    return precondition(raw_ema(b1), chain(second_moment(b2), running_max(), rate))


# At learning_rate=1.0 the bounds are in units of the rate that comes after.
scale_by_adabound = step_of(adabound, learning_rate=1.0)
scale_by_amsbound = step_of(amsbound, learning_rate=1.0)
