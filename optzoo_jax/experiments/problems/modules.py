"""A linear classifier of bags of words: a gradient is zero wherever no word of the batch points."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from optzoo_jax.experiments.data.stdlib_sources import LINES, PACKAGES, bags_of_words
from optzoo_jax.experiments.problems.problem import Problem


def make() -> Problem:
    """Multinomial logistic regression: logits are the sum of a row of w for every word."""
    data = bags_of_words()
    absent = int(max(split.x.max() for split in data))

    def init(key: jax.Array) -> Any:
        w = 0.01 * jax.random.normal(key, (absent, len(PACKAGES)), jnp.float32)
        return {"w": w, "b": jnp.zeros((len(PACKAGES),), jnp.float32)}

    def logits(params: Any, x: jax.Array) -> jax.Array:
        rows = params["w"].at[x].get(mode="fill", fill_value=0)
        return rows.sum(axis=-2) + params["b"][None, :]

    return Problem(
        data,
        init=init,
        outputs=logits,
        name="modules",
        title=f"which of {len(PACKAGES)} packages do {LINES} lines come from, {absent:,} words",
        steps=400,
        batch_size=32,
    )
