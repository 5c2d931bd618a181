"""AdaBound and AMSBound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Unpack

from optzoo_jax.arguments import check_choice
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.combine import chain, precondition
from optzoo_jax.pieces.bounds import bound_lr
from optzoo_jax.pieces.corrections import anneal, debias
from optzoo_jax.pieces.directions import ema
from optzoo_jax.pieces.moments import running_max, second_moment
from optzoo_jax.pieces.rates import inverse_root
from optzoo_jax.pieces.updates import descent, require_base
from optzoo_jax.transformation import Array, Numeric, Schedule, Transformation, part

Variant = Literal["authors", "survey"]
Bound = Callable[[Array], Any]
_VARIANTS = {
    "authors": "bias-corrected, without 1/√t: it ends as SGD with rate α* (their released package)",
    "survey": "clip(α/√v)/√t·m, nothing corrected and no ε: its rate goes to 0 (the paper's algorithm)",
}


@part("gradient [g] → step [θ]")
def scale_by_adabound(
    learning_rate: Numeric | Schedule = 1.0,
    b1: Numeric = 0.9,
    b2: Numeric = 0.999,
    final_learning_rate: Numeric = 0.1,
    gamma: Numeric = 1e-3,
    eps: Numeric = 1e-8,
    *,
    variant: Variant = "authors",
    lower: Bound | None = None,
    upper: Bound | None = None,
    base_learning_rate: Numeric | None = None,
    amsbound: bool = False,
) -> Transformation:
    """clip(α·rate, η_l, η_u)·m: the step of `adabound` (and `amsbound`), with α in it; their arguments.

    A clip does not commute with a factor, so the rate cannot be left out. At learning_rate=1.0 the bounds are in
    units of the rate that comes after.
    """
    check_choice("adabound", "variant", variant, _VARIANTS)
    maximum = (running_max(),) if amsbound else ()
    if variant == "authors":
        rate = chain(
            second_moment(b2), *maximum, inverse_root(eps), debias(b2, power=-0.5), debias(b1),
            bound_lr(
                learning_rate, final_learning_rate, gamma,
                lower=lower, upper=upper, base_learning_rate=base_learning_rate,
            ),
        )  # fmt: skip
    else:
        rate = chain(
            second_moment(b2), *maximum, inverse_root(),
            bound_lr(learning_rate, final_learning_rate, gamma, lower=lower, upper=upper),
            anneal(),
        )  # fmt: skip
    return precondition(ema(b1), rate)


def scale_by_amsbound(*args: Any, **kwargs: Any) -> Transformation:
    """The step of `amsbound`, with α in it: `scale_by_adabound` with the maximum of v; its arguments."""
    return scale_by_adabound(*args, **kwargs, amsbound=True)


def _bounded(learning_rate: Numeric | Schedule, decay: WeightDecay, variant: Variant, **arguments: Any) -> Any:
    base = decay.get("base_learning_rate")
    if variant == "authors" and base is None:
        require_base("variant='authors', whose bounds follow the schedule,", learning_rate)
    step = scale_by_adabound(learning_rate, **arguments, variant=variant, base_learning_rate=base)
    return descent(step, learning_rate, rate_inside=True, **decay)


@optimizer(
    full_name="Adam with dynamic bounds",
    year=2019,
    learning_rate=1e-3,
    parent="adam",
    difference="the rate is clipped between two bounds that close on a final rate",
    bound="η_u·|m|, and so η_u times the largest gradient",
    not_claimed={"scale": "the bounds are rates, [θ/g], and do not scale with the gradient"},
    variants=_VARIANTS,
    calls={"authors": {}, "survey": {"variant": "survey"}},
)
def adabound(
    learning_rate: Numeric | Schedule,
    b1: Numeric = 0.9,
    b2: Numeric = 0.999,
    final_learning_rate: Numeric = 0.1,
    gamma: Numeric = 1e-3,
    eps: Numeric = 1e-8,
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

    Departures: the default is the released package, because only it turns into SGD as paper and survey say; their
    algorithm divides by √t. The survey lists an ε that it does not use and gives no bounds.

    Reference: Luo, Xiong, Liu & Sun, 2019, "Adaptive gradient methods with dynamic bound of learning rate",
    arXiv:1902.09843, Algorithm 2; survey, Algorithm 12.
    """
    return _bounded(
        learning_rate, decay, variant, b1=b1, b2=b2, final_learning_rate=final_learning_rate, gamma=gamma, eps=eps,
        lower=lower, upper=upper,
    )  # fmt: skip


@optimizer(
    full_name="AMSGrad with dynamic bounds",
    year=2019,
    learning_rate=1e-3,
    parent="adabound",
    difference="the largest second moment so far in the place of the current one",
    bound="η_u·|m|, and so η_u times the largest gradient",
    not_claimed={"scale": "the bounds are rates, [θ/g], and do not scale with the gradient"},
    variants=_VARIANTS,
    calls={"authors": {}, "survey": {"variant": "survey"}},
)
def amsbound(
    learning_rate: Numeric | Schedule,
    b1: Numeric = 0.9,
    b2: Numeric = 0.999,
    final_learning_rate: Numeric = 0.1,
    gamma: Numeric = 1e-3,
    eps: Numeric = 1e-8,
    *,
    variant: Variant = "authors",
    lower: Bound | None = None,
    upper: Bound | None = None,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """AMSBound: AdaBound with a rate that, inside its bounds, never rises.

        v ← β₂v + (1−β₂)g²
        v_max ← max(v_max, v), in the place of v in `adabound`

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

    Reference: Luo, Xiong, Liu & Sun, 2019, "Adaptive gradient methods with dynamic bound of learning rate",
    arXiv:1902.09843, Algorithm 3.
    """
    return _bounded(
        learning_rate, decay, variant, b1=b1, b2=b2, final_learning_rate=final_learning_rate, gamma=gamma, eps=eps,
        lower=lower, upper=upper, amsbound=True,
    )  # fmt: skip
