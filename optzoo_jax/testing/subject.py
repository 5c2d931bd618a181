"""What is under test, and the small problems that it is tested on."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A transformation with what its updates are called with; what it compiled is kept from law to law."""

    tx: optax.GradientTransformationExtraArgs
    extra: dict[str, Any]
    degree: float

    @classmethod
    def of(cls, tx: optax.GradientTransformation, extra: Mapping[str, Any], degree: float = 0) -> Subject:
        """Any transformation, any update arguments allowed."""
        return cls(optax.with_extra_args_support(tx), dict(extra), degree)

    @functools.cached_property
    def run(self) -> Any:
        """(parameters, gradients stacked over steps) → (updates stacked over steps, the last state), compiled."""
        return jax.jit(lambda params, grads: scan(self.tx, params, grads, self.extra))

    @functools.cached_property
    def shapes(self) -> dict[Any, tuple[Any, Any, Any]]:
        """dtype → the shapes of the first state, the second, and the update between them; traced.

        Without complex dtypes, where the method refuses complex numbers.
        """

        def step(params: Any) -> Any:
            state = self.tx.init(params)
            updates, new = self.update(params, state, params)
            return state, new, updates

        found = {}
        for dtype in dtypes():
            try:
                found[jnp.dtype(dtype)] = jax.eval_shape(step, tree(dtype))
            except TypeError as error:  # what takes signs has none of complex numbers, and says so
                if not (jnp.issubdtype(dtype, jnp.complexfloating) and "complex" in str(error)):
                    raise
        return found

    def update(self, updates: Any, state: Any, params: Any) -> tuple[Any, Any]:
        """One update."""
        return self.tx.update(updates, state, params, **self.extra)


def scan(tx: Any, params: Any, grads: Any, extra: dict[str, Any]) -> tuple[Any, Any]:
    """The updates of a stream of gradients, and the last state; the parameters move."""

    def step(carry: Any, g: Any) -> tuple[Any, Any]:
        params, state = carry
        updates, state = tx.update(g, state, params, **extra)
        return (optax.apply_updates(params, updates), state), updates

    (_, state), updates = jax.lax.scan(step, (params, tx.init(params)), grads)
    return updates, state


def tree(dtype: Any, seed: int = 0) -> dict[str, Any]:
    """Parameters of several shapes: a matrix, a vector, a scalar, an empty array, and no array."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> jax.Array:
        x = rng.normal(size=shape)
        if jnp.issubdtype(dtype, jnp.complexfloating):
            x = x + 1j * rng.normal(size=shape)
        return jnp.asarray(x).astype(dtype)

    return {"w": draw(2, 3), "b": draw(3), "s": draw(), "empty": draw(0, 3), "none": None}


def stream(dtype: Any, steps: int, seed: int = 1) -> Any:
    """Gradients for `tree`, stacked over steps."""
    trees = [tree(dtype, seed + i) for i in range(steps)]
    return jax.tree.map(lambda *xs: jnp.stack(xs), *trees)


def dtypes() -> list[Any]:
    """The dtypes that an optimizer meets; 64 bits where JAX has them turned on."""
    wide = [jnp.float64, jnp.complex128] if jax.config.jax_enable_x64 else []  # pyright: ignore[reportAttributeAccessIssue]
    return [jnp.float16, jnp.bfloat16, jnp.float32, jnp.complex64, *wide]


def assert_finite(what: Any, case: str) -> None:
    """No NaN and no inf, else an error that says in which case and where."""
    for path, x in jax.tree_util.tree_leaves_with_path(what):
        if jnp.issubdtype(x.dtype, jnp.inexact) and not bool(jnp.all(jnp.isfinite(x))):
            raise AssertionError(f"{case}: {jax.tree_util.keystr(path)} is {np.asarray(x).ravel()[:6]}")


def assert_equal(found: Any, expected: Any, case: str, rtol: float = 0.0) -> None:
    """Equal in structure, and to rtol of the largest value of each leaf."""
    if jax.tree.structure(found) != jax.tree.structure(expected):
        raise AssertionError(f"{case}: the structure is\n{jax.tree.structure(found)}, and should be\n"
                             f"{jax.tree.structure(expected)}")  # fmt: skip
    for (path, x), y in zip(jax.tree_util.tree_leaves_with_path(found), jax.tree.leaves(expected), strict=True):
        x, y = np.asarray(x), np.asarray(y)
        if x.size and not np.max(np.abs(x - y)) <= rtol * np.max(np.abs(y)):
            raise AssertionError(
                f"{case}: {jax.tree_util.keystr(path)} is {x.ravel()[:4]}, and should be {y.ravel()[:4]}"
            )
