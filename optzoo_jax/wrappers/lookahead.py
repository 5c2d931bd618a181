"""Lookahead: an inner optimizer runs ahead, slow weights follow every k steps."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Numeric, Share, Steps
from optzoo_jax.card import card_of
from optzoo_jax.elementwise import inlined
from optzoo_jax.precision import narrow, wide_copy, widen, with_precision_of
from optzoo_jax.slots import fields_on
from optzoo_jax.wrapper import Transformation, as_transformation

InnerState = Literal["keep", "reset", "pullback"]


class LookaheadState(NamedTuple):
    """`fast_state`: the inner optimizer's. `slow`: φ. `cached`: the momentum at the last sync, for pull-back."""

    fast_state: Any
    steps_since_sync: Array
    slow: Any
    cached: Any


@card_of(kind="wrapper", calls={"optax": {}, "authors": {"sync_period": 5, "slow_step_size": 0.5}, "survey": {}})
@as_transformation(
    moves_parameters=True,
    never_around={
        "accumulate_gradients": "it counts steps, of which that skips some: accumulate_gradients(lookahead(…), k)"
    },
)
def lookahead(
    inner: optax.GradientTransformation,
    sync_period: Steps = 5,
    slow_step_size: Share = 0.5,
    *,
    inner_state: InnerState = "keep",
) -> Transformation:
    """Lookahead: every k-th step the weights return a share of the way to where they were k steps ago.

        θ ← inner step from θ
        every k-th step:   φ ← φ + a(θ − φ),   θ ← φ

    The parameters are the fast weights θ; the slow weights φ live in the state, created from the parameters at init,
    and are what to evaluate: `eval_params(state, params)`.

    Full name: Lookahead optimizer: k steps forward, 1 step back.

    Difference: slow weights follow the inner optimizer's, a share of the way every few steps.

    Args:
      inner: the optimizer that runs ahead, of this library or of optax.
      sync_period: k ≥ 1.
      slow_step_size: a in [0, 1].
      inner_state: what happens to the inner momentum (slots named mu or trace) at a sync: "keep"; "reset" to 0;
        "pullback": m ← a·m + (1−a)·m at the last sync, which is 0 before the first.

    Raises:
      ValueError: where update is called without params.

    No counterpart:
      reset_state: inner_state='reset' sets the momentum to 0; optax's resets the whole state.

    Departures: the survey calls a a learning rate; optax keeps both weights in the parameters, here they are plain.

    Reference: Zhang, Lucas, Hinton & Ba, 2019, "Lookahead optimizer: k steps forward, 1 step back",
    arXiv:1907.08610, Algorithm 1.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> LookaheadState:
        fast_state, cached = inner.init(params), None
        if inner_state == "pullback":
            cached = jax.tree.map(jnp.zeros_like, _momentum(_opened(fast_state)[0]))
        return LookaheadState(fast_state, jnp.zeros((), jnp.int32), jax.tree.map(wide_copy, params), cached)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, LookaheadState]:
        step, fast_state = inner.update(updates, state.fast_state, params, **extra)
        since = state.steps_since_sync + 1
        sync = since >= sync_period
        fasts, treedef = jax.tree.flatten(params)
        triples = zip(fasts, treedef.flatten_up_to(step), treedef.flatten_up_to(state.slow), strict=True)
        rows = [_weights(p, u, phi, sync, slow_step_size) for p, u, phi in triples]
        new, slow = (treedef.unflatten([row[i] for row in rows]) for i in range(2))
        parts, whole = _opened(fast_state)
        momentum, cached = _momentum(parts), state.cached
        if inner_state == "reset":
            momentum = jax.tree.map(lambda m: jnp.where(sync, jnp.zeros_like(m), m), momentum)
        elif inner_state == "pullback":
            momentum = jax.tree.map(
                lambda m, old: jnp.where(sync, _on_the_way(old, m, slow_step_size), m), momentum, cached
            )
            cached = jax.tree.map(lambda m, old: jnp.where(sync, m, old), momentum, cached)
        rest = iter(momentum)
        fast_state = whole.unflatten(next(rest) if _is_momentum(path, part) else part for path, part in parts)
        return new, LookaheadState(fast_state, jnp.where(sync, 0, since), slow, cached)

    return Transformation(init, update)


@jax.jit
@inlined
def _weights(p: Array, u: Array, phi: Array, sync: Array, a: Numeric) -> tuple[Array, Array]:
    """The update, and the slow weights after it."""
    theta, step = widen(p), widen(u)
    pulled = jnp.where(sync, _on_the_way(phi, theta + step, a) - theta, step)
    # At a sync both weights are θ + the update. Said so, it is what the caller computes to apply the update, and
    # XLA:CPU sees that φ is read before it is overwritten; otherwise it stores the inner update for the two of them.
    return narrow(pulled, u), jnp.where(sync, theta + pulled, phi)


def _on_the_way(start: Array, end: Array, share: Numeric) -> Array:
    return start + with_precision_of(jnp.asarray(share), start.dtype) * (end - start)


def _opened(state: Any) -> tuple[list[tuple[tuple, Any]], Any]:
    """A state down to its arrays, the slots of momentum as a whole, each with its path; and how it was put together."""
    return jax.tree_util.tree_flatten_with_path(state, is_leaf=_is_momentum, is_leaf_takes_path=True)


def _momentum(parts: list[tuple[tuple, Any]]) -> list[Any]:
    return [part for path, part in parts if _is_momentum(path, part)]


def _is_momentum(path: tuple, _: Any) -> bool:
    return not fields_on(path).isdisjoint(("mu", "trace"))
