"""Whether maths that says it treats each number by itself does: what may be packed, concatenated, traced inline."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.core
import jax.numpy as jnp

_POINTWISE = frozenset(
    "abs acos acosh add add_any and asin asinh atan atan2 atanh bitcast_convert_type cbrt ceil clamp complex conj "
    "convert_element_type copy copy_p cos cosh digamma div eq erf erf_inv erfc exp exp2 expm1 floor ge gt imag "
    "integer_pow is_finite le lgamma log log1p logistic lt max min mul ne neg nextafter not optimization_barrier or "
    "pow real reduce_precision rem round rsqrt select_n shift_left shift_right_arithmetic shift_right_logical sign sin "
    "sinh sqrt square stop_gradient sub tan tanh xor".split()
)
_LOOPS = frozenset(("while", "scan", "cond"))
_MAKES_POSITIONS = frozenset(("iota", "random_bits", "random_wrap", "threefry2x32"))
_SHAPE = (2, 3)


def check_elementwise(name: str, maths: Callable[..., Any], slots: Iterable[str], facts: Iterable[str]) -> bool:
    """Whether maths(x, slots, facts) may be traced inline: it treats each number by itself, and has no loop.

    Raises:
      ValueError: where it looks at more than one number, or tells numbers apart by where they are.
    """
    x = jax.ShapeDtypeStruct(_SHAPE, jnp.float32)
    traced = jax.make_jaxpr(maths)(x, dict.fromkeys(slots, x), dict.fromkeys(facts, x))
    operations = list(_all(traced.jaxpr))
    culprit = next((eqn.primitive.name for eqn in operations if not _is_pointwise(eqn)), None)
    if culprit is not None:
        raise ValueError(
            f"{name} says over='element', and its {culprit} looks at more than one number, or tells numbers apart by "
            "where they are: a piece that does says over='array', or over='tree'."
        )
    return not any(eqn.primitive.name in _LOOPS for eqn in operations)


def _all(jaxpr: Any) -> Iterator[Any]:
    for eqn in jaxpr.eqns:
        yield eqn
        for value in eqn.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from _all(inner)


def _is_pointwise(eqn: Any) -> bool:
    sizes = [v.aval.size for v in eqn.invars if hasattr(v.aval, "size")]
    if any(hasattr(getattr(p, "jaxpr", p), "eqns") for p in _flat(eqn.params.values())):
        return True  # a function or a loop: what stands in it is looked at by itself
    if max(sizes, default=0) <= 1:
        return not (eqn.primitive.name in _MAKES_POSITIONS and any(v.aval.size > 1 for v in eqn.outvars))
    return eqn.primitive.name in _POINTWISE or all(
        eqn.primitive.name == "broadcast_in_dim" and v.aval.shape == eqn.invars[0].aval.shape for v in eqn.outvars
    )


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        yield from value if isinstance(value, tuple | list) else (value,)


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
