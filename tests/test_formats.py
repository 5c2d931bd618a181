"""Fewer bits: the levels, the blocks, and rounding that loses nothing on average."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optzoo_jax.formats.blocks import MOST, extents, extremes, spread
from optzoo_jax.formats.compressed import FORMATS
from optzoo_jax.formats.rounding import dither

STEP = jnp.int32(5)
# Format → how far an entry may be from its level; how small it may be, relative to the largest in its block, with
# negative entries in the block and without.
PROMISED = {"bfloat16": (2**-7, 0.0, 0.0), "float8": (2**-2, 2**-29, 2**-29), "int8": (2**-3, 2**-14, 2**-30)}
each_format = pytest.mark.parametrize("name", FORMATS)


@functools.partial(jax.jit, static_argnums=0)
def _there_and_back(name, x, step):
    form = FORMATS[name]
    return form.decode(*form.encode(x, dither(x.shape, step, 1)))


def there_and_back(name, x, step=STEP):
    return np.asarray(_there_and_back(name, jnp.asarray(x), step))


def spanning(octaves, size=4096):
    """Numbers in (0, 1] evenly on a logarithmic scale, 1 in every block."""
    x = 2.0 ** np.random.default_rng(0).uniform(-octaves, 0, size)
    x[:: MOST // 2] = 1
    return np.float32(x)


def as_numbers(bits):
    return np.asarray(bits, np.float64) / 2**32


def test_bits_are_uniform_and_neighbours_know_nothing_of_each_other():
    u = as_numbers(dither((512, 512), STEP, 1))
    n = u.size
    assert abs(u.mean() - 0.5) < 4 * np.sqrt(1 / 12 / n)
    assert abs(u.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / n)
    others = [u[1:], u[:, 1:], u.T, as_numbers(dither((512, 512), STEP, 2))]
    for other in others:
        v = u[: other.shape[0], : other.shape[1]]
        assert abs(np.corrcoef(v.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(v.size) + 2 / 512


def test_from_step_to_step_the_bits_of_an_entry_fill_the_circle_evenly():
    steps = jnp.arange(1000, dtype=jnp.int32)
    u = as_numbers(jax.vmap(lambda t: dither((16,), t, 1))(steps))
    gaps = np.diff(np.sort(u, axis=0), axis=0)
    assert gaps.max() < 3e-3  # of 1,000 independent numbers the largest gap is about 7e-3
    assert gaps.min() > 3e-4


@each_format
def test_rounding_is_right_on_average_and_soon(name):
    """After n steps the errors have summed to a few levels; those of independent rounding would to √n."""
    level, signed, _ = PROMISED[name]
    steps = 1000
    sign = np.random.default_rng(1).choice([-1, 1], 4096)
    lowest = signed or 2**-14
    x = np.float32(sign * spanning(2 - np.log2(lowest)))
    mean = jax.jit(lambda x: jax.lax.map(lambda t: _there_and_back(name, x, t), jnp.arange(steps)).mean(0))(x)
    between_levels = level * np.maximum(np.abs(x), lowest)
    assert np.all(np.abs(mean - x) < 5 * between_levels / steps + 1e-5 * np.abs(x))


@each_format
@pytest.mark.parametrize("sign", [False, True])
def test_every_number_is_near_its_level(name, sign):
    level, signed, unsigned = PROMISED[name]
    x = spanning(-np.log2((signed if sign else unsigned) or 2**-30))
    if sign:
        x[1::2] *= -1
        x[: x.size // 2] *= -1
    y = there_and_back(name, x)
    assert np.max(np.abs(y / x - 1)) < level
    np.testing.assert_array_equal(y[:: MOST // 2], x[:: MOST // 2], "the largest of a block is exact")
    np.testing.assert_array_equal(there_and_back(name, y, STEP + 1), y, "a level is kept")


@each_format
def test_zero_stays_zero_and_nothing_else_of_a_second_moment_becomes_it(name):
    x = np.float32([0, 1e-30, 1e-12, 1] * 64)
    y = there_and_back(name, x)
    np.testing.assert_array_equal(y == 0, x == 0)
    np.testing.assert_array_equal(there_and_back(name, 0 * x), 0)
    np.testing.assert_array_equal(there_and_back(name, np.full_like(x, 1e-36)) > 0, True)


@each_format
def test_the_largest_float32_stays_finite_and_what_is_not_finite_stays_so(name):
    largest = np.finfo(np.float32).max
    for sign in (1, -1):
        y = there_and_back(name, np.full(512, sign * largest))
        np.testing.assert_allclose(y, sign * largest, rtol=2**-7)
    for spoilt in (np.nan, np.inf):
        x = np.ones(512, np.float32)
        x[3] = spoilt
        y = there_and_back(name, x)
        assert not np.isfinite(y[3])
        np.testing.assert_array_equal(y[256:], 1, "the other block is whole")


def test_codes_of_float8_are_what_they_say():
    x = jnp.asarray(np.float32([1, -0.5, 0.25, 2**-30] * 64))
    codes = FORMATS["float8"].encode(x, dither(x.shape, STEP, 1))[0]
    np.testing.assert_array_equal(codes.view(jnp.float8_e5m2).astype(jnp.float32), x * 2**15)


def test_a_float64_array_comes_back_in_its_precision():
    y = there_and_back("int8", np.full(256, np.pi))
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, np.pi)


SHAPES = {
    (5,): (5,), (1000,): (250,), (257,): (129,), (64, 1024): (1, 256), (1000, 100): (2, 100), (384,): (128,),
    (3, 3, 64, 128): (1, 1, 2, 128), (3, 3, 63, 128): (1, 1, 1, 128), (300, 7, 5): (4, 7, 5),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_are_boxes_of_neighbours(shape):
    box = extents(shape)
    assert box == SHAPES[shape]
    x = np.random.default_rng(0).normal(size=shape)
    high, low = (np.asarray(spread(m, shape)) for m in extremes(jnp.asarray(x)))
    for place in [tuple(np.random.default_rng(i).integers(d) for d in shape) for i in range(10)]:
        block = x[tuple(slice(i // b * b, i // b * b + b) for i, b in zip(place, box, strict=True))]
        assert high[place] == max(block.max(), 0)
        assert low[place] == min(block.min(), 0)
