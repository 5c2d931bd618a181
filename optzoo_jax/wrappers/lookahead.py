"""Lookahead: an inner optimizer runs ahead, slow weights follow every k steps."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Numeric, Share, Steps
from optzoo_jax.card import card_of
from optzoo_jax.elementwise import inlined
from optzoo_jax.precision import narrow, wide_copy, widen
from optzoo_jax.slots import map_slots
from optzoo_jax.wrapper import Wrapper, wrapped

_MOMENTUM_SLOTS = ("mu", "trace")
InnerState = Literal["keep", "reset", "pullback"]


class LookaheadState(NamedTuple):
    """`fast_state`: the inner optimizer's. `slow`: φ. `cached`: the momentum at the last sync, for pull-back."""

    fast_state: Any
    steps_since_sync: Array
    slow: Any
    cached: Any


@card_of(kind="wrapper", calls={"optax": {}, "authors": {"sync_period": 5, "slow_step_size": 0.5}, "survey": {}})
def lookahead(
    inner: optax.GradientTransformation,
    sync_period: Steps = 5,
    slow_step_size: Share = 0.5,
    *,
    inner_state: InnerState = "keep",
) -> optax.GradientTransformationExtraArgs:
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
    return wrapped(
        inner,
        "lookahead",
        _begin,
        _step,
        moves_parameters=True,
        sync_period=sync_period,
        slow_step_size=slow_step_size,
        inner_state=inner_state,
    )


def _begin(w: Wrapper, params: Any) -> LookaheadState:
    fast_state = w.tx.init(params)
    cached = _momentum(fast_state) if w["inner_state"] == "pullback" else None
    slow = jax.tree.map(wide_copy, params)
    return LookaheadState(fast_state, jnp.zeros((), jnp.int32), slow, jax.tree.map(jnp.zeros_like, cached))


def _step(w: Wrapper, updates: Any, state: Any, params: Any, **extra: Any) -> tuple[Any, LookaheadState]:
    if params is None:
        raise ValueError("lookahead pulls the parameters back: call update(gradients, state, params), with params.")
    step, fast_state = w.tx.update(updates, state.fast_state, params, **extra)
    since = state.steps_since_sync + 1
    sync = since >= w["sync_period"]
    fasts, treedef = jax.tree.flatten(params)
    triples = zip(fasts, treedef.flatten_up_to(step), treedef.flatten_up_to(state.slow), strict=True)
    rows = [_weights(p, u, phi, sync, w["slow_step_size"]) for p, u, phi in triples]
    new, slow = (treedef.unflatten([row[i] for row in rows]) for i in range(2))
    cached = state.cached
    if w["inner_state"] == "reset":
        reset = jax.tree.map(lambda m: jnp.where(sync, jnp.zeros_like(m), m), _momentum(fast_state))
        fast_state = _with_momentum(fast_state, reset)
    elif w["inner_state"] == "pullback":
        mixed = jax.tree.map(
            lambda m, old: jnp.where(sync, old + _as(w["slow_step_size"], m) * (m - old), m),
            _momentum(fast_state),
            cached,
        )
        cached = jax.tree.map(lambda m, old: jnp.where(sync, m, old), mixed, cached)
        fast_state = _with_momentum(fast_state, mixed)
    return new, LookaheadState(fast_state, jnp.where(sync, 0, since), slow, cached)


@jax.jit
@inlined
def _weights(p: Array, u: Array, phi: Array, sync: Array, a: Numeric) -> tuple[Array, Array]:
    """The update, and the slow weights after it."""
    theta, step = widen(p), widen(u)
    pulled = jnp.where(sync, phi + _as(a, phi) * (theta + step - phi) - theta, step)
    # At a sync both weights are θ + the update. Said so, it is what the caller computes to apply the update, and
    # XLA:CPU sees that φ is read before it is overwritten; otherwise it stores the inner update for the two of them.
    return narrow(pulled, u), jnp.where(sync, theta + pulled, phi)


def _as(value: Numeric, x: Array) -> Any:
    return value if type(value) in (float, int) else jnp.asarray(value).astype(jnp.finfo(x.dtype).dtype)


def _momentum(state: Any) -> list[Any]:
    found: list[Any] = []
    map_slots(lambda name, slot: found.append(slot), state, _MOMENTUM_SLOTS)
    return found


def _with_momentum(state: Any, slots: list[Any]) -> Any:
    rest = iter(slots)
    return map_slots(lambda name, slot: next(rest), state, _MOMENTUM_SLOTS)
