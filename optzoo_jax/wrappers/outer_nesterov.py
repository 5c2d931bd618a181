"""Outer Nesterov momentum: every k-th step the way since the last sync is a gradient."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Numeric, Range, Steps
from optzoo_jax.card import card_of
from optzoo_jax.elementwise import inlined
from optzoo_jax.precision import as_array, as_updates, times, with_precision_of, zeros
from optzoo_jax.wrapper import Transformation, as_transformation

OuterRate = Annotated[Numeric, Range("[0, ∞)", "the share of the way that is gone at a sync", schedule=False)]
OuterMomentum = Annotated[Numeric, Range("[0, 1)", "the share of old ways that is kept", schedule=False)]


class OuterNesterovState(NamedTuple):
    """Between two updates.

    Attributes:
      inner_state: the inner optimizer's.
      steps_since_sync: 0, 1, …, k − 1.
      ahead: θ − φ, the way since the last sync.
      trace: M, the sum of the ways of all syncs.
    """

    inner_state: Any
    steps_since_sync: Array
    ahead: Any
    trace: Any


@card_of(kind="wrapper", calls={"authors": {"sync_period": 500}})
@as_transformation(
    moves_parameters=True,
    never_around={
        "accumulate_gradients": "it counts steps, of which that skips some: accumulate_gradients(outer_nesterov(…), k)"
    },
)
def outer_nesterov(
    inner: optax.GradientTransformation,
    outer_learning_rate: OuterRate = 0.7,
    outer_momentum: OuterMomentum = 0.9,
    sync_period: Steps = 5,
) -> Transformation:
    """Outer Nesterov: the way of every k steps is a gradient, which Nesterov momentum follows.

        θ ← inner step from θ
        every k-th step:   D = φ − θ,   M ← βM + D,   φ ← φ − η(D + βM),   θ ← φ

    DiLoCo's outer optimizer on one worker. The state has θ − φ, so that parameters that are loaded or moved take φ
    along; the inner state is kept at a sync.

    Full name: DiLoCo's outer optimizer.

    Difference from lookahead: Nesterov momentum of the ways between two syncs, in the place of a share of one.

    Args:
      inner: the optimizer that runs ahead, of this library or of optax.
      outer_learning_rate: η ≥ 0.
      outer_momentum: β in [0, 1).
      sync_period: k ≥ 1.

    Raises:
      ValueError: where update is called without params.

    Reference: Douillard et al., 2023, "DiLoCo: distributed low-communication training of language models",
    arXiv:2311.08105; Thérien et al., 2025, "MuLoCo", arXiv:2505.23725; "SNOO", 2025, arXiv:2510.15830.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> OuterNesterovState:
        still = [jax.tree.map(lambda p: zeros(as_array(p)), params) for _ in range(2)]
        return OuterNesterovState(inner.init(params), jnp.zeros((), jnp.int32), *still)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, OuterNesterovState]:
        step, inner_state = inner.update(updates, state.inner_state, params, **extra)
        since = state.steps_since_sync + 1
        sync = since >= sync_period
        treedef = jax.tree.structure(params)
        columns = [
            jax.tree.leaves(as_updates(step, updates, params)),
            *(treedef.flatten_up_to(tree) for tree in (state.ahead, state.trace)),
        ]
        rows = [_synced(u, d, m, sync, outer_learning_rate, outer_momentum) for u, d, m in zip(*columns, strict=True)]
        new, ahead, trace = (treedef.unflatten([row[i] for row in rows]) for i in range(3))
        return new, OuterNesterovState(inner_state, jnp.where(sync, 0, since), ahead, trace)

    return Transformation(init, update)


@jax.jit
@inlined
def _synced(
    u: Array, ahead: Array, trace: Array, sync: Array, rate: Numeric, momentum: Numeric
) -> tuple[Array, Array, Array]:
    """The update, how far the parameters are ahead after it, and the momentum."""
    rate, momentum = (with_precision_of(jnp.asarray(x, float), ahead.dtype) for x in (rate, momentum))
    way = ahead + u.astype(ahead.dtype)  # θ − φ after the inner step
    summed = times(trace, momentum) - way
    goal = times(way - times(summed, momentum), rate)  # φ' − φ
    update = with_precision_of(jnp.where(sync, goal - ahead, u.astype(ahead.dtype)), u.dtype)
    # What rounding takes from a step of 16-bit parameters is a part of the way: else small steps were none.
    return update, jnp.where(sync, jnp.zeros_like(way), way), jnp.where(sync, summed, trace)
