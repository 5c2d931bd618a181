"""Lookahead: an inner optimizer runs ahead, slow weights follow every k steps."""

from __future__ import annotations

import functools
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Numeric, Share, Steps
from optzoo_jax.card import card_of
from optzoo_jax.elementwise import inlined
from optzoo_jax.formats.compressed import Compressed, format_of
from optzoo_jax.formats.rounding import to_the_nearest
from optzoo_jax.precision import applied, as_array, as_updates, narrow, widen, with_precision_of, zeros
from optzoo_jax.slots import Part, opened
from optzoo_jax.wrapper import Transformation, as_transformation, behind

InnerState = Literal["keep", "reset", "pullback"]
MOMENTUM = ("mu", "trace")


class LookaheadState(NamedTuple):
    """Between two updates.

    Attributes:
      fast_state: the inner optimizer's.
      steps_since_sync: 0, 1, …, k − 1.
      ahead: θ − φ, how far the parameters are ahead of the slow weights.
      cached: the momentum at the last sync, for pull-back.
    """

    fast_state: Any
    steps_since_sync: Array
    ahead: Any
    cached: Any

    def params_to_evaluate(self, params: Any) -> Any:
        """φ = θ − (θ − φ)."""
        return behind(params, self.ahead)


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

    The parameters are the fast weights θ; the slow weights φ are what to evaluate: `eval_params(state, params)`. The
    state has how far θ is ahead of them, so that parameters that are loaded or moved take φ along.

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
            cached = jax.tree.map(jnp.zeros_like, _momentum(opened(inner, fast_state)[0]))
        ahead = jax.tree.map(lambda p: zeros(as_array(p)), params)
        return LookaheadState(fast_state, jnp.zeros((), jnp.int32), ahead, cached)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, LookaheadState]:
        step, fast_state = inner.update(updates, state.fast_state, params, **extra)
        since = state.steps_since_sync + 1
        sync = since >= sync_period
        arrays, treedef = jax.tree.flatten(params)
        steps, ways = jax.tree.leaves(as_updates(step, updates, params)), treedef.flatten_up_to(state.ahead)
        rows = [_weights(p, u, d, sync, slow_step_size) for p, u, d in zip(arrays, steps, ways, strict=True)]
        new, ahead = (treedef.unflatten([row[i] for row in rows]) for i in range(2))
        if inner_state == "keep":
            return new, LookaheadState(fast_state, jnp.where(sync, 0, since), ahead, None)
        parts, whole = opened(inner, fast_state)
        momentum, cached, choose = _momentum(parts), state.cached, functools.partial(jnp.where, sync)
        if inner_state == "reset":
            momentum = jax.tree.map(lambda m: choose(jnp.zeros_like(m), m), momentum)
        else:
            pull = functools.partial(_pulled, slow_step_size)
            pulled = jax.tree.map(pull, cached, momentum, is_leaf=lambda x: isinstance(x, Compressed))
            momentum = jax.tree.map(choose, pulled, momentum)
            cached = jax.tree.map(choose, momentum, cached)
        rest = iter(momentum)
        fast_state = whole.unflatten(next(rest) if part.name in MOMENTUM else part.value for part in parts)
        return new, LookaheadState(fast_state, jnp.where(sync, 0, since), ahead, cached)

    return Transformation(init, update)


@jax.jit
@inlined
def _weights(p: Array, u: Array, ahead: Array, sync: Array, a: Numeric) -> tuple[Array, Array]:
    """The update, and how far the parameters are ahead after it."""
    theta = widen(p)
    phi = theta - ahead
    goal = _on_the_way(phi, theta + widen(u), a)
    update = narrow(jnp.where(sync, goal - theta, widen(u)), u)
    new = applied(p, update)
    # At a sync the slow weights are where the parameters are, but for what these lose in 16 bits.
    slow = jnp.where(sync, new if new.dtype == phi.dtype else goal, phi)
    return update, (widen(new) - slow).astype(ahead.dtype)


def _pulled(a: Numeric, old: Any, new: Any) -> Any:
    """Momentum on the way from the one at the last sync, in numbers, however it is kept."""
    if not isinstance(new, Compressed):
        return narrow(_on_the_way(widen(old), widen(new), a), new)
    form = format_of(new)

    def one(_: tuple, x: Array, y: Array, codes: Array) -> Any:
        pulled = _on_the_way(x, y, a)
        return form.encode(pulled, to_the_nearest(y.shape)) if codes.dtype == form.codes else (pulled, None)

    return form.compress(one, form.decompress(old), form.decompress(new), new.codes)


def _on_the_way(start: Array, end: Array, share: Numeric) -> Array:
    return start + with_precision_of(jnp.asarray(share), start.dtype) * (end - start)


def _momentum(parts: list[Part]) -> list[Any]:
    return [part.value for part in parts if part.name in MOMENTUM]
