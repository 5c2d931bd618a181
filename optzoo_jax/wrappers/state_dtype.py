"""A state that is kept narrower, or wider, than the optimizer would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.precision import widen
from optzoo_jax.slots import are_slots, check_slots, fields_on
from optzoo_jax.wrapper import Wrapper, wrapped


def with_state_dtype(inner: optax.GradientTransformation, state_dtype: Any) -> optax.GradientTransformationExtraArgs:
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
    for slot, dtype in _by_slot(state_dtype).items():
        if not jnp.issubdtype(dtype, jnp.floating):
            where = "state_dtype" if slot is None else f"state_dtype[{slot!r}]"
            raise TypeError(f"{where} is {jnp.dtype(dtype)}, and must be a floating-point dtype such as jnp.bfloat16.")
    return wrapped(inner, "with_state_dtype", _begin, _step, state_dtype=state_dtype)


def _by_slot(state_dtype: Any) -> Mapping[str | None, Any]:
    return state_dtype if isinstance(state_dtype, Mapping) else {None: state_dtype}


def _begin(w: Wrapper, params: Any) -> Any:
    state = w.tx.init(params)
    check_slots("state_dtype", filter(None, _by_slot(w["state_dtype"])), state)
    return _stored(w, state)


def _step(w: Wrapper, updates: Any, state: Any, params: Any, **extra: Any) -> tuple[Any, Any]:
    wide = jax.tree.map(lambda x, is_slot: widen(x) if is_slot else x, state, are_slots(w.tx, state))
    new, state = w.tx.update(updates, wide, params, **extra)
    return new, _stored(w, state)


def _stored(w: Wrapper, state: Any) -> Any:
    """The inner state, as it is kept."""
    chosen = _by_slot(w["state_dtype"])

    def kept(path: tuple, x: Any, is_slot: bool) -> Any:
        dtype = next((chosen[name] for name in (*fields_on(path), None) if name in chosen), None)
        if dtype is None or not is_slot or not jnp.issubdtype(x.dtype, jnp.inexact):
            return x
        complex_too = jnp.issubdtype(x.dtype, jnp.complexfloating)
        return x.astype(np.promote_types(dtype, np.complex64) if complex_too else dtype)

    return jax.tree_util.tree_map_with_path(kept, state, are_slots(w.tx, state))
