"""The parameters that optimizers are measured on: shapes, all float32."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Shapes = dict[str, jax.ShapeDtypeStruct]


def one_array(size: int) -> Shapes:
    """One array: memory traffic and nothing else."""
    return {"params": _shape(size)}


def gpt2(width: int = 768) -> Shapes:
    """The 148 arrays of GPT-2 small: 124,439,808 parameters, kernels as (input, output).

    Args:
      width: another than GPT-2's, which has the same arrays in smaller.
    """
    kernels = {"attention": (width, 3 * width), "out": (width, width), "up": (width, 4 * width)}
    kernels["down"] = (4 * width, width)
    layer = {
        **{f"{name} kernel": _shape(*sides) for name, sides in kernels.items()},
        **{f"{name} bias": _shape(sides[1]) for name, sides in kernels.items()},
        **{f"norm {i} {name}": _shape(width) for i in (1, 2) for name in ("scale", "bias")},
    }
    around = {"token embedding": _shape(50257, width), "position embedding": _shape(1024, width)}
    layers = {f"layer {i} {name}": shape for i in range(12) for name, shape in layer.items()}
    return {**around, **layers, "norm scale": _shape(width), "norm bias": _shape(width)}


def gpt2_of(size: int) -> Shapes:
    """Those of the width at which they are about as many parameters: 144·width² + 51,439·width of them."""
    return gpt2(max(1, round((math.sqrt(51_439**2 + 4 * 144 * size) - 51_439) / (2 * 144))))


def many_leaves(leaves: int) -> Shapes:
    """Small arrays of ten shapes, as the layers of a deep network repeat theirs: handing over, hardly any traffic."""
    return {f"layer {i // 10}, {i % 10}": _shape(8 + i % 10, 8) for i in range(leaves)}


TREES: dict[str, Callable[[int], Shapes]] = {
    "array": one_array,
    "gpt2": gpt2_of,
    "many": lambda size: many_leaves(max(1, min(1000, size // 100))),
}


def size_of(params: Any) -> int:
    """The number of parameters."""
    return sum(x.size for x in jax.tree.leaves(params))


def _shape(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)
