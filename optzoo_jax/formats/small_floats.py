"""Floating-point numbers of a few bits, as integers that grow with the number."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array

_ONE, _MANTISSA = 127, 23  # the exponent of 1.0 in a float32, and the bits below the exponent


class SmallFloat(NamedTuple):
    """Numbers in [0, 1] as integers 0, 1, …, top, which is 1: 2^mantissa of them an octave, and evenly below the last.

    Attributes:
      mantissa: bits.
      top: an integer, or an array of them.
    """

    mantissa: int
    top: int | Array

    @property
    def _octave(self) -> int:
        return 1 << self.mantissa

    def _value(self, code: Array) -> Array:
        """The upper bits of a float32, which count its exponent and its mantissa, are the code but for a constant."""
        upper = code + (_ONE << self.mantissa) - self.top
        return jax.lax.bitcast_convert_type(upper << (_MANTISSA - self.mantissa), jnp.float32)

    def _smallest(self) -> Array:
        return self._value(jnp.full_like(self.top, self._octave, dtype=jnp.int32)) / self._octave

    def encode(self, a: Array, bits: Array) -> Array:
        """a in [0, 1], float32, rounded stochastically: an int32 array whose value is a on average."""
        dropped = _MANTISSA - self.mantissa
        upper = (jax.lax.bitcast_convert_type(a, jnp.uint32) + (bits >> (32 - dropped))) >> dropped
        code = upper.astype(jnp.int32) - (_ONE << self.mantissa) + self.top
        chance = (bits >> 8).astype(jnp.float32) * 2**-24
        return jnp.where(code < self._octave, jnp.floor(a / self._smallest() + chance).astype(jnp.int32), code)

    def decode(self, code: Array) -> Array:
        """The numbers, float32."""
        return jnp.where(code < self._octave, code.astype(jnp.float32) * self._smallest(), self._value(code))
