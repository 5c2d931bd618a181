"""Questions about a state, whatever it is nested in: which step, which learning rate, whose parameters, how large."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.arguments import Array
from optzoo_jax.composition import Masked, Matrices, Piece, composition_of
from optzoo_jax.formats.compressed import Compressed, each
from optzoo_jax.state import WalkState, chosen
from optzoo_jax.trees import key_name, map_kind, of_kind, owner_of, path_name, without_variables
from optzoo_jax.versions import PartitionState
from optzoo_jax.wrapper import HasParamsToEvaluate
from optzoo_jax.wrappers.accumulate import AccumulationState
from optzoo_jax.wrappers.pack import unpack_state


def step(state: Any) -> Array:
    """How many updates were made, an int32; of a state under `vmap`, an array of them.

    Where updates are skipped (`optax.MultiSteps`, `accumulate_gradients`, `apply_if_finite`) it is how many were not:
    how many reached the parameters, not how many gradients came.

    Args:
      state: of any optimizer of this library, or of optax's that count, in any nesting.

    Raises:
      ValueError: where nothing in the state counts; or where several parts count differently, such as groups of
        `optax.partition` of which one accumulates (in `jit`, where they may).
    """
    found = list(_counters(without_variables(state), (), ()))
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
        groups' under `optax.partition`; where something that may change it comes after it, or around it.
    """
    found = _rates(without_variables(state), ())
    if not found:
        raise ValueError(
            "no learning rate is in this state: use this library's optimizers, whose states record it, or "
            "optax.inject_hyperparams."
        )
    return _agreed(found, "learning rates")


def eval_params(state: Any, params: Any) -> Any:
    """The parameters to evaluate: Lookahead's slow ones, an average of them, else those that are trained.

    A state answers that has a method `params_to_evaluate(params)`, whoever wrote it; so do those of
    `optax.contrib.schedule_free`, and a pair `optax.LookaheadParams`, whose slow ones they are.

    Args:
      state: an optimizer's state, any nesting of chains and wrappers, Flax's nnx.Optimizer's too; a wrapper that holds
        some parameters only (`optax.partition`, `optax.masked`) answers for those.
      params: the parameters that it trains; the result has their dtypes, and is in what they are in.

    Raises:
      ValueError: where two answer, one in the other: which of the two is meant is not to be guessed.
    """
    if isinstance(params, optax.LookaheadParams):
        return eval_params(state, params.slow)
    plain = without_variables(params)
    for found in of_kind(_ANSWERS, without_variables(state)):
        inside = of_kind(_ANSWERS, list(found)) if isinstance(found, tuple) else []
        if inside:
            names = f"{type(found).__name__} and, in it, {type(inside[0]).__name__}"
            raise ValueError(f"{names} both know parameters to evaluate: pass the one state that you mean.")
        if isinstance(found, HasParamsToEvaluate):
            plain = found.params_to_evaluate(plain)
        else:
            plain = optax.contrib.schedule_free_eval_params(found, plain)
    return jax.tree.unflatten(jax.tree.structure(params), jax.tree.leaves(plain))


_ANSWERS = (HasParamsToEvaluate, optax.contrib.ScheduleFreeState)


def state_bytes(tx: optax.GradientTransformation, params: Any) -> int:
    """The size of an optimizer's state in bytes; nothing is allocated.

    Args:
      tx: any transformation.
      params: arrays or `jax.ShapeDtypeStruct`s.
    """
    return _bytes(jax.eval_shape(tx.init, params))


class Row(NamedTuple):
    """What one parameter gets.

    Attributes:
      path: where it is, keys joined by "/", the same for linen, nnx, Equinox and plain trees.
      shape: its shape.
      dtype: its dtype.
      optimizer: the optimizer, or the group under `optax.partition`.
      decay: whether its value moves it, gradients aside.
      state_bytes: what the optimizer keeps for it.
      matrix: where it is taken for a matrix, what its axes are, such as "in, out", or "batch, in, out" of stacked
        layers; "" where it is none.
    """

    path: str
    shape: tuple[int, ...]
    dtype: Any
    optimizer: str
    decay: bool
    state_bytes: int
    matrix: str = ""


class Explanation(tuple[Row, ...]):
    """Rows that print as a table."""

    def __str__(self) -> str:
        shown = slice(None) if any(r.matrix for r in self) else slice(5)  # whether there are matrices
        rows = [(*("parameter", "shape", "dtype", "optimizer", "decay", "matrix")[shown], "state bytes")]
        for r in self:
            decay, size = "yes" if r.decay else "no", f"{r.state_bytes:,}"
            rows.append((*(r.path, str(r.shape), str(r.dtype), r.optimizer, decay, r.matrix)[shown], size))
        rows.append((*("total", "", "", "", "", "")[shown], f"{sum(r.state_bytes for r in self):,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        cells = ([*map(str.ljust, words, widths), number.rjust(widths[-1])] for *words, number in rows)
        return "\n".join(map("  ".join, cells))


def explain(tx: optax.GradientTransformation, params: Any) -> Explanation:
    """Who gets what, before any training: `print(explain(tx, params))`.

    Decay is read from the composition, in this library's wrappers too. Where a transformation from elsewhere is among
    it, or a piece of a user's, it is found by trial, under any mask: eight steps from gradients of zero, at θ = 1 and
    at θ = −1, whose updates differ only where θ itself is read. A decay that begins later is not seen there.

    Args:
      tx: any transformation.
      params: arrays or `jax.ShapeDtypeStruct`s.
    """
    shapes = jax.eval_shape(lambda p: p, params)
    state = jax.eval_shape(lambda p: unpack_state(tx.init(p), p), shapes)
    leaves = jax.tree_util.tree_leaves_with_path(shapes)
    kept: list[list[Any]] = [[] for _ in leaves]
    groups: list[str | None] = [None] * len(leaves)
    for slot in of_kind(Compressed, state):
        for path, codes, scale in each(slot):
            owner = owner_of(path, codes, leaves)
            if owner is not None:
                kept[owner].append(scale)
    state = map_kind(lambda slot: slot._replace(scale=()), Compressed, state)
    for path, x in jax.tree_util.tree_leaves_with_path(state):
        owner = owner_of(path, x, leaves)
        if owner is not None:
            kept[owner].append(x)
            groups[owner] = groups[owner] or _group(path)
    known = [str(label) for partition in of_kind(PartitionState, state) for label in partition.inner_states]
    without_state = " or ".join(label for label in known if label not in groups)
    rows = []
    node = composition_of(tx)
    decays = _decays(node, shapes) if _is_known(node) else jax.tree.leaves(_reads_params(tx, shapes))
    parted, axes = _matrices(node, shapes)
    for i, ((path, p), mine, group, decay) in enumerate(zip(leaves, kept, groups, decays, strict=True)):
        optimizer, matrix = group or without_state or node.name, ""
        if parted is not None:
            matrix = _axis_names(len(p.shape), axes[i])
            optimizer = optimizer if matrix else parted.inside[1].name
        rows.append(Row(path_name(path), p.shape, p.dtype, optimizer, decay, _bytes(mine), matrix))
    return Explanation(rows)


def _matrices(node: Any, shapes: Any) -> tuple[Any, list[Any]]:
    """The partition of the parameters into matrices and others, and the axes of each, wrappers looked into."""
    if isinstance(node, Matrices):
        return node, chosen(node, shapes)[0]
    found = (_matrices(child, shapes) for _, child in node.children)
    return next((x for x in found if x[0] is not None), (None, []))


def _axis_names(ndim: int, axes: tuple[int, int] | None) -> str:
    if axes is None:
        return ""
    output, input_ = (axis % ndim for axis in axes)
    return ", ".join("out" if i == output else "in" if i == input_ else "batch" for i in range(ndim))


def _is_known(node: Any) -> bool:
    """Whether all of it is this library's, wrappers looked into."""
    return node.is_known and all(_is_known(child) for _, child in node.children)


def _decays(node: Any, shapes: Any) -> list[bool]:
    """For each parameter, whether a piece decays it."""
    if isinstance(node, Piece):
        decay = node.arguments.get("weight_decay", 0) if "params" in node.definition.reads else 0
        return [callable(decay) or bool(jnp.any(decay != 0))] * len(jax.tree.leaves(shapes))
    inside = [_decays(child, shapes) for _, child in node.children] or [[False] * len(jax.tree.leaves(shapes))]
    if isinstance(node, Matrices):
        axes = chosen(node, shapes)[0]
        return [any(found[:1] if pair else found[1:]) for *found, pair in zip(*inside, axes, strict=True)]
    taken = chosen(node, shapes)[0] if isinstance(node, Masked) else [True] * len(inside[0])
    return [any(found) and takes for *found, takes in zip(*inside, taken, strict=True)]


def _reads_params(tx: optax.GradientTransformation, shapes: Any) -> Any:
    """For each leaf, whether its updates differ between θ = 1 and θ = −1."""
    tx = optax.with_extra_args_support(tx)

    @jax.jit
    def updates_at(theta: Any) -> Any:
        params = jax.tree.map(lambda p: jnp.full(p.shape, theta, p.dtype), shapes)
        zero = jax.tree.map(jnp.zeros_like, params)

        def body(state: Any, _: None) -> tuple[Any, Any]:
            updates, state = tx.update(zero, state, params)
            return state, updates

        return jax.lax.scan(body, tx.init(params), None, 8)[1]

    return jax.tree.map(lambda a, b: bool(jnp.any(a != b)), updates_at(1.0), updates_at(-1.0))


def _group(path: Sequence[Any]) -> str | None:
    """The group of `optax.partition` that a path goes through, the outermost."""
    return next((key_name(key) for before, key in itertools.pairwise(path) if key_name(before) == "inner_states"), None)


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
    if isinstance(node, optax.contrib.ReduceLROnPlateauState):
        name = ""  # it counts what is in its average
    elif isinstance(node, optax.ConditionallyTransformState):
        name = "step"
    inside = (*clock, path) if isinstance(node, _SKIPPING) or not _is_from(node, "optax", "optzoo_jax") else clock
    if isinstance(node, optax.MultiStepsState):
        name, clock = "gradient_step", inside
    elif _is_from(node, "optzoo_jax") and "step_count" in fields:
        name = "step_count"
    for value in jax.tree.leaves(getattr(node, name)) if name in fields else []:  # a tuple's own `count` is no field
        if jnp.issubdtype(jnp.result_type(value), jnp.integer):
            yield _Found((*path, jax.tree_util.GetAttrKey(name)), clock, value)
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


def _bytes(x: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(x))
