"""Stochastic rounding: up or down at random, so that what is rounded away is not lost on average."""

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.arguments import Array

# 2³² over the golden ratio: the multiples of it, modulo 2³², fill the circle as evenly as those of any number do.
_GOLDEN = np.uint32(2654435769)


def dither(shape: tuple[int, ...], step: Array, salt: int) -> Array:
    """Uniform random bits, uint32: a function of where an entry is, of the step and of a salt.

    Entries are hashed, which fuses into the kernel that needs the bits; no key is kept. From step to step an entry's
    bits turn by the golden ratio. So an entry that is always moved by a hundredth of a level is rounded up once in a
    hundred steps, evenly, not by luck: after a thousand steps the errors sum to a few levels, where those of
    independent bits sum to thirty.

    Args:
      shape: of the array that is rounded.
      step: how many times it was rounded before.
      salt: what tells this array from others; two with one salt are rounded alike.
    """
    index = jnp.full(shape, salt % 2**32, jnp.uint32)
    for axis in range(len(shape)):
        # A hash an axis, not the index in the flattened array: that one would end at 2³² entries.
        index = _hash(index ^ jax.lax.broadcasted_iota(jnp.uint32, shape, axis))
    return index + step.astype(jnp.uint32) * _GOLDEN


def to_the_nearest(shape: tuple[int, ...]) -> Array:
    """Bits with which what rounds at random rounds to the nearest."""
    return jnp.full(shape, 2**31, jnp.uint32)


def _hash(x: Array) -> Array:
    """Wellons' lowbias32: every bit of x changes each bit of the result with a probability of one half."""
    x = (x ^ (x >> 16)) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * np.uint32(0x846CA68B)
    return x ^ (x >> 16)


def round_to_bfloat16(x: Array, bits: Array) -> Array:
    """x in float32, rounded stochastically to the numbers of bfloat16; still float32."""
    x = x.astype(jnp.float32)
    # A bfloat16 is the upper half of a float32; what carries over from the lower half rounds up. Beyond the largest
    # bfloat16 it would carry over to ∞.
    largest = jnp.finfo(jnp.bfloat16).max.astype(jnp.float32)
    whole = jax.lax.bitcast_convert_type(jnp.clip(x, -largest, largest), jnp.uint32)
    rounded = jax.lax.bitcast_convert_type((whole + (bits >> 16)) & np.uint32(0xFFFF0000), jnp.float32)
    return jnp.where(jnp.isfinite(x), rounded, x)
