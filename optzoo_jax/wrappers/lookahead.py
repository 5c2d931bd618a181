"""Lookahead: an inner optimizer runs ahead, slow weights follow every k steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import check_choice
from optzoo_jax.card import card_of
from optzoo_jax.leafwise import once_a_shape
from optzoo_jax.precision import narrow, wide_copy, widen
from optzoo_jax.transformation import Array, Numeric, Transformation, around

_MOMENTUM_SLOTS = ("mu", "trace")


class LookaheadState(NamedTuple):
    """`fast_state`: the inner optimizer's. `slow`: φ. `cached`: the momentum at the last sync, for pull-back."""

    fast_state: Any
    steps_since_sync: Array
    slow: Any
    cached: Any


@card_of(
    full_name="Lookahead optimizer: k steps forward, 1 step back",
    year=2019,
    kind="wrapper",
    difference="slow weights follow the inner optimizer's, a share of the way every few steps",
    calls={"optax": {}, "authors": {"sync_period": 5, "slow_step_size": 0.5}, "survey": {}},
    no_counterpart={"reset_state": "inner_state='reset' sets the momentum to 0; optax's resets the whole state"},
)
def lookahead(
    inner: optax.GradientTransformation,
    sync_period: int = 5,
    slow_step_size: Numeric = 0.5,
    *,
    inner_state: Literal["keep", "reset", "pullback"] = "keep",
) -> Transformation:
    """Lookahead: every k-th step the weights return a share of the way to where they were k steps ago.

        θ ← inner step from θ
        every k-th step:   φ ← φ + a(θ − φ),   θ ← φ

    The parameters are the fast weights θ; the slow weights φ live in the state, created from the parameters at init,
    and are what to evaluate: `eval_params(state, params)`.

    Args:
      inner: the optimizer that runs ahead, of this library or of optax.
      sync_period: k ≥ 1.
      slow_step_size: a in [0, 1].
      inner_state: what happens to the inner momentum (slots named mu or trace) at a sync: "keep"; "reset" to 0;
        "pullback": m ← a·m + (1−a)·m at the last sync, which is 0 before the first.

    Raises:
      ValueError: where update is called without params.

    Departures: the survey calls a a learning rate; optax keeps both weights in the parameters, here they are plain.

    Reference: Zhang, Lucas, Hinton & Ba, 2019, "Lookahead optimizer: k steps forward, 1 step back",
    arXiv:1907.08610, Algorithm 1.
    """
    check_choice("lookahead", "inner_state", inner_state, ["keep", "reset", "pullback"])
    fast = optax.with_extra_args_support(inner)

    def init(params: Any) -> LookaheadState:
        fast_state = fast.init(params)
        cached = _momentum(fast_state) if inner_state == "pullback" else None
        slow = jax.tree.map(wide_copy, params)
        return LookaheadState(fast_state, jnp.zeros((), jnp.int32), slow, jax.tree.map(jnp.zeros_like, cached))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, LookaheadState]:
        if params is None:
            raise ValueError("lookahead pulls the parameters back: call update(gradients, state, params), with params.")
        step, fast_state = fast.update(updates, state.fast_state, params, **extra)
        since = state.steps_since_sync + 1
        sync = since >= sync_period
        fasts, treedef = jax.tree.flatten(params)
        triples = zip(fasts, treedef.flatten_up_to(step), treedef.flatten_up_to(state.slow), strict=True)
        rows = [_weights(p, u, phi, sync, slow_step_size) for p, u, phi in triples]
        new, slow = (treedef.unflatten([row[i] for row in rows]) for i in range(2))
        cached = state.cached
        if inner_state == "reset":
            reset = jax.tree.map(lambda m: jnp.where(sync, jnp.zeros_like(m), m), _momentum(fast_state))
            fast_state = _with_momentum(fast_state, reset)
        elif inner_state == "pullback":
            mixed = jax.tree.map(
                lambda m, old: jnp.where(sync, old + _as(slow_step_size, m) * (m - old), m),
                _momentum(fast_state),
                cached,
            )
            cached = jax.tree.map(lambda m, old: jnp.where(sync, m, old), mixed, cached)
            fast_state = _with_momentum(fast_state, mixed)
        return new, LookaheadState(fast_state, jnp.where(sync, 0, since), slow, cached)

    arguments = {"sync_period": sync_period, "slow_step_size": slow_step_size, "inner_state": inner_state}
    return around(inner, "lookahead", arguments, init, update)


@once_a_shape
def _weights(p: Array, u: Array, phi: Array, sync: Array, a: Numeric) -> tuple[Array, Array]:
    """The update, and the slow weights after it."""
    theta, step = widen(p), widen(u)
    pulled = jnp.where(sync, phi + _as(a, phi) * (theta + step - phi) - theta, step)
    # At a sync both weights are θ + the update. Said so, it is what the caller computes to apply the update, and
    # XLA:CPU sees that φ is read before it is overwritten; otherwise it stores the inner update for the two of them.
    return narrow(pulled, u), jnp.where(sync, theta + pulled, phi)


def _as(value: Numeric, x: Array) -> Any:
    return value if type(value) in (float, int) else jnp.asarray(value).astype(jnp.finfo(x.dtype).dtype)


def _map_momentum(f: Callable[[Any], Any], state: Any) -> Any:
    """The state with f applied to every momentum slot, a tree shaped like the parameters."""
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        fields = zip(state._fields, state, strict=True)  # pyright: ignore[reportAttributeAccessIssue]
        return type(state)(*(f(v) if k in _MOMENTUM_SLOTS else _map_momentum(f, v) for k, v in fields))
    if isinstance(state, tuple | list):
        return type(state)(_map_momentum(f, v) for v in state)
    if isinstance(state, dict):
        return type(state)((k, _map_momentum(f, v)) for k, v in state.items())
    return state


def _momentum(state: Any) -> list[Any]:
    found: list[Any] = []
    _map_momentum(found.append, state)
    return found


def _with_momentum(state: Any, slots: list[Any]) -> Any:
    rest = iter(slots)
    return _map_momentum(lambda m: next(rest), state)
