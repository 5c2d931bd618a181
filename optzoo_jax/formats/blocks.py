"""Blocks of at most 256 neighbouring entries, each with one number for all."""

import math

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array

MOST = 256


def extents(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How far a block reaches along each axis: along the last as far as it may, then along the one before it.

    Where that is not the whole axis, it is a power of two that divides it, as far as it may or half of that, so that
    XLA:CPU finds the block of an entry without a division, in half the time; else blocks are equally long, but for the
    last. They keep the axes apart, so that an array of one number a block is sharded as the array itself.
    """
    room, found = MOST, []
    for length in reversed(shape):
        most = 1 << room.bit_length() - 1
        nearly = math.ceil(length / math.ceil(length / room))
        even = (b for b in (most, most // 2) if b and length % b == 0)
        found.append(length if length <= room else next(even, nearly))
        room = max(room // found[-1], 1)
    return tuple(reversed(found))


def extremes(x: Array) -> tuple[Array, Array]:
    """Of each block the largest number and the least, or 0 where that is more, or less."""
    return _extremes(x, extents(x.shape))


def _extremes(x: Array, blocks: tuple[int, ...]) -> tuple[Array, Array]:
    blocks = tuple(min(d, b) for d, b in zip(x.shape, blocks, strict=True))
    cut_off = [axis for axis, (d, b) in enumerate(zip(x.shape, blocks, strict=True)) if d % b]
    if cut_off:  # by itself, since XLA:CPU takes ten times as long where all are padded
        axis, whole = cut_off[0], x.shape[cut_off[0]] // blocks[cut_off[0]] * blocks[cut_off[0]]
        parts = [_extremes(part, blocks) for part in jnp.split(x, [whole], axis)]
        return tuple(jnp.concatenate(both, axis) for both in zip(*parts, strict=True))  # pyright: ignore[reportReturnType]
    zero = jnp.zeros((), x.dtype)
    for axis, b in reversed(list(enumerate(blocks))):  # one after the other, as explicit sharding demands
        x = x.reshape(*x.shape[:axis], -1, b, *x.shape[axis + 1 :])

    def wider(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
        return jnp.maximum(a[0], b[0]), jnp.minimum(a[1], b[1])

    # Both in one reduction: XLA:CPU hands a plain maximum to a library, for which it first stores x.
    return tuple(jax.lax.reduce((x, x), (zero, zero), wider, range(1, x.ndim, 2)))  # pyright: ignore[reportReturnType]


def spread(numbers: Array, shape: tuple[int, ...]) -> Array:
    """An array of that shape in which each entry has the number of its block."""
    for axis, b in enumerate(extents(shape)):  # not jnp.repeat, which asks for a sharding
        apart = (*numbers.shape[: axis + 1], b, *numbers.shape[axis + 1 :])
        kept = [i for i in range(len(apart)) if i != axis + 1]
        wide = jax.lax.broadcast_in_dim(numbers, apart, kept)
        numbers = wide.reshape(*numbers.shape[:axis], -1, *numbers.shape[axis + 1 :])
    return numbers[tuple(slice(d) for d in shape)]
