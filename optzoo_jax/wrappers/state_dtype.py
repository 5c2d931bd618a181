"""A state that is kept narrower, or wider, than the optimizer would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import optax

from optzoo_jax.composition import Join, Piece, composition_of
from optzoo_jax.precision import widen, with_precision_of
from optzoo_jax.slots import check_slots, map_slots
from optzoo_jax.trees import of_kind
from optzoo_jax.wrapper import Transformation, as_transformation

MOMENTUM = ("mu", "trace")
# What optax's states call a second moment, and the mean of one that is centred.
SECOND_MOMENTS = ("nu", "nu_max", "sum_of_squares", "e_g", "e_x", "v", "v_row", "v_col")
MEANS_IN_RATES = (optax.ScaleByBeliefState, optax.ScaleByRStdDevState, optax.ScaleBySM3State)


@as_transformation(
    never_around={"compress_state": "compressed slots have a format: compress_state(with_state_dtype(…))"}
)
def with_state_dtype(inner: optax.GradientTransformation, state_dtype: Any) -> Transformation:
    """Keeps the arrays of an optimizer's state in another precision; the arithmetic stays as wide as it was.

    Stream: gradient [g] → update [θ].

    Between updates a slot is stored in its dtype; for an update it is read in at least float32. Counters, learning
    rates and keys are left alone. A complex slot takes the complex dtype of the same precision.

    A dtype for all is that of every slot where it is float32 or wider, and of the momentum ("mu", "trace") where it is
    narrower: optax's `mu_dtype`. For what decides how long a step is, a second moment above all, stays in float32. In
    float16 g² becomes 0 where g is below 2e-4, and the step m/ε; in bfloat16 an average stops, since its last step,
    (1−β₂)(g² − v), is smaller than what separates two neighbouring numbers. `compress_state` keeps these in 8 or 16.

    Args:
      inner: any transformation.
      state_dtype: a floating-point dtype, or a mapping from names of slots ("mu", "nu", …) to one.

    Raises:
      TypeError: where it is not a floating-point dtype; at init, where a named slot of a rate would have 16 bits;
        around `compress_state`.
      ValueError: at init, where a named slot does not exist.
    """
    inner = optax.with_extra_args_support(inner)
    chosen: Mapping[str | None, Any] = state_dtype if isinstance(state_dtype, Mapping) else {None: state_dtype}
    for slot, dtype in chosen.items():
        if not jnp.issubdtype(dtype, jnp.floating):
            where = "state_dtype" if slot is None else f"state_dtype[{slot!r}]"
            raise TypeError(f"{where} is {jnp.dtype(dtype)}, and must be a floating-point dtype such as jnp.bfloat16.")

    in_rates = {*SECOND_MOMENTS, *_slots_in_rates(composition_of(inner))}

    def kept(state: Any) -> Any:
        wide_only = in_rates | ({"mu"} if of_kind(MEANS_IN_RATES, state) else set())

        def stored(name: str, _path: tuple, x: Any) -> Any:
            dtype = chosen.get(name, chosen.get(None))
            if dtype is None:
                return x
            if jnp.finfo(dtype).bits < 32:
                if name not in chosen and (name in wide_only or name not in MOMENTUM):
                    return x
                if name in wide_only:
                    raise TypeError(
                        f"state_dtype[{name!r}] is {jnp.dtype(dtype)}, and the slot decides how long a step is: "
                        "rounded to so few digits it vanishes or stops. Leave it in float32, or have it rounded "
                        f"stochastically: compress_state(…, 'bfloat16', slots=[{name!r}])."
                    )
            return with_precision_of(x, dtype)

        return map_slots(stored, inner, state)

    def init(params: Any) -> Any:
        state = inner.init(params)
        check_slots("state_dtype", filter(None, chosen), inner, state)
        return kept(state)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        wide = map_slots(lambda _name, _path, x: widen(x), inner, state)
        new, state = inner.update(updates, wide, params, **extra)
        return new, kept(state)

    return Transformation(init, update)


def _slots_in_rates(node: Any, inside: bool = False) -> set[str]:
    """The names of slots in the rate of a `precondition`, and in its direction where the rate reads that."""
    if isinstance(node, Piece):
        return set(node.definition.slots) if inside else set()
    is_read = isinstance(node, Join) and node.is_precondition and bool(node.inside[1].flow.reads)
    parts = ((child, inside or role == "rate" or (is_read and role == "direction")) for role, child in node.children)
    return set().union(*(_slots_in_rates(*part) for part in parts))
