"""An average of the parameters, beside a run that does not know of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Decay, Steps, WarmUp
from optzoo_jax.card import card_of
from optzoo_jax.elementwise import inlined
from optzoo_jax.pieces.corrections import log_of
from optzoo_jax.pieces.schedules import at
from optzoo_jax.precision import applied, as_array, as_updates, times, widen, zeros
from optzoo_jax.wrapper import Transformation, as_transformation, behind


class AverageState(NamedTuple):
    """Between two updates.

    Attributes:
      inner_state: the optimizer's.
      step_count: of updates.
      ahead: θ − a, how far the parameters are ahead of the average.
      samples: how many parameters are in the average.
      log_decays: the sum of log β over them: what the start still weighs, or would.
    """

    inner_state: Any
    step_count: Array
    ahead: Any
    samples: Array
    log_decays: Array

    def params_to_evaluate(self, params: Any) -> Any:
        """a = θ − (θ − a)."""
        return behind(params, self.ahead)


@card_of(kind="wrapper")
@as_transformation(
    moves_parameters=True,
    never_around={"accumulate_gradients": "it counts steps, of which that skips some: accumulate_gradients(…, k)"},
)
def average_params(
    inner: optax.GradientTransformation,
    decay: Decay | None = 0.999,
    *,
    debias: bool = True,
    start: WarmUp = 0,
    period: Steps = 1,
) -> Transformation:
    """Averaging: the mean of the parameters on their way, which is nearer to the minimum than they are.

        θ ← inner step from θ
        a ← a + w(θ − a),   w = (1−β)/(1−βⁿ) for the n-th parameters that are averaged

    The run is that of the inner optimizer; `eval_params(state, params)` gives a. The state has θ − a, so that
    parameters that are loaded or moved take the average along.

    Full name: Average of the iterates.

    Difference: an average of the parameters after each step is kept beside them.

    Args:
      inner: the optimizer, of this library or of optax.
      decay: β in [0, 1), a number or a schedule of how many were averaged before; None for the plain mean, w = 1/n.
      debias: False for w = 1 − β, an average that begins where the parameters are before its first.
      start: the steps before the average begins; until then it is where the parameters are.
      period: ≥ 1: every how many steps after the start the parameters are averaged.

    Raises:
      ValueError: where update is called without params.

    Reference: Polyak & Juditsky, 1992, "Acceleration of stochastic approximation by averaging"; Izmailov et al., 2018,
    "Averaging weights leads to wider optima and better generalization", arXiv:1803.05407.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> AverageState:
        ahead = jax.tree.map(lambda p: zeros(as_array(p)), params)
        count, samples = (jnp.zeros((), jnp.int32) for _ in range(2))  # two buffers, since a state may be donated
        return AverageState(inner.init(params), count, ahead, samples, jnp.zeros((), float))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, AverageState]:
        step, inner_state = inner.update(updates, state.inner_state, params, **extra)
        step = as_updates(step, updates, params)
        count = jnp.asarray(optax.safe_increment(state.step_count))
        since = count - start
        taken = (since > 0) & (since % period == 0)
        samples = jnp.asarray(jnp.where(taken, optax.safe_increment(state.samples), state.samples))
        if decay is None:
            logs, weight = state.log_decays, 1 / jnp.maximum(samples, 1).astype(float)
        else:
            beta = at(decay, state.samples)
            logs = state.log_decays + jnp.where(taken, jnp.maximum(log_of(beta), -1e30), 0)
            weight = (1 - beta) / jnp.maximum(-jnp.expm1(logs), 1e-30) if debias else 1 - beta
        # Before the first sample the average is where the parameters are, and the first has its weight in that.
        weight = jnp.where(taken, weight, jnp.where(since > 0, 0.0, 1.0))
        ahead = jax.tree.map(lambda p, u, d: _ahead(p, u, d, weight), params, step, state.ahead)
        return step, AverageState(inner_state, count, ahead, samples, logs)

    return Transformation(init, update)


@jax.jit
@inlined
def _ahead(p: Array, u: Array, ahead: Array, weight: Array) -> Array:
    """How far the parameters are ahead of the average after a step, by what they have really moved."""
    moved = ahead + (widen(applied(p, u)) - widen(p)).astype(ahead.dtype)
    return times(moved, (1 - weight).astype(jnp.finfo(ahead.dtype).dtype))
