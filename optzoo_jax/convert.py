"""Carries a run over: the state of one optimizer as that of another, whose next updates are the first one's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.counterparts import FACTORED, TORCH, Held, form_of, held_by
from optzoo_jax.formats.compressed import Compressed, format_of
from optzoo_jax.formats.rounding import to_the_nearest
from optzoo_jax.inspect import step as step_of_state
from optzoo_jax.precision import widen
from optzoo_jax.trees import of_kind, path_name, without_variables
from optzoo_jax.wrappers.pack import pack_state, unpack_state

# The largest distance that was found is the distance, where its growth has no bound, as in optax.
COPIES = {"most": "distance"}
COUNTS = {"count": 0, "step_count": 0, "count_of_the_next": 1}
FIRST = "is_init_step"
# Of the last update, which nobody reads; and what an optimizer was made with, as the new one was.
RECORDS = ("last_learning_rate", "ns_coeffs")
IN_PARAMETERS = "ahead"  # of the slow parameters, which optax.lookahead has beside the fast ones


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

    Every slot goes to the slot of its name, those of one name and for the same arrays in their order, in the form and
    the dtype that the new one has. That the two optimizers mean the same by a name is up to the caller: `from
    optzoo_jax.like import optax` has the twins of optax's, and `get(name, like="optax")`. The learning rate that the
    new state records is the first update's until its next one.

    Args:
      state: what `from_tx` has returned, of arrays or of Flax's nnx.Variables.
      from_tx: the optimizer that made it.
      to_tx: the one that is to go on.
      params: what it trains; of `optax.lookahead`, on either side, its `optax.LookaheadParams`.
      step: how many updates were made, where the state does not count them, as optax.rmsprop's.

    Raises:
      ValueError: where a slot has no counterpart, or one for other parameters, of another shape, or real where it was
        complex; where nothing counts and `step` is None; where counters differ, or contradict `step`.
    """
    fast = _fast(params)
    state = unpack_state(without_variables(state), fast)
    held = held_by(from_tx, state)[0]
    given = [(x.name, _as_ours(x, fast)) for x in held]
    if isinstance(params, optax.LookaheadParams):
        ahead = jax.tree.map(jnp.subtract, *(widen(without_variables(x)) for x in params))
        given = [(name, value) for name, value in given if name != IN_PARAMETERS] + [(IN_PARAMETERS, ahead)]
    return _filled(to_tx, params, given, _count_of(state, step, counts=any(x.name in COUNTS for x in held)))


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
    if len(steps) > 1:
        raise ValueError(
            f"from_torch_state: the parameters were updated {sorted(steps)} times: convert them in groups."
        )
    if step is not None and steps - {step}:
        raise ValueError(f"from_torch_state: step={step}, and the state has counted {sorted(steps)}: leave step out.")
    held: dict[str, None] = dict.fromkeys(name for slots in kept for name, x in slots.items() if x is not None)
    names = [name for name in held if name not in ("step", "mu_product")]  # a product that is computed here
    for (path, _), slots in zip(paths, kept, strict=True):
        lacking = [name for name in names if name not in FACTORED and slots.get(name) is None]
        if lacking:
            raise ValueError(f"from_torch_state: the parameter {path_name(path)!r} has no {', '.join(lacking)}.")
    found = [
        _turned(p, {name: slots[name] for name in names if slots.get(name) is not None}, path_name(path), leaf)
        for (path, p), slots in zip(paths, kept, strict=True)
    ]
    given = [
        (TORCH.get(name, name), treedef.unflatten([arrays.get(name, optax.MaskedNode()) for arrays in found]))
        for name in names
    ]
    return _filled(to_tx, params, given, jnp.asarray(step if step is not None else steps.pop(), jnp.int32))


def _turned(p: Any, slots: dict[str, Any], path: str, leaf: Callable[[str, np.ndarray], Any] | None) -> dict[str, Any]:
    """The slots of a parameter as it is stored here; where it was turned, rows are columns."""
    arrays = {name: np.asarray(x) if leaf is None else leaf(path, np.asarray(x)) for name, x in slots.items()}
    rows, columns = (arrays.get(name) for name in ("row_var", "col_var"))
    if rows is not None and rows.shape != (*p.shape[:-1], 1):
        arrays |= {"row_var": columns, "col_var": rows}
    return arrays


def _fast(params: Any) -> Any:
    return params.fast if isinstance(params, optax.LookaheadParams) else params


def _as_ours(x: Held, params: Any) -> Any:
    """The value of a slot in the form that it has here."""
    value, form = _decoded(x.part.value), form_of(x)
    return form[0](*map(without_variables, (value, x.state, params))) if form else value


def _decoded(value: Any) -> Any:
    return format_of(value).decompress(value) if isinstance(value, Compressed) else value


# -- into the new state


def _filled(tx: optax.GradientTransformation, params: Any, given: list[tuple[str, Any]], count: Any) -> Any:
    """The first state of `tx` with what is given by name in the place of its arrays."""
    fast, packed = _fast(params), tx.init(params)
    in_parameters = fast is not params and bool(of_kind(optax.LookaheadState, packed))
    if fast is not params and not in_parameters:
        packed = tx.init(fast)
    new, treedef = held_by(tx, unpack_state(packed, fast))
    rest = [(name, value) for name, value in given if not _follows(name)]
    old = _listed([name for name, _ in rest])
    known, values = dict(rest), []
    for x in new:
        name, value = x.name, x.part.value
        if name in RECORDS:
            values.append(value)
        elif name in COUNTS:
            values.append(jnp.full_like(value, count + COUNTS[name]))
        elif name == FIRST:
            values.append(jnp.full_like(value, count == 0))
        else:
            like = _as_ours(x, fast) if form_of(x) else value
            at = _place_of(name, like, rest)
            if at is None and COPIES.get(name) not in known:
                raise ValueError(
                    f"the slot {name!r} of the new state has no counterpart: the old one has {old}. Two optimizers "
                    f"that keep the same things are needed.{_said_of(name)}"
                )
            values.append(_kept(x, known[COPIES[name]] if at is None else rest.pop(at)[1], like, fast))
    for name, value in rest:
        if in_parameters and name == IN_PARAMETERS:
            continue
        if name not in COPIES or not np.array_equal(value, known[COPIES[name]]):
            raise ValueError(
                f"the slot {name!r} of the old state has no counterpart: the new one has "
                f"{_listed([x.name for x in new if not _follows(x.name)])}. What it holds would be lost."
                f"{_said_of(name)}"
            )
    return pack_state(treedef.unflatten(values), fast, packed)


def _follows(name: str) -> bool:
    """Whether it is known without the old state's slots."""
    return name in RECORDS or name in COUNTS or name == FIRST


def _said_of(name: str) -> str:
    if name != IN_PARAMETERS:
        return ""
    return (
        " optax.lookahead has the slow parameters beside the fast ones: give and train params = "
        "optax.LookaheadParams(fast=…, slow=…); of a state of lookahead the slow ones are eval_params(state, params)."
    )


def _place_of(name: str, like: Any, rest: list[tuple[str, Any]]) -> int | None:
    """Where in the rest the first slot of this name is that fits, or else the first one, which will be refused."""
    places = [i for i, (other, _) in enumerate(rest) if other == name]
    return next((i for i in places if not _misfit(name, rest[i][1], like)), next(iter(places), None))


def _kept(x: Held, value: Any, like: Any, params: Any) -> Any:
    """A slot as the new state keeps it."""
    form, ours = form_of(x), _as_kept(x.name, value, like)
    if not form:
        return ours
    theirs = form[1](ours, *map(without_variables, (_decoded(x.part.value), x.state, params)))
    return _placed(theirs, x.part.value)


def _misfit(name: str, value: Any, like: Any) -> str:
    """Why a value cannot stand in another's place; nothing where it can."""
    first = like.codes if isinstance(like, Compressed) else like
    old, new = (jax.tree_util.tree_leaves_with_path(tree) for tree in (value, first))
    places = [[path_name(path) for path, _ in leaves] for leaves in (old, new)]
    for a, b in itertools.zip_longest(*places, fillvalue="nothing more"):
        if a != b:  # arrays of one shape would change places unseen
            return f"the slot {name!r} is kept for {a!r} in the old state, and for {b!r} in the new."
    for where, (_, x), (_, y) in zip(places[1], old, new, strict=True):
        if jnp.shape(x) != y.shape and not jnp.size(x) == y.size == 1:
            shapes = f"{jnp.shape(x)} in the old state, {y.shape} in the new"
            return f"the slot {name!r} has another shape at {where!r}: {shapes}."
        if jnp.iscomplexobj(x) and not isinstance(like, Compressed) and not jnp.iscomplexobj(y):
            return f"the slot {name!r} is complex at {where!r} in the old state, and real in the new."
    return ""


def _as_kept(name: str, value: Any, like: Any) -> Any:
    """A slot that fits in the shapes, the dtypes and the format of another."""
    if wrong := _misfit(name, value, like):
        raise ValueError(wrong)
    return _placed(value, like)


def _placed(value: Any, like: Any) -> Any:
    leaves, treedef = jax.tree.flatten(like.codes if isinstance(like, Compressed) else like)
    # One number is one number, whichever axes it has.
    arrays = jax.tree.map(lambda x, y: jnp.reshape(x, y.shape), jax.tree.leaves(value), leaves)
    if not isinstance(like, Compressed):
        return treedef.unflatten(jax.tree.map(lambda x, y: jnp.asarray(x, y.dtype), arrays, leaves))
    form = format_of(like)

    def one(_: tuple, codes: Any, x: Any) -> Any:
        return form.encode(jnp.asarray(x), to_the_nearest(codes.shape)) if codes.dtype == form.codes else (x, None)

    return form.compress(one, like.codes, treedef.unflatten(arrays))


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
