"""gradient [g] → moment [g²]: how large the gradients are."""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
import functools
import operator
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Decay, Epsilon, EpsilonRoot, Initial, Power
from optzoo_jax.composition import Elsewhere, composition_of
from optzoo_jax.matrices import whole
from optzoo_jax.piece import Transformation, chain, join, named, piece
from optzoo_jax.pieces.directions import average, gradient, identity
from optzoo_jax.precision import wide, zeros


def abs_square(g: Array, most: float = 1 / 16) -> Array:
    """|g|², real, at most that share of the largest number, which is what `cut` leaves."""
    square = g.real**2 + g.imag**2 if jnp.iscomplexobj(g) else g * g
    return jnp.minimum(square, most * float(jnp.finfo(square.dtype).max))


def real(x: Array | jax.ShapeDtypeStruct, initial: Initial = 0.0) -> Array:
    """A slot that is real also where the parameter is complex, and starts at `initial`."""
    start = 0.0 if isinstance(initial, str) else initial
    return jnp.full_like(x, start, dtype=jnp.finfo(wide(x.dtype)).dtype)


def real_zeros(x: Array | jax.ShapeDtypeStruct) -> Array:
    """A slot that is real, and starts at 0."""
    return real(x)


@piece("gradient x → moment x²")
def square(g, eps_root: EpsilonRoot = 0.0):
    """|g|² + ε, real. It saturates where it would overflow.

    Args:
      eps_root: ε ≥ 0 [g²].
    """
    return plus(abs_square(g), eps_root)


def plus(x: Array, eps: Any) -> Array:
    """x + ε without an operation where ε is the number 0: most methods have one of their two ε."""
    return x if isinstance(eps, float | int) and eps == 0 else x + eps


def share(t: Array, decay: Decay = 0.999, *, initial: Initial | Literal["first_gradient"] = 0.0) -> Any:
    """β; in the first step 0, where the average begins with what it sees first."""
    return jnp.where(t == 1, 0.0, decay) if isinstance(initial, str) else decay


@piece("gradient x → moment x²", nu=real, facts=[share])
def second_moment(g, nu, share):
    """v ← βv + (1−β)|g|².

    Args:
      decay: β in [0, 1).
      initial: v₀ ≥ 0 [g²], or "first_gradient" for v₁ = |g₁|² exactly.
    """
    nu = average(nu, abs_square(g), share)
    return nu, nu


@piece("x → x", nu=real, facts=[share])
def moment_ema(v, nu, share):
    """v ← βv + (1−β)x: the average of a moment, of the shape of what stands before it.

    After `square` it is `second_moment`; after a mean or a sum over axes, one number a row, a column or an array.

    Args:
      decay: β in [0, 1).
      initial: v₀ ≥ 0, or "first_gradient" for v₁ = x₁ exactly.
    """
    nu = average(nu, v, share)
    return nu, nu


def newest(t: Array, exponent: Power = 0.8) -> Any:
    """t⁻ᵖ."""
    return jnp.exp(-exponent * jnp.log(t.astype(float)))


@piece("x → x", nu=real_zeros, facts=[newest])
def annealed_ema(v, nu, newest):
    """v ← v + t⁻ᵖ(x − v): the average of a moment whose decay rises from 0 towards 1, and needs no correction.

    Args:
      exponent: p ≥ 0; at 1 it is the mean of all, at 0 what came last.

    Reference: Shazeer & Stern, 2018, "Adafactor: adaptive learning rates with sublinear memory cost",
    arXiv:1804.04235, section 7.2.
    """
    # The weight is handed over: of 1 − t⁻ᵖ in float32 too few digits are left to find it again.
    nu = average(nu, v, 1 - newest, weight=newest)
    return nu, nu


def one_an_axis(x: Array) -> Array:
    """A slot of as many numbers as the axes are long together, 0 at first."""
    return jnp.zeros(max(1, sum(x.shape)), jnp.finfo(wide(x.dtype)).dtype)


@piece("moment x → moment x", over="array", sums=one_an_axis)
def smallest_cover(v, sums):
    """G = min over the axes of G_axis + x;  G_axis ← max of G over the other axes: AdaGrad's sum from above.

    The sums of all axes are one slot, one after another. Of a vector it is the sum itself.

    Reference: Anil, Gupta, Koren & Singer, 2019, "Memory-efficient adaptive optimization", arXiv:1901.11150, SM3-II.
    """
    if v.size == 0:
        return v, sums
    axes = range(v.ndim)
    ends = [sum(v.shape[:i]) for i in axes]
    own = [sums[end : end + size] for end, size in zip(ends, v.shape, strict=True)]
    of = [x.reshape([-1 if j == i else 1 for j in axes]) for i, x in enumerate(own)]
    least = functools.reduce(jnp.minimum, of) if of else sums.reshape(())
    total = least + jnp.minimum(v, jnp.finfo(v.dtype).max - least)
    most = [whole(jnp.max(total, axis=tuple(j for j in axes if j != i))) for i in axes]
    return total, jnp.concatenate(most) if most else total.reshape(1)


@piece("gradient x → moment x²", sum_of_squares=real)
def sum_of_squares(g, sum_of_squares):
    """G ← G + |g|².

    Args:
      initial: G₀ ≥ 0 [g²].

    Reference: Duchi, Hazan & Singer, 2011, "Adaptive subgradient methods", JMLR 12.
    """
    largest = jnp.finfo(sum_of_squares.dtype).max
    total = sum_of_squares + jnp.minimum(abs_square(g), largest - sum_of_squares)
    return total, total


@piece("gradient x → moment x²", nu=real)
def yogi_moment(g, nu, decay: Decay = 0.999):
    """v ← v − (1−β)·sign(v−|g|²)·|g|².

    The change is |g|² in size, not v − |g|²: where gradients are small after large ones the rate recovers slowly.

    Args:
      decay: β in [0, 1).
      initial: v₀ ≥ 0 [g²].

    Reference: Zaheer, Reddi, Sachan, Kale & Kumar, 2018, "Adaptive methods for nonconvex optimization".
    """
    square = abs_square(g)
    nu = nu - (1 - decay) * jnp.sign(nu - square) * square
    return nu, nu


@piece("residual x → moment x²", nu=real_zeros)
def belief_moment(r, nu, decay: Decay = 0.999, *, eps_root: EpsilonRoot = 1e-16):
    """s ← βs + (1−β)|r|² + ε: an average into which ε is poured each step, so that it gathers to ε/(1−β).

    Args:
      decay: β in [0, 1).
      eps_root: ε ≥ 0 [g²].

    Reference: Zhuang et al., 2020, "AdaBelief optimizer", arXiv:2010.07468, Algorithm 2.
    """
    nu = average(nu, abs_square(r, 1 / 4), decay, poured=eps_root)  # g − d: twice as large as what is cut
    return nu, nu


@piece("gradient [g] → residual [g]")
def residual(g, direction):
    """r = g − d: how far the gradient is from the direction, which is what was expected of it.

    Stands before a moment, in the rate branch of `precondition`; it reads `direction`, so no second copy is kept.

    Raises:
      TypeError: outside a rate branch.
    """
    return g - direction


@named
def centered(mean: optax.GradientTransformation) -> Transformation:
    """v − |mean(g)|²: the variance instead of the second moment.

    Stands in the rate branch of `precondition`, after the moment.

    Args:
      mean: gradient → average, made of pieces, such as `raw_ema(0.9)`; with `debias` where the moment has it.

    Raises:
      TypeError: where `mean` is made elsewhere.
    """
    if any(isinstance(leaf, Elsewhere) for leaf in composition_of(mean).leaves):
        raise TypeError("centered(mean): mean must be made of this library's pieces, such as raw_ema(0.9).")
    return join(operator.sub, identity(), chain(gradient(), mean, square()))


@piece("moment x → moment x", nu_max=real_zeros)
def running_max(v, nu_max):
    """v_max ← max(v_max, v), so that the rate never rises again.

    Reference: Reddi, Kale & Kumar, 2018, "On the convergence of Adam and beyond", arXiv:1904.09237, Algorithm 2.
    """
    nu_max = jnp.maximum(nu_max, v)
    return nu_max, nu_max


@piece("x → x", nu=zeros)
def lagged_ema(x, nu, t, decay: Decay = 0.9999):
    """v of the step before; then v₁ = x₁, v ← βv + (1−β)x: an average without what it is to judge.

    In the first step there is none, and 0 comes out.

    Args:
      decay: β in [0, 1).

    Reference: Taniguchi et al., 2024, "ADOPT", arXiv:2411.02853, Algorithm 2.
    """
    return nu, average(nu, x, jnp.where(t == 1, 0.0, decay))


@piece("gradient x → moment x", nu=real_zeros)
def largest_gradient(g, nu, decay: Decay = 0.999, eps: Epsilon = 1e-8):
    """u ← max(βu, |g| + ε): the largest gradient of a past that fades.

    Args:
      decay: β in [0, 1).
      eps: ε ≥ 0 [g], which is kept in u.

    Reference: Kingma & Ba, 2014, "Adam: a method for stochastic optimization", arXiv:1412.6980, Algorithm 2.
    """
    nu = jnp.maximum(decay * nu, jnp.abs(g) + eps)
    return nu, nu
