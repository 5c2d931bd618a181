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
from optzoo_jax.slots import Part, check_slots, opened
from optzoo_jax.trees import hash_of, key_name, map_kind
from optzoo_jax.wrapper import Transformation, as_transformation
from optzoo_jax.wrappers.pack import Packed

MOMENTS = ("mu", "nu", "trace", "sum_of_squares")


class CompressedState(NamedTuple):
    """`inner_state`: the optimizer's, with `Compressed` in the place of slots. `step_count`: of updates."""

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

    A compressed slot keeps its name: `optax.tree.get(state, "nu")` is `Compressed(codes, scale)`, a tree shaped like
    the parameters, which `optax.tree.map_params` finds, and the scales of the arrays in it that are compressed.

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
    form = FORMATS[format]
    names = MOMENTS if slots is None else slots

    def compressed(state: Any, step: Array) -> CompressedState:
        def stored(part: Part) -> Any:
            def one(end: tuple, x: Any) -> Any:
                # What `pack` put together is small, array by array, and a block would have several of them.
                packed = isinstance(part.value, Packed) and key_name(end[0]) == "small"
                if packed or x.size < min_size or not jnp.issubdtype(x.dtype, jnp.floating):
                    return None
                # By where it is in the state: arrays of one shape are not to be rounded alike.
                return form.encode(x, dither(x.shape, step, hash_of((*part.path, *end))))

            return form.compress(one, part.value) if part.name in names else part.value

        parts, treedef = opened(inner, state)
        return CompressedState(treedef.unflatten(map(stored, parts)), step)

    def init(params: Any) -> CompressedState:
        state = inner.init(params)
        check_slots("slots", slots or (), inner, state)
        # Known zeros would be encoded by XLA's compiler, which takes it seconds a million.
        return compressed(jax.lax.optimization_barrier(state), jnp.zeros((), jnp.int32))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, CompressedState]:
        wide = map_kind(form.decompress, Compressed, state.inner_state)
        new, wide = inner.update(updates, wide, params, **extra)
        return new, compressed(wide, jnp.asarray(optax.safe_increment(state.step_count)))

    return Transformation(init, update)
