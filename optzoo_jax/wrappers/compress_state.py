"""A state in 8 or 16 bits an entry."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Range
from optzoo_jax.formats.compressed import FORMATS, Compressed
from optzoo_jax.formats.rounding import dither
from optzoo_jax.slots import check_slots, map_slots
from optzoo_jax.trees import hash_of, map_kind
from optzoo_jax.wrapper import Transformation, as_transformation
from optzoo_jax.wrappers.pack import Packed

MOMENTS = ("mu", "nu", "trace", "sum_of_squares")


class CompressedState(NamedTuple):
    """`inner_state`: the optimizer's, with `Compressed` in the place of arrays. `step_count`: of updates."""

    inner_state: Any
    step_count: Any


Format = Literal["bfloat16", "float8", "int8"]


@as_transformation(never_around={"compress_state": "the slots are compressed already: leave one out"})
def compress_state(
    inner: optax.GradientTransformation,
    format: Format = "int8",
    *,
    slots: Collection[str] | None = None,
    min_size: Annotated[int, Range("[1, ∞)", "the smallest array that is compressed", whole=True)] = 4096,
) -> Transformation:
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
      min_size: ≥ 1; arrays of fewer entries stay as they are, and so do complex ones and those that `pack` packed.

    Raises:
      TypeError: around another compress_state.
      ValueError: for an unknown format, a min_size below 1, and, at init, a named slot that does not exist.

    Reference: Dettmers, Lewis, Shleifer & Zettlemoyer, 2021, "8-bit optimizers via block-wise quantization",
    arXiv:2110.02861; there the levels are others, and rounding is to the nearest.
    """
    inner = optax.with_extra_args_support(inner)
    encode, decode, _ = FORMATS[format]
    names = MOMENTS if slots is None else slots

    def compressed(state: Any, step: Array) -> CompressedState:
        def stored(name: str, path: tuple, x: Any) -> Any:
            if name not in names or x.size < min_size or jnp.iscomplexobj(x):
                return x
            # By where it is in the state: arrays of one shape are not to be rounded alike.
            return encode(x, dither(x.shape, step, hash_of(path)))

        # What `pack` put together is small, array by array, and a block would have several of them.
        kept = map_kind(lambda old, new: new._replace(small=old.small), Packed, state, map_slots(stored, inner, state))
        return CompressedState(kept, step)

    def init(params: Any) -> CompressedState:
        state = inner.init(params)
        check_slots("slots", slots or (), inner, state)
        # Known zeros would be encoded by XLA's compiler, which takes it seconds a million.
        return compressed(jax.lax.optimization_barrier(state), jnp.zeros((), jnp.int32))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, CompressedState]:
        wide = map_kind(decode, Compressed, state.inner_state)
        new, wide = inner.update(updates, wide, params, **extra)
        return new, compressed(wide, jnp.asarray(optax.safe_increment(state.step_count)))

    return Transformation(init, update)
