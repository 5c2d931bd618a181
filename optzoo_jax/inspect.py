"""Questions about a state, whatever it is nested in: which step, which learning rate, whose parameters, how large."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array
from optzoo_jax.composition import composition_of
from optzoo_jax.formats.compressed import Compressed
from optzoo_jax.precision import narrow, widen
from optzoo_jax.trees import of_kind
from optzoo_jax.wrappers.lookahead import LookaheadState
from optzoo_jax.wrappers.pack import unpack_state


def step(state: Any) -> Array:
    """How many updates were made, an int32 scalar.

    Under `optax.MultiSteps` an update is what reaches the parameters, not a mini-batch.

    Args:
      state: of any optimizer of this library, or of optax's that count, in any nesting.

    Raises:
      ValueError: where nothing in the state counts.
    """
    for name in ("gradient_step", "count", "step_count"):
        counters = [x for _, x in _scalars(name, state)]
        if counters:
            return functools.reduce(jnp.maximum, counters)
    raise ValueError(
        "nothing in this state counts its updates (optax.sgd with a constant rate does not): use this library's "
        "optimizers, or put optax.scale_by_schedule into the chain."
    )


def current_learning_rate(state: Any) -> Array:
    """The learning rate of the last update (before it, that of the first), a float scalar.

    Args:
      state: of an optimizer of this library in any nesting, or of `optax.inject_hyperparams`.

    Raises:
      ValueError: where no learning rate is in the state, or several are, as under `optax.partition`.
    """
    found = _scalars("learning_rate", state)
    # Where inject_hyperparams stands around one of ours, the inner record is as wide as it is used.
    ours = [(path, x) for path, x in found if isinstance(path[-1], jax.tree_util.GetAttrKey)] or found
    if len(ours) == 1:
        return ours[0][1]
    if ours:
        names = ", ".join(jax.tree_util.keystr(path) for path, _ in ours)
        raise ValueError(f"this state has {len(ours)} learning rates, at {names}: pass the part that you mean.")
    raise ValueError(
        "no learning rate is in this state: use this library's optimizers, whose states record it, or "
        "optax.inject_hyperparams."
    )


def eval_params(state: Any, params: Any) -> Any:
    """The parameters to evaluate: Lookahead's slow ones, schedule-free's average, else those that are trained.

    Args:
      state: an optimizer's state, any nesting of chains and wrappers; a wrapper that holds some parameters only
        (`optax.partition`, `optax.masked`) answers for those.
      params: the parameters that it trains; the result has their dtypes.
    """
    for found in of_kind((LookaheadState, optax.contrib.ScheduleFreeState), state):
        if isinstance(found, LookaheadState):
            params = jax.tree.map(
                lambda d, p: p if _is_masked(d) else narrow(widen(p) - d, p), found.ahead, params, is_leaf=_is_masked
            )
        else:
            params = optax.contrib.schedule_free_eval_params(found, params)
    return params


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
    """

    path: str
    shape: tuple[int, ...]
    dtype: Any
    optimizer: str
    decay: bool
    state_bytes: int


class Explanation(tuple[Row, ...]):
    """Rows that print as a table."""

    def __str__(self) -> str:
        rows = [("parameter", "shape", "dtype", "optimizer", "decay", "state bytes")]
        for r in self:
            decay, size = "yes" if r.decay else "no", f"{r.state_bytes:,}"
            rows.append((r.path, str(r.shape), str(r.dtype), r.optimizer, decay, size))
        rows.append(("total", "", "", "", "", f"{sum(r.state_bytes for r in self):,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        cells = ([*map(str.ljust, words, widths), number.rjust(widths[-1])] for *words, number in rows)
        return "\n".join(map("  ".join, cells))


def explain(tx: optax.GradientTransformation, params: Any) -> Explanation:
    """Who gets what, before any training: `print(explain(tx, params))`.

    Decay is found by trial, so that it is also seen in transformations from elsewhere and under any mask: eight steps
    from gradients of zero, at θ = 1 and at θ = −1, whose updates differ only where θ itself is read.

    Args:
      tx: any transformation.
      params: arrays or `jax.ShapeDtypeStruct`s.
    """
    shapes = jax.eval_shape(lambda p: p, params)
    state = jax.eval_shape(lambda p: unpack_state(tx.init(p), p), shapes)
    leaves = jax.tree_util.tree_leaves_with_path(shapes)
    kept: list[list[Any]] = [[] for _ in leaves]
    groups: list[str | None] = [None] * len(leaves)
    for path, x in jax.tree_util.tree_leaves_with_path(state, is_leaf=lambda x: isinstance(x, Compressed)):
        owner = _owner(path, x, leaves)
        if owner is not None:
            kept[owner].append(x)
            groups[owner] = groups[owner] or _group(path)
    known = [str(label) for partition in of_kind(optax.PartitionState, state) for label in partition.inner_states]
    without_state = " or ".join(label for label in known if label not in groups)
    rows = []
    for (path, p), mine, group, decay in zip(
        leaves, kept, groups, jax.tree.leaves(_reads_params(tx, shapes)), strict=True
    ):
        optimizer = group or without_state or composition_of(tx).name
        rows.append(Row(path_name(path), p.shape, p.dtype, optimizer, decay, _bytes(mine)))
    return Explanation(rows)


def path_name(path: Sequence[Any]) -> str:
    """A key path in one language: the keys joined by "/", without the `.value` in which nnx ends its paths."""
    names = [_name(key) for key in path]
    return "/".join(names[:-1] if len(names) > 1 and names[-1] == "value" else names)


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


def _owner(path: Sequence[Any], x: Any, leaves: list[tuple[Any, Any]]) -> int | None:
    """The parameter that a state array is kept for: the one whose path its path ends in."""
    ends = [i for i, (end, p) in enumerate(leaves) if p.shape == x.shape and path[len(path) - len(end) :] == end]
    return max(ends, key=lambda i: len(leaves[i][0]), default=None)


def _group(path: Sequence[Any]) -> str | None:
    """The group of `optax.partition` that a path goes through, the outermost."""
    return next((_name(key) for before, key in itertools.pairwise(path) if _name(before) == "inner_states"), None)


def _scalars(name: str, state: Any) -> list[tuple[Any, Any]]:
    """The numbers of that name in a state, each with its path."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return [(path, x) for path, x in leaves if path and _name(path[-1]) == name and jnp.ndim(x) == 0]


def _name(key: Any) -> str:
    return str(next(getattr(key, kind) for kind in ("name", "key", "idx") if hasattr(key, kind)))


def _bytes(x: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(x))


def _is_masked(x: Any) -> bool:
    return isinstance(x, optax.MaskedNode)
