"""gradient [g] → moment [g²]: how large the gradients are."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import jax.numpy as jnp

from optzoo_jax.arguments import check_choice
from optzoo_jax.leafwise import leafwise, lift
from optzoo_jax.precision import cut, full_real, zeros_real
from optzoo_jax.transformation import Array, Leaf, Numeric, Transformation, name_part, part


class SecondMomentState(NamedTuple):
    """`nu`: the average of the squared gradients."""

    nu: Any


class SumOfSquaresState(NamedTuple):
    """`sum_of_squares`: the sum of the squared gradients."""

    sum_of_squares: Any


class RunningMaxState(NamedTuple):
    """`nu_max`: the largest moment so far."""

    nu_max: Any


def abs_square(g: Array, share: float = 0.25) -> Array:
    """|g|², real and finite. Where g was cut before, to the same share, XLA drops the second cut."""
    g = cut(g, share)
    return g.real**2 + g.imag**2 if jnp.iscomplexobj(g) else g * g


@part("gradient [g] → moment [g²]")
def second_moment(decay: Numeric = 0.999, *, initial: Numeric | Literal["first_gradient"] = 0.0) -> Transformation:
    """v ← βv + (1−β)|g|².

    Args:
      decay: β in [0, 1).
      initial: v₀ ≥ 0 [g²], or "first_gradient" for v₁ = |g₁|² exactly.
    """
    if isinstance(initial, str):
        check_choice("second_moment", "initial", initial, ["first_gradient"])
        return leafwise(
            _second_moment, slots=SecondMomentState(zeros_real), once=lambda t: (jnp.where(t == 1, 0.0, decay),)
        )
    return leafwise(_second_moment, slots=SecondMomentState(full_real(initial)), once=lambda t: (decay,))


def _second_moment(g: Array, v: Array, b: Numeric) -> tuple[Array, Array]:
    v = v + (1 - b) * (abs_square(g) - v)
    return v, v


@part("gradient [g] → moment [g²]")
def sum_of_squares(initial: Numeric = 0.0) -> Transformation:
    """G ← G + |g|².

    Args:
      initial: G₀ ≥ 0 [g²].

    Reference: Duchi, Hazan & Singer, 2011, "Adaptive subgradient methods", JMLR 12.
    """

    def maths(g: Array, total: Array) -> tuple[Array, Array]:
        total = total + jnp.minimum(abs_square(g), jnp.finfo(total.dtype).max - total)
        return total, total

    return leafwise(maths, slots=SumOfSquaresState(full_real(initial)))


@part("gradient [g] → moment [g²]")
def yogi_moment(decay: Numeric = 0.999, *, initial: Numeric = 0.0) -> Transformation:
    """v ← v − (1−β)·sign(v−|g|²)·|g|².

    The change is |g|² in size, not v − |g|²: where gradients are small after large ones the rate recovers slowly.

    Args:
      decay: β in [0, 1).
      initial: v₀ ≥ 0 [g²].

    Reference: Zaheer, Reddi, Sachan, Kale & Kumar, 2018, "Adaptive methods for nonconvex optimization".
    """

    def maths(g: Array, v: Array, b: Numeric) -> tuple[Array, Array]:
        square = abs_square(g)
        v = v - (1 - b) * jnp.sign(v - square) * square
        return v, v

    return leafwise(maths, slots=SecondMomentState(full_real(initial)), once=lambda t: (decay,))


@part("residual [g] → moment [g²]")
def belief_moment(decay: Numeric = 0.999, *, eps_root: Numeric = 1e-16) -> Transformation:
    """s ← βs + (1−β)|r|² + ε: an average into which ε is poured each step, so that it gathers to ε/(1−β).

    Args:
      decay: β in [0, 1).
      eps_root: ε ≥ 0 [g²].

    Reference: Zhuang et al., 2020, "AdaBelief optimizer", arXiv:2010.07468, Algorithm 2.
    """

    def maths(r: Array, s: Array, b: Numeric, eps: Numeric) -> tuple[Array, Array]:
        # ε inside the bracket: a slot whose last operation has one full-size operand (… + ε) is computed again in
        # the parameters' kernel by XLA on a CPU, which then copies the old slot first: four times slower.
        s = s + ((1 - b) * (abs_square(r, 0.5) - s) + eps)  # g − d: twice as large as what is cut
        return s, s

    return leafwise(maths, slots=SecondMomentState(zeros_real), once=lambda t: (decay, eps_root))


@part("gradient [g] → residual [g]")
def residual() -> Transformation:
    """r = g − d: how far the gradient is from the direction, which is what was expected of it.

    Stands before a moment, in the rate branch of `precondition`; it reads `direction`, so no second copy is kept.

    Raises:
      TypeError: outside a rate branch.
    """
    return leafwise(lambda g, direction: g - direction, reads=("direction",))


class CenteredState(NamedTuple):
    """`mean`: the state of the transformation that averages the gradients."""

    mean: Any


def centered(mean: Transformation) -> Transformation:
    """v − |mean(g)|²: the variance instead of the second moment.

    Stream: moment [g²] → moment [g²], in the rate branch of `precondition`, after the moment.

    Args:
      mean: gradient → average, made of pieces, such as `ema(0.9)`; with `debias` where the moment has it.

    Raises:
      TypeError: outside a rate branch.
    """
    leaf = mean.leaf
    if leaf is None:
        raise TypeError("centered(mean): mean must be made of this library's pieces, such as ema(0.9).")

    def update(v: Array, state: CenteredState, scalars: Any, view: dict[str, Array]) -> tuple[Array, Any]:
        m, mean_state = leaf.update(view["grad"], state.mean, scalars, view)
        return v - abs_square(m), CenteredState(mean_state)

    tx = lift(Leaf(lambda p: CenteredState(leaf.init(p)), leaf.once, update, leaf.needs | {"grad"}))
    tx.part = mean.part
    return name_part(tx, "centered", {}, "moment [g²] → moment [g²]")


@part("moment [g²] → moment [g²]")
def running_max() -> Transformation:
    """v_max ← max(v_max, v), so that the rate never rises again.

    Reference: Reddi, Kale & Kumar, 2018, "On the convergence of Adam and beyond", arXiv:1904.09237, Algorithm 2.
    """

    def maths(v: Array, v_max: Array) -> tuple[Array, Array]:
        v_max = jnp.maximum(v_max, v)
        return v_max, v_max

    return leafwise(maths, slots=RunningMaxState(zeros_real))
