"""The parameters that optimizers are measured on: shapes, all float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Shapes = dict[str, jax.ShapeDtypeStruct]


def one_array(size: int) -> Shapes:
    """One array: memory traffic and nothing else."""
    return {"params": _shape(size)}


def transformer(size: int) -> Shapes:
    """150 arrays of twelve layers: matrices, and the vectors between them.

    Args:
      size: about as many parameters in all, most of them in 12 layers of 12·width² each.
    """
    width = max(1, round((size / 144) ** 0.5))
    layer = {
        **{f"{name} kernel": _shape(width, width) for name in ("query", "key", "value", "out")},
        "up kernel": _shape(width, 4 * width),
        "down kernel": _shape(4 * width, width),
        "up bias": _shape(4 * width),
        "down bias": _shape(width),
        **{f"norm {i} {name}": _shape(width) for i in (1, 2) for name in ("scale", "bias")},
    }
    around = {f"{name} embedding": _shape(256, width) for name in ("token", "position")}
    head = {"norm scale": _shape(width), "norm bias": _shape(width), "head kernel": _shape(width, 256)}
    layers = {f"layer {i} {name}": shape for i in range(12) for name, shape in layer.items()}
    return {**around, **layers, **head, "head bias": _shape(256)}


def gpt2() -> Shapes:
    """The 148 arrays of GPT-2 small: 124,439,808 parameters, kernels as (input, output)."""
    width = 768
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


def tiny(size: int) -> Shapes:
    """Arrays of 64 parameters, at most 2,000 of them: handing over of buffers, and hardly any traffic."""
    return {f"leaf {i}": _shape(64) for i in range(min(2000, max(1, size // 64)))}


TREES: dict[str, Callable[[int], Shapes]] = {"array": one_array, "transformer": transformer, "tiny": tiny}


def many_leaves(leaves: int) -> Shapes:
    """Parameters of ten shapes, as the layers of a deep network repeat theirs: to compile for."""
    return {f"layer {i // 10}, {i % 10}": _shape(8 + i % 10, 8) for i in range(leaves)}


def size_of(params: Any) -> int:
    """The number of parameters."""
    return sum(x.size for x in jax.tree.leaves(params))


def _shape(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)
