"""When to stop: early stopping as a pure function of the values seen so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array, Numeric, Range
from optzoo_jax.card import card_of


class EarlyStoppingState(NamedTuple):
    """`stop`: whether to stop. `best`: the lowest value so far. `since_best`: checks without improvement."""

    stop: Array
    best: Array
    since_best: Array


class EarlyStopping(NamedTuple):
    """A pair of pure functions, as an optimizer is: they run under jit, scan and while_loop."""

    init: Callable[[], EarlyStoppingState]
    update: Callable[[EarlyStoppingState, jax.typing.ArrayLike], EarlyStoppingState]


@card_of(kind="stopping rule")
def early_stopping(
    patience: Annotated[int, Range("[1, ∞)", "the number of checks in a row without improvement", whole=True)],
    min_delta: Annotated[Numeric, Range("[0, ∞)", "the least improvement that counts")] = 0.0,
) -> EarlyStopping:
    """Early stopping: stop when `patience` checks in a row brought no improvement.

        improved  ⇔  value < best − min_delta
        stop      ⇔  the last `patience` checks did not improve

    A NaN is no improvement. Once stopped, it stays so.

    Difference: ends training when a validation value has not improved for a while.

    Usage:
        stopper = early_stopping(patience=3)
        state = stopper.init()
        state = stopper.update(state, validation_loss)      # after every epoch
        if state.stop: ...

    Args:
      patience: checks without improvement, ≥ 1.
      min_delta: the least improvement that counts, ≥ 0, in units of the value.

    Reference: Morgan & Bourlard, 1990, "Generalization and parameter estimation in feedforward nets", NIPS 2.
    """

    def init() -> EarlyStoppingState:
        return EarlyStoppingState(jnp.zeros((), bool), jnp.full((), jnp.inf, dtype=float), jnp.zeros((), jnp.int32))

    def update(state: EarlyStoppingState, value: jax.typing.ArrayLike) -> EarlyStoppingState:
        value = jax.lax.convert_element_type(value, state.best.dtype)
        improved = value < state.best - jnp.asarray(min_delta, state.best.dtype)  # False for NaN
        since_best = jnp.where(improved, 0, state.since_best + 1)
        stop, best = state.stop | (since_best >= patience), jnp.where(improved, value, state.best)
        return EarlyStoppingState(stop, best, since_best)

    return EarlyStopping(init, update)
