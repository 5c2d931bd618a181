"""Questions about a state, whatever it is nested in: which step, which learning rate, how large."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.arguments import Array
from optzoo_jax.state import WalkState
from optzoo_jax.trees import bytes_of, state_without_variables
from optzoo_jax.versions import PartitionState
from optzoo_jax.wrappers.accumulate import AccumulationState


def step(state: Any) -> Array:
    """How many updates were made, an int32; of a state under `vmap`, an array of them.

    Where updates are skipped (`optax.MultiSteps`, `accumulate_gradients`, `apply_if_finite`) it is how many were not:
    how many reached the parameters, not how many gradients came.

    Args:
      state: of any optimizer of this library, or of optax's that count, in any nesting.

    Raises:
      ValueError: where nothing in the state counts; or where several parts count differently, such as groups of
        `optax.partition` of which one accumulates (in `jit`, where they may); or where it is an `nnx.State`.
    """
    found = list(_counters(state_without_variables(state), (), ()))
    if not found:
        raise ValueError(
            "nothing in this state counts its updates (optax.sgd with a constant rate does not): use this library's "
            "optimizers, or put optax.scale_by_schedule into the chain."
        )
    return _agreed(found, "counters")


def current_learning_rate(state: Any) -> Array:
    """The learning rate of the last update (before it, that of the first), a float; under `vmap`, an array of them.

    It is what a step was multiplied by. What stands before it in a chain changes the gradient; what comes after it
    changes the rate, and there only `optax.contrib.reduce_on_plateau` is known by how much.

    Args:
      state: of an optimizer of this library in any nesting, or of `optax.inject_hyperparams`.

    Raises:
      ValueError: where no learning rate is in the state; where several are, and differ (in `jit`, may differ), as
        groups' under `optax.partition`; where something that may change it comes after it, or around it; or where the
        state is an `nnx.State`.
    """
    found = _rates(state_without_variables(state), ())
    if not found:
        raise ValueError(
            "no learning rate is in this state: use this library's optimizers, whose states record it, or "
            "optax.inject_hyperparams."
        )
    return _agreed(found, "learning rates")


def state_bytes(tx: optax.GradientTransformation, params: Any) -> int:
    """The size of an optimizer's state in bytes; nothing is allocated.

    Args:
      tx: any transformation.
      params: arrays or `jax.ShapeDtypeStruct`s.
    """
    return bytes_of(jax.eval_shape(tx.init, params))


class _Found(NamedTuple):
    """A number in a state. Those of one clock, the skipping wrappers that it is in, are always equal."""

    path: tuple
    clock: tuple
    value: Any


# What is in these is skipped at times, and so is what counts in it.
_SKIPPING = (
    AccumulationState, optax.MultiStepsState, optax.ApplyIfFiniteState, optax.ConditionallyMaskState,
    optax.ConditionallyTransformState, optax.contrib.SAMState,
)  # fmt: skip
# Wrappers whose updates have the learning rate of what is inside; as this library's have.
_PLAIN = (
    optax.MaskedState, optax.MultiStepsState, optax.ApplyIfFiniteState, optax.ConditionallyMaskState,
    optax.LookaheadState, optax.contrib.ScheduleFreeState, optax.contrib.SplitRealAndImaginaryState,
)  # fmt: skip
_SCALING = (
    optax.ScaleByScheduleState, optax.contrib.ReduceLROnPlateauState, optax.contrib.MechanicState,
    optax.ScaleByBacktrackingLinesearchState, optax.ScaleByZoomLinesearchState,
)  # fmt: skip


def _items(node: Any, path: tuple) -> list[tuple[tuple, Any]]:
    """What a pytree's node holds, each with its path."""
    items, _ = jax.tree_util.tree_flatten_with_path(node, is_leaf=lambda x: x is not node)
    return [((*path, *key), x) for key, x in items if key]


def _states(node: Any, path: tuple) -> Iterator[tuple[tuple, Any]]:
    """The states in a state: a container's items, a state's fields that are called so, a walk's links from elsewhere.

    Nothing else is looked into: what else a state holds is shaped like the parameters, whose names are anybody's.
    """
    for where, x in _items(node.slots, path) if isinstance(node, WalkState) else _items(node, path):
        if isinstance(node, WalkState):
            yield from _items(x, where) if isinstance(x, tuple) else []
        elif not isinstance(where[-1], jax.tree_util.GetAttrKey) or where[-1].name.endswith(("state", "states")):
            yield where, x


def _counters(node: Any, path: tuple, clock: tuple) -> Iterator[_Found]:
    """The counts of updates in a state."""
    name, fields = "count", getattr(node, "_fields", ())
    next_one = isinstance(node, optax.contrib.ScheduleFreeState)  # which has the number of the next update
    if isinstance(node, optax.contrib.ReduceLROnPlateauState):
        name = ""  # it counts what is in its average
    elif isinstance(node, optax.ConditionallyTransformState):
        name = "step"
    elif _is_from(node, "optax") and "t" in fields:
        name = "t"
    inside = (*clock, path) if isinstance(node, _SKIPPING) or not _is_from(node, "optax", "optzoo_jax") else clock
    if isinstance(node, optax.MultiStepsState):
        name, clock = "gradient_step", inside
    elif (_is_from(node, "optzoo_jax") or next_one) and "step_count" in fields:
        name = "step_count"
    for value in jax.tree.leaves(getattr(node, name)) if name in fields else []:  # a tuple's own `count` is no field
        if jnp.issubdtype(jnp.result_type(value), jnp.integer):
            yield _Found((*path, jax.tree_util.GetAttrKey(name)), clock, value - 1 if next_one else value)
    for where, x in _states(node, path):
        yield from _counters(x, where, inside)


def _rates(node: Any, path: tuple) -> list[_Found]:
    """The learning rates of a state that act side by side; ValueError where one cannot be told."""
    if isinstance(node, WalkState) and node.last_learning_rate is not None:
        if not jax.tree.leaves(node.last_learning_rate):
            raise ValueError(
                f"the learning rate of {_at(path)} is not one number: several of its pieces have one, or nothing is "
                "known of what comes after it, which may change it."
            )
        return [_Found(path, path, x) for x in jax.tree.leaves(node.last_learning_rate)]
    found = []
    if isinstance(node, PartitionState):
        groups = _items(node.inner_states, path)
        rates = [_rates(group, where) for where, group in groups]
        for (where, group), mine in zip(groups, rates, strict=True):
            # A group with an empty state is taken for one that does not move.
            if any(rates) and not mine and not isinstance(getattr(group, "inner_state", None), optax.EmptyState):
                raise ValueError(f"the group {_at(where)} has no learning rate that is known: pass a group that has.")
        return [x for mine in rates for x in mine]
    scaled_before, in_a_row = None, isinstance(node, WalkState) or not hasattr(node, "_fields")
    for where, x in _states(node, path):
        mine = _rates(x, where)
        if found and isinstance(x, optax.contrib.ReduceLROnPlateauState):
            (scale,) = jax.tree.leaves(x.scale)
            found = [rate._replace(value=rate.value * scale.astype(rate.value.dtype)) for rate in found]
        elif (found and (mine or in_a_row)) or (mine and scaled_before):
            changes = where if found else scaled_before or ()
            raise ValueError(
                f"{_at(changes)} may change the learning rate at {_at((found or mine)[0].path)}: pass the part that "
                "you mean, or put the factor into the learning rate."
            )
        scaled_before = scaled_before or (where if _scales(x) else None)
        found = found or mine
    if isinstance(node, optax.InjectStatefulHyperparamsState | optax.InjectHyperparamsState):
        for rate in [] if found or scaled_before else jax.tree.leaves(node.hyperparams.get("learning_rate")):
            found = [_Found(path, path, rate)]
    elif found and hasattr(node, "_fields") and not isinstance(node, _PLAIN) and not _is_from(node, "optzoo_jax"):
        raise ValueError(f"{type(node).__name__} at {_at(path)} may change the learning rate that is in it.")
    return found


def _scales(node: Any) -> bool:
    return isinstance(node, _SCALING) or any(_scales(x) for _, x in _states(node, ()))


def _agreed(found: list[_Found], what: str) -> Any:
    """The one number that all are; ValueError where they differ, or, in a trace, may differ."""
    values = [x.value for x in found]
    if any(isinstance(x, jax.core.Tracer | jax.ShapeDtypeStruct) for x in values):
        agree, shown = len({x.clock for x in found}) == 1, ["not known here"] * len(values)
    else:
        agree, shown = all(np.array_equal(x, values[0]) for x in values), values
    if agree:
        return jnp.asarray(values[0])
    listed = ", ".join(f"{_at(x.path)}: {value}" for x, value in zip(found, shown, strict=True))
    raise ValueError(f"this state has {len(found)} {what}, which differ ({listed}): pass the part that you mean.")


def _at(path: tuple) -> str:
    return jax.tree_util.keystr(path) or "the root"


def _is_from(node: Any, *packages: str) -> bool:
    return not hasattr(node, "_fields") or type(node).__module__.partition(".")[0] in packages
