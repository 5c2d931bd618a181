"""A state in 8 or 16 bits an entry."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Range, validated
from optzoo_jax.formats.compressed import FORMATS, Compressed
from optzoo_jax.formats.rounding import dither
from optzoo_jax.slots import are_slots, check_slots, fields_on
from optzoo_jax.trees import hash_of
from optzoo_jax.wrapper import Wrapper, wrapped

MOMENTS = ("mu", "nu", "trace", "sum_of_squares")


class CompressedState(NamedTuple):
    """`inner_state`: the optimizer's, with `Compressed` in the place of arrays. `step_count`: of updates."""

    inner_state: Any
    step_count: Any


Format = Literal["bfloat16", "float8", "int8"]


@validated
def compress_state(
    inner: optax.GradientTransformation,
    format: Format = "int8",
    *,
    slots: Collection[str] | None = None,
    min_size: Annotated[int, Range("[1, ∞)", "the smallest array that is compressed", whole=True)] = 4096,
) -> optax.GradientTransformationExtraArgs:
    """Keeps an optimizer's moments in 8 or 16 bits an entry: Adam takes 2.03 or 4 bytes a parameter rather than 8.

    Stream: gradient [g] → update [θ].

    A step decodes the moments, runs the optimizer in float32 and encodes them again, rounding stochastically: to the
    nearest number, a second moment would stop moving, since its last step, (1−β₂)(g² − v), is smaller than half of
    what separates two numbers.

        format       bits  levels an octave  relative to
        "bfloat16"   16    128               1
        "float8"      8    4                 the largest of a block of at most 256 neighbours
        "int8"        8    8                 the largest of a block of at most 256 neighbours

    A compressed slot keeps its name: `optax.tree.get(state, "nu")` is a tree with `Compressed(codes, scale)` for each
    array, codes shaped like the parameter. (`optax.tree.map_params(…, is_leaf=lambda x: isinstance(x, Compressed))`.)

    Args:
      inner: any transformation.
      format: one of the above; "int8" is as large as "float8" and more exact, "float8" is a dtype of the hardware.
      slots: names of the slots to compress, by default averages and sums of gradients and of their squares: mu, nu,
        trace and sum_of_squares. Not meant for copies of parameters, such as Lookahead's slow weights, nor for a
        running maximum, which remembers whenever it was rounded up.
      min_size: ≥ 1; arrays of fewer entries stay as they are, and so do complex ones.

    Raises:
      ValueError: for an unknown format, a min_size below 1, and, at init, a named slot that does not exist.

    Reference: Dettmers, Lewis, Shleifer & Zettlemoyer, 2021, "8-bit optimizers via block-wise quantization",
    arXiv:2110.02861; there the levels are others, and rounding is to the nearest.
    """
    return wrapped(inner, "compress_state", _begin, _step, format=format, slots=slots, min_size=min_size)


def _begin(w: Wrapper, params: Any) -> CompressedState:
    state = w.tx.init(params)
    check_slots("slots", w["slots"] or (), state)
    step = jnp.zeros((), jnp.int32)
    # Known zeros would be encoded by XLA's compiler, which takes it seconds a million.
    return CompressedState(_compressed(w, jax.lax.optimization_barrier(state), step), step)


def _step(w: Wrapper, updates: Any, state: Any, params: Any, **extra: Any) -> tuple[Any, CompressedState]:
    decode = FORMATS[w["format"]].decode
    wide = jax.tree.map(lambda x: decode(x) if _is_compressed(x) else x, state.inner_state, is_leaf=_is_compressed)
    new, wide = w.tx.update(updates, wide, params, **extra)
    step = jnp.asarray(optax.safe_increment(state.step_count))
    return new, CompressedState(_compressed(w, wide, step), step)


def _compressed(w: Wrapper, state: Any, step: Array) -> Any:
    """The inner state, as it is kept."""
    names = MOMENTS if w["slots"] is None else w["slots"]

    def stored(path: tuple, x: Any, is_slot: bool) -> Any:
        is_chosen = is_slot and not fields_on(path).isdisjoint(names)
        if not is_chosen or x.size < w["min_size"] or jnp.iscomplexobj(x):
            return x
        # By where it is in the state: arrays of one shape are not to be rounded alike.
        return FORMATS[w["format"]].encode(x, dither(x.shape, step, hash_of(path)))

    return jax.tree_util.tree_map_with_path(stored, state, are_slots(w.tx, state))


def _is_compressed(x: Any) -> bool:
    return isinstance(x, Compressed)
