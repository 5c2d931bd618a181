"""Whether maths that says it treats each number by itself does: what may be packed, concatenated, traced inline."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.core
import jax.numpy as jnp

_POINTWISE = frozenset(
    "abs acos acosh add add_any and asin asinh atan atan2 atanh bessel_i0e bessel_i1e bitcast_convert_type cbrt ceil "
    "clamp clz complex conj convert_element_type copy copy_p cos cosh digamma div eq erf erf_inv erfc exp exp2 expm1 "
    "floor ge gt igamma igamma_grad_a igammac imag integer_pow is_finite le lgamma log log1p log2 logistic lt max min "
    "mul ne neg nextafter not one_minus_square optimization_barrier or polygamma population_count pow real "
    "reduce_precision regularized_incomplete_beta rem reshard round rsqrt select_n shift_left shift_right_arithmetic "
    "shift_right_logical sign sin sinh sqrt square stop_gradient sub tan tanh xor zeta".split()
)
_LOOPS = frozenset(("while", "scan", "cond"))
_MAKES_POSITIONS = frozenset(("iota", "random_bits", "random_wrap", "threefry2x32"))


def check_elementwise(name: str, maths: Callable[..., Any], inputs: int) -> bool:
    """Whether the maths of so many arrays may be traced inline: it treats each number by itself, and has no loop.

    Raises:
      ValueError: where it looks at more than one number, tells numbers apart by where they are, or computes something
        else for arrays of another shape.
    """
    arrays = ([jax.ShapeDtypeStruct(shape, jnp.float32)] * inputs for shape in ((2, 3), (4, 5)))
    one, other = (list(_all(jax.make_jaxpr(maths)(*xs))) for xs in arrays)
    culprits = [eqn.primitive.name for eqn in one if not _is_pointwise(eqn)]
    if [_as_written(eqn) for eqn in one] != [_as_written(eqn) for eqn in other]:
        culprits.append("shape")
    if culprits:
        raise ValueError(
            f"{name} says over='element', and its {culprits[0]} looks at more than one number, or tells numbers apart "
            "by where they are: say over='array'."
        )
    return not any(eqn.primitive.name in _LOOPS for eqn in one)


def _as_written(eqn: Any) -> tuple[Any, ...]:
    """An operation with the constants in it, which are not to depend on a shape."""
    return eqn.primitive.name, [str(v.val) if hasattr(v, "val") else None for v in eqn.invars]


def _all(jaxpr: Any) -> Iterator[Any]:
    """The operations of a traced function, those of its inner functions and loops too."""
    for eqn in jaxpr.eqns:
        yield eqn
        for inner in _functions_of(eqn):
            yield from _all(inner)


def _functions_of(eqn: Any) -> list[Any]:
    return [p for p in jax.tree.leaves(eqn.params) if hasattr(p, "eqns")]


def _is_pointwise(eqn: Any) -> bool:
    if _functions_of(eqn):
        return True  # a function or a loop: what stands in it is looked at by itself
    sizes = [v.aval.size for v in eqn.invars if hasattr(v.aval, "size")]
    if max(sizes, default=0) <= 1:
        return not (eqn.primitive.name in _MAKES_POSITIONS and any(v.aval.size > 1 for v in eqn.outvars))
    return eqn.primitive.name in _POINTWISE or all(
        eqn.primitive.name == "broadcast_in_dim" and v.aval.shape == eqn.invars[0].aval.shape for v in eqn.outvars
    )


def inlined(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, whose operators go straight into the program that is being traced.

    Each operator and function of jnp is jitted by itself: it would be traced apart, for every shape anew, and then be
    inlined, which takes several times as long. Not for what has loops: they would be unrolled.
    """

    @functools.wraps(f)
    def inline(*args: Any, **kwargs: Any) -> Any:
        if not any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves((args, kwargs))):
            return f(*args, **kwargs)  # by itself a jitted function is the faster
        try:
            with jax.disable_jit():
                return f(*args, **kwargs)
        except jax.errors.ConcretizationTypeError:
            return f(*args, **kwargs)

    return inline
