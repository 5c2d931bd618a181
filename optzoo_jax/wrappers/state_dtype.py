"""A state that is kept narrower, or wider, than the optimizer would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import optax

from optzoo_jax.precision import widen, with_precision_of
from optzoo_jax.slots import check_slots, map_slots
from optzoo_jax.wrapper import Transformation, as_transformation


@as_transformation()
def with_state_dtype(inner: optax.GradientTransformation, state_dtype: Any) -> Transformation:
    """Keeps the arrays of an optimizer's state in another precision; the arithmetic stays as wide as it was.

    Stream: gradient [g] → update [θ].

    Between updates every slot is stored in `state_dtype`; for an update it is read in at least float32. Counters,
    learning rates and keys are left alone. A complex slot takes the complex dtype of the same precision.

    A trap: a second moment in bfloat16 stops moving, since its last step, (1−β₂)(g² − v), is smaller than what
    separates two neighbouring numbers. Narrow the momentum only: `with_state_dtype(adam(1e-3), {"mu": jnp.bfloat16})`,
    which is optax's `mu_dtype`.

    Args:
      inner: any transformation.
      state_dtype: a floating-point dtype, or a mapping from names of slots ("mu", "nu", …) to one.

    Raises:
      TypeError: where it is not a floating-point dtype.
      ValueError: at init, where a named slot does not exist.
    """
    inner = optax.with_extra_args_support(inner)
    chosen: Mapping[str | None, Any] = state_dtype if isinstance(state_dtype, Mapping) else {None: state_dtype}
    for slot, dtype in chosen.items():
        if not jnp.issubdtype(dtype, jnp.floating):
            where = "state_dtype" if slot is None else f"state_dtype[{slot!r}]"
            raise TypeError(f"{where} is {jnp.dtype(dtype)}, and must be a floating-point dtype such as jnp.bfloat16.")

    def stored(name: str, _: tuple, x: Any) -> Any:
        dtype = chosen.get(name, chosen.get(None))
        return x if dtype is None else with_precision_of(x, dtype)

    def init(params: Any) -> Any:
        state = inner.init(params)
        check_slots("state_dtype", filter(None, chosen), inner, state)
        return map_slots(stored, inner, state)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        wide = map_slots(lambda _name, _path, x: widen(x), inner, state)
        new, state = inner.update(updates, wide, params, **extra)
        return new, map_slots(stored, inner, state)

    return Transformation(init, update)
