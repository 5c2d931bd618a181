"""An array in 8 or 16 bits an entry.

Eight bits are spent on a block's numbers relative to the largest of them, as Dettmers et al. do (2021, "8-bit
optimizers via block-wise quantization", arXiv:2110.02861), with other levels and with stochastic rounding.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array
from optzoo_jax.formats.blocks import extremes, spread
from optzoo_jax.formats.rounding import round_to_bfloat16
from optzoo_jax.formats.small_floats import SmallFloat
from optzoo_jax.precision import wide


class Compressed(NamedTuple):
    """What stands in a state in the place of a slot.

    Attributes:
      codes: the slot, shaped like the parameters. For each entry of a compressed array eight bits as an int8 or, of a
        float8, as a uint8 (NumPy's files have no float8); or a bfloat16. Other arrays are what they were.
      scale: for each array of eight bits, in the order of the tree, the largest magnitude of each of its blocks, with a
        minus sign where an entry is negative.
    """

    codes: Any
    scale: Any


class Format(NamedTuple):
    """`encode`: an array and random bits of its shape → codes, scale. `decode`: back, in at least float32."""

    encode: Callable[[Array, Array], tuple[Array, Array | None]]
    decode: Callable[[Array, Any], Array]
    codes: Any  # their dtype, which no other format has

    def compress(self, f: Callable[..., Any], *slots: Any) -> Compressed:
        """The slot with f(path, x, …) in the place of its arrays: a pair of codes and scale, or None to leave one."""
        paths, treedef = jax.tree_util.tree_flatten_with_path(slots[0])
        rest = [treedef.flatten_up_to(slot) for slot in slots[1:]]
        pairs = [f(path, x, *others) or (x, None) for (path, x), *others in zip(paths, *rest, strict=True)]
        scales = tuple(scale for _, scale in pairs if scale is not None)
        # What optax.tree.map_params puts in the place of a slot has no arrays, and stands for any number of them.
        return Compressed(treedef.unflatten([codes for codes, _ in pairs]), scales if paths else jnp.zeros(()))

    def decompress(self, slot: Compressed) -> Any:
        """The slot as it was before, but for what was rounded."""
        return jax.tree.unflatten(
            jax.tree.structure(slot.codes),
            [self.decode(codes, scale) if codes.dtype == self.codes else codes for _, codes, scale in each(slot)],
        )


def each(slot: Compressed) -> Iterator[tuple[Any, Any, Any]]:
    """The arrays of a slot: path, codes and scale, which is None where there is none."""
    arrays = jax.tree_util.tree_leaves_with_path(slot.codes)
    scales = iter(slot.scale if arrays else ())
    for path, codes in arrays:
        yield path, codes, next(scales) if codes.dtype in (jnp.int8, jnp.uint8) else None


def _encode_bfloat16(x: Array, bits: Array) -> tuple[Array, None]:
    return round_to_bfloat16(x, bits).astype(jnp.bfloat16), None


def _decode_bfloat16(codes: Array, scale: None) -> Array:
    return codes.astype(jnp.float32)


def _scaled(x: Array) -> tuple[Array, Array, Array]:
    """|x| over its block's largest, where a block has negative entries, and the scales."""
    high, low = extremes(x)
    scale = jnp.where(low < 0, -jnp.maximum(high, -low), high).astype(wide(x.dtype))
    everywhere = spread(scale, x.shape)
    largest = jnp.abs(everywhere)
    a = jnp.minimum(jnp.abs(x).astype(largest.dtype) / jnp.where(largest == 0, 1, largest), 1)
    return a.astype(jnp.float32), everywhere < 0, scale


def _sign_bit(x: Array) -> Array:
    return jnp.where(x < 0, 128, 0)


def _not_zero(code: Array, a: Array) -> Array:
    """What is not 0 stays so: a second moment in a denominator."""
    return jnp.where(a > 0, jnp.maximum(code, 1), code)


def _eight_bits(has_sign: Array) -> SmallFloat:
    """Eight levels an octave. Where there is no sign, its bit doubles the octaves, from 18 to 34.

    A second moment spans twice the octaves of a momentum, and needs them: what falls to the lowest level makes too
    small a step, and what falls to 0 a step of m/ε. Powers of k/127 as levels are either too few for what is small or
    too few for what is large: where the gradients of a block differ by 10⁵ in size, Adam's step is 0.75 of its length
    off with the second power, and with the fourth single entries are 7 times too large. Here it is 0.14 off, and no
    entry more than 1.4 times too large.
    """
    return SmallFloat(3, jnp.where(has_sign, 127, 255))


def _encode_int8(x: Array, bits: Array) -> tuple[Array, Array]:
    a, has_sign, scale = _scaled(x)
    code = _eight_bits(has_sign).encode(a, bits)
    code = jnp.where(has_sign, code + _sign_bit(x), _not_zero(code, a))
    return code.astype(jnp.int8), scale


def _decode_int8(codes: Array, scale: Array) -> Array:
    scale = spread(scale, codes.shape)
    code, has_sign = codes.astype(jnp.int32) & 255, scale < 0
    magnitude = _eight_bits(has_sign).decode(jnp.where(has_sign, code & 127, code)).astype(scale.dtype)
    # A negative scale is that of a block with signs.
    return magnitude * jnp.where(has_sign & (code < 128), -scale, scale)


_E5M2 = SmallFloat(2, 120)  # the bits of a float8_e5m2; 120 is 2¹⁵, which stands for 1


def _encode_float8(x: Array, bits: Array) -> tuple[Array, Array]:
    a, _, scale = _scaled(x)
    code = _not_zero(_E5M2.encode(a, bits), a) + _sign_bit(x)
    return code.astype(jnp.uint8), scale


def _decode_float8(codes: Array, scale: Array) -> Array:
    # Not by a conversion and 2⁻¹⁵: XLA multiplies that into the scale, and a small one becomes 0.
    code = codes.astype(jnp.int32)
    scale = spread(jnp.abs(scale), codes.shape)
    return _E5M2.decode(code & 127).astype(scale.dtype) * jnp.where(code < 128, scale, -scale)


# Those of eight bits first: an array that is bfloat16 may also be one that is not compressed.
FORMATS = {
    "int8": Format(_encode_int8, _decode_int8, jnp.int8),
    "float8": Format(_encode_float8, _decode_float8, jnp.uint8),
    "bfloat16": Format(_encode_bfloat16, _decode_bfloat16, jnp.bfloat16),
}


def format_of(slot: Compressed) -> Format:
    """The format in which a slot is compressed; where no array of it is, any."""
    found = [x.dtype for x in jax.tree.leaves(slot.codes)]
    return next((form for form in FORMATS.values() if form.codes in found), FORMATS["int8"])
