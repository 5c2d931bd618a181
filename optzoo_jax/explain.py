"""Who gets what, before any training: the optimizer of each parameter, its decay, its state, and its axes."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.composition import Masked, Matrices, Piece, composition_of
from optzoo_jax.formats.compressed import Compressed, each
from optzoo_jax.state import chosen
from optzoo_jax.trees import bytes_of, key_name, map_kind, of_kind, owner_of, path_name
from optzoo_jax.versions import PartitionState
from optzoo_jax.wrappers.pack import unpack_state


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
            optimizer = optimizer if matrix else next((x.name for x in parted.inside[1:]), optimizer)
        rows.append(Row(path_name(path), p.shape, p.dtype, optimizer, decay, bytes_of(mine), matrix))
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
        return [found[0] if pair else found[-1] for *found, pair in zip(*inside, axes, strict=True)]
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
