"""Carries a run over: the state of one optimizer as that of another, whose next updates are the first one's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.formats.compressed import Compressed, format_of
from optzoo_jax.formats.rounding import to_the_nearest
from optzoo_jax.inspect import step as step_of_state
from optzoo_jax.slots import Part, opened
from optzoo_jax.trees import of_kind, path_name, without_variables
from optzoo_jax.wrappers.pack import pack_state, unpack_state

# Slots that are called otherwise here than in optax's states, in some only where a state of that kind is found; and
# than in torch's.
_DISTANCES = {
    "exp_avg": "mu",
    "exp_avg_sq": "nu",
    "grad_sum": "sum_of_gradients",
    "params0": "start",
    "estim_lr": "distance",
    "numerator_weighted": "numerator",
}
OPTAX = {
    "ScaleByAdaDeltaState": {"e_g": "nu"},
    "EmaState": {"ema": "mu"},
    "ScaleByNovogradState": {"mu": "trace"},
    "ProdigyState": _DISTANCES,
    "DAdaptAdamWState": _DISTANCES,
}
TORCH = {
    "exp_avg": "mu",
    "exp_avg_sq": "nu",
    "max_exp_avg_sq": "nu_max",
    "exp_inf": "nu",
    "square_avg": "nu",
    "acc_delta": "e_x",
    "grad_avg": "mu",
    "momentum_buffer": "trace",
    "sum": "sum_of_squares",
}
# The largest distance that was found is the distance, where its growth has no bound, as in optax.
COPIES = {"most": "distance"}
COUNTS = ("count", "step_count")
RECORDS = ("last_learning_rate",)  # of the last update, which nobody reads


def convert_state(
    state: Any,
    from_tx: optax.GradientTransformation,
    to_tx: optax.GradientTransformation,
    params: Any,
    *,
    step: int | None = None,
) -> Any:
    """The state of `from_tx` as the state of `to_tx`: from optax's to this library's, and back.

        ours = convert_state(optax_state, optax.adamw(1e-3), optzoo_jax.adamw(1e-3), params)

    Every slot goes to the slot of its name, those of one name in their order, in the dtype that the new one has. That
    the two optimizers mean the same by a name is up to the caller: `from optzoo_jax.like import optax` has the twins of
    optax's, and `get(name, like="optax")`. The learning rate that the new state records is the first update's until its
    next one.

    Args:
      state: what `from_tx` has returned, of arrays or of Flax's nnx.Variables.
      from_tx: the optimizer that made it.
      to_tx: the one that is to go on.
      params: what it trains.
      step: how many updates were made, where the state does not count them, as optax.rmsprop's.

    Raises:
      ValueError: where a slot has no counterpart, or one for other parameters, of another shape, or real where it was
        complex; where nothing counts and `step` is None; where counters differ, or contradict `step`.
    """
    state = unpack_state(without_variables(state), params)
    names = _names_of(state)
    given = [(_named(part, names), _decoded(part.value)) for part in opened(from_tx, state)[0]]
    return _filled(to_tx, params, given, _count_of(state, step, counts=any(name in COUNTS for name, _ in given)))


def _count_of(state: Any, step: int | None, *, counts: bool) -> Any:
    """How many updates were made: what the state says, or else `step`, which may not contradict it."""
    try:
        count = step_of_state(state)
    except ValueError as error:
        if counts:
            raise ValueError(f"convert_state: {error}") from None
        if step is None:
            raise ValueError(f"convert_state: {error} Or say how many updates were made: step=….") from None
        return jnp.asarray(step, jnp.int32)
    if step is not None and not np.array_equal(count, step):
        raise ValueError(f"convert_state: step={step}, and the state has counted {count} updates: leave step out.")
    return count


def from_torch_state(
    state_dict: Mapping[str, Any],
    to_tx: optax.GradientTransformation,
    params: Any,
    *,
    step: int | None = None,
    indices: Any = None,
    leaf: Callable[[str, np.ndarray], Any] | None = None,
) -> Any:
    """The `state_dict()` of a torch optimizer as the state of its twin, from `optzoo_jax.like.torch`.

    Args:
      state_dict: {"state": {index: {"exp_avg": …, …}}, …}, of tensors on a CPU or of NumPy arrays.
      to_tx: the optimizer that is to go on.
      params: what it trains.
      step: how many updates were made, where the state does not count them, as torch.optim.SGD's.
      indices: a pytree like `params` of the places that its arrays had among the torch optimizer's parameters; None
        where that is the order of the tree's leaves.
      leaf: (path, array) → the array as the parameter at that path is stored, such as a transposed kernel. Paths are
        keys joined by "/". None where they are stored alike.

    Raises:
      ValueError: where a slot has no counterpart, or one of another shape; where parameters counted differently;
        where nothing counts and `step` is None.
    """
    paths, treedef = jax.tree_util.tree_flatten_with_path(params)
    places = range(len(paths)) if indices is None else treedef.flatten_up_to(indices)
    kept = [state_dict["state"].get(i, {}) for i in places]
    steps = {int(np.asarray(slots["step"])) for slots in kept if "step" in slots}
    if step is None and not steps:
        raise ValueError("from_torch_state: nothing in this state counts its updates: say how many were made, step=….")
    if step is not None and steps - {step}:
        raise ValueError(f"from_torch_state: step={step}, and the state has counted {sorted(steps)}: leave step out.")
    if len(steps) > 1:
        raise ValueError(
            f"from_torch_state: the parameters were updated {sorted(steps)} times: convert them in groups."
        )
    held = dict.fromkeys(name for slots in kept for name, x in slots.items() if x is not None)
    names = [name for name in held if name not in ("step", "mu_product")]  # a product that is computed here
    for (path, _), slots in zip(paths, kept, strict=True):
        lacking = [name for name in names if slots.get(name) is None]
        if lacking:
            raise ValueError(f"from_torch_state: the parameter {path_name(path)!r} has no {', '.join(lacking)}.")
    given = []
    for name in names:
        arrays = [np.asarray(slots[name]) for slots in kept]
        if leaf is not None:
            arrays = [leaf(path_name(path), x) for (path, _), x in zip(paths, arrays, strict=True)]
        given.append((TORCH.get(name, name), treedef.unflatten(arrays)))
    return _filled(to_tx, params, given, jnp.asarray(step if step is not None else steps.pop(), jnp.int32))


def _names_of(state: Any) -> dict[str, str]:
    """The names that slots of this state have here."""
    # An older optax lacks some.
    kinds: Any = tuple(getattr(optax, name, getattr(optax.contrib, name, ())) for name in OPTAX)
    return {old: new for x in of_kind(kinds, state) for old, new in OPTAX[type(x).__name__].items()}


def _named(part: Part, names: Mapping[str, str]) -> str:
    """The name of a slot, as this library has it, or of an array that is none."""
    own = (getattr(key, "name", getattr(key, "key", None)) for key in reversed(part.path))
    name = part.name if part.name is not None else next((x for x in own if isinstance(x, str)), "")
    return names.get(name, name)


def _decoded(value: Any) -> Any:
    return format_of(value).decompress(value) if isinstance(value, Compressed) else value


def _filled(tx: optax.GradientTransformation, params: Any, given: list[tuple[str, Any]], count: Any) -> Any:
    """The first state of `tx` with what is given by name in the place of its arrays."""
    packed = tx.init(params)
    plain = unpack_state(packed, params)
    names, (parts, treedef) = _names_of(plain), opened(tx, plain)
    rest = [(name, value) for name, value in given if name not in (*COUNTS, *RECORDS)]
    old = _listed([name for name, _ in rest])
    known, values = dict(rest), []
    for part in parts:
        name = _named(part, names)
        if name in RECORDS:
            values.append(part.value)
        elif name in COUNTS:
            values.append(jnp.full_like(part.value, count))
        else:
            at = next((i for i, (other, _) in enumerate(rest) if other == name), None)
            if at is None and COPIES.get(name) not in known:
                raise ValueError(
                    f"the slot {name!r} of the new state has no counterpart: the old one has {old}. Two optimizers "
                    "that keep the same things are needed."
                )
            values.append(_as_kept(name, known[COPIES[name]] if at is None else rest.pop(at)[1], part.value))
    for name, value in rest:
        if name not in COPIES or not np.array_equal(value, known[COPIES[name]]):
            new = [name for name in (_named(part, names) for part in parts) if name not in (*COUNTS, *RECORDS)]
            raise ValueError(
                f"the slot {name!r} of the old state has no counterpart: the new one has {_listed(new)}. What it "
                "holds would be lost."
            )
    return pack_state(treedef.unflatten(values), params, packed)


def _as_kept(name: str, value: Any, like: Any) -> Any:
    """A slot in the shapes, the dtypes and the format of another."""
    first = like.codes if isinstance(like, Compressed) else like
    paths, treedef = jax.tree_util.tree_flatten_with_path(first)
    arrays = jax.tree.leaves(value)
    places = [[path_name(path) for path, _ in x] for x in (jax.tree_util.tree_leaves_with_path(value), paths)]
    for old, new in itertools.zip_longest(*places, fillvalue="nothing more"):
        if old != new:  # arrays of one shape would change places unseen
            raise ValueError(f"the slot {name!r} is kept for {old!r} in the old state, and for {new!r} in the new.")
    for i, (path, y) in enumerate(paths):
        if jnp.size(arrays[i]) == y.size == 1:  # one number is one number, whichever axes it has
            arrays[i] = jnp.reshape(arrays[i], y.shape)
        if jnp.shape(arrays[i]) != y.shape:
            raise ValueError(
                f"the slot {name!r} has another shape at {path_name(path)!r}: {jnp.shape(arrays[i])} in the old state, "
                f"{y.shape} in the new."
            )
    for x, (path, y) in zip(arrays, paths, strict=True):
        if jnp.iscomplexobj(x) and not isinstance(like, Compressed) and not jnp.iscomplexobj(y):
            where = path_name(path)
            raise ValueError(f"the slot {name!r} is complex at {where!r} in the old state, and real in the new.")
    if not isinstance(like, Compressed):
        return treedef.unflatten([jnp.asarray(x, y.dtype) for x, (_, y) in zip(arrays, paths, strict=True)])
    form = format_of(like)

    def one(_: tuple, codes: Any, x: Any) -> Any:
        return form.encode(jnp.asarray(x), to_the_nearest(codes.shape)) if codes.dtype == form.codes else (x, None)

    return form.compress(one, first, treedef.unflatten(arrays))


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
