"""No finite gradient makes a NaN, in no dtype, then or later; an infinite one is seen; no average stops half-way."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.testing.subject import Subject, assert_finite

STEPS, N = 1030, 6


def _streams(dtype: Any) -> dict[str, np.ndarray]:
    """Streams that hurt, (STEPS, N) each."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(STEPS, N))
    late = np.arange(STEPS)[:, None]
    info = jnp.finfo(dtype)
    # Eight times the root of the largest number: its square overflows, a sum of a few dozen of it does not.
    small, large = float(info.tiny), 8 * float(info.max) ** 0.5
    mixed = np.clip(10.0 ** rng.uniform(-38, 15, size=(STEPS, N)), small, large)
    one_dead = noise.copy()
    one_dead[:, 2] = 0.0
    return {
        "all gradients zero": np.zeros((STEPS, N)),
        "gradients zero after others": np.where(late < 10, noise, 0.0),
        "gradients that begin after zeros": np.where(late < 10, 0.0, noise),
        "gradients zero after 1,000 others": np.where(late < 1000, noise, 0.0),
        "one coordinate always zero": one_dead,
        "magnitudes from 1e-38 to 1e15 mixed": noise * mixed,
        "one gradient whose square overflows": np.where(late == 5, large, 1.0) * noise.clip(-1, 1),
        "squares that overflow throughout": np.full((STEPS, N), large),
        "squares that underflow": np.full((STEPS, N), small),
        "constant": _equal(),
    }


def _equal() -> np.ndarray:
    return np.broadcast_to([1.0, -0.25, 2.0, 0.5, 4.0, 1.5], (STEPS, N))


def _run(subject: Subject, grads: Any, params: Any) -> tuple[Any, Any]:
    """The updates of a stream, and the last state. The parameters stand still."""

    def step(state: Any, g: Any) -> tuple[Any, Any]:
        updates, state = subject.update(g, state, params)
        return state, updates

    state, updates = jax.lax.scan(step, subject.tx.init(params), grads)
    return updates, state


def no_nan(subject: Subject) -> None:
    """Zeros, dead coordinates, tiny gradients and those whose squares overflow leave all finite, in 16 bits too."""
    for dtype in (jnp.float16, jnp.bfloat16, jnp.float32):
        streams = _streams(dtype)
        grads = jnp.stack([jnp.asarray(s).astype(dtype) for s in streams.values()])
        params = jnp.full((len(streams), N), 0.5, dtype)
        found = jax.jit(jax.vmap(functools.partial(_run, subject)))(grads, params)
        for i, case in enumerate(streams):
            assert_finite(jax.tree.map(lambda x, i=i: x[i], found), f"{case}, {jnp.dtype(dtype)}")


def no_average_stops(subject: Subject) -> None:
    """In bfloat16 the update after a thousand equal gradients is the float32 one: no average stops half-way."""

    def last(dtype: Any) -> np.ndarray:
        # At 0, where 16 bits tell the smallest steps apart, a wrapper that counts how far they led loses none.
        updates, _ = jax.jit(functools.partial(_run, subject))(jnp.asarray(_equal()).astype(dtype), jnp.zeros(N, dtype))
        return np.asarray(updates[-7:].astype(jnp.float32))

    found, expected = last(jnp.bfloat16), last(jnp.float32)
    assert np.all(np.abs(found - expected) <= 0.02 * np.abs(expected)), (
        f"after a thousand gradients of 1, -1/4, 2, … the update is {found[-1]} in bfloat16, {expected[-1]} in float32"
    )


def overflow_is_seen(subject: Subject) -> None:
    """An infinite gradient, which is what an overflow leaves, makes its coordinate NaN or infinite, in 16 bits too."""
    for dtype in (jnp.float16, jnp.bfloat16, jnp.float32):
        params = jnp.ones(N, dtype)
        state, seen = subject.tx.init(params), False
        for first in (jnp.inf, 0.1, 0.1):
            grads = jnp.full(N, 0.1, dtype).at[1].set(first)
            updates, state = subject.update(grads, state, params)
            seen |= not np.isfinite(np.asarray(updates[1], np.float32))
        assert seen, f"after a gradient of ∞ the update is {updates[1]}, {jnp.dtype(dtype)}"


def descends(subject: Subject) -> None:
    """100 steps on a parabola lower it."""
    h = jnp.asarray([0.5, 1.0, 2.0, 3.0, 4.0, 5.0], jnp.float32)

    def step(carry: Any, _: None) -> tuple[Any, Any]:
        p, state = carry
        updates, state = subject.update(h * p, state, p)
        return (p + updates, state), 0.5 * jnp.sum(h * p**2)

    start = jnp.ones(N, jnp.float32)
    losses = jax.jit(lambda p: jax.lax.scan(step, (p, subject.tx.init(p)), None, 100)[1])(start)
    assert float(losses[-1]) < float(losses[0]), f"the loss goes from {losses[0]} to {losses[-1]}"


LAWS = {
    "no NaN": no_nan,
    "no average stops": no_average_stops,
    "overflow is seen": overflow_is_seen,
    "descends": descends,
}
