"""Schedule-Free: fast weights, their average, and parameters between the two."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Base, Decayed, LearningRate, Mixed, WarmUp
from optzoo_jax.composition import composition_of
from optzoo_jax.elementwise import inlined
from optzoo_jax.pieces.schedules import at, warmed_up
from optzoo_jax.pieces.updates import WeightDecayMode, descent
from optzoo_jax.precision import as_array, as_updates, times, with_precision_of, zeros
from optzoo_jax.wrapper import Transformation, as_transformation, behind


class ScheduleFreeState(NamedTuple):
    """Between two updates.

    Attributes:
      inner_state: that of what moves the fast weights.
      apart: z − x, from the average to the fast weights.
      weight_sum: W, the sum of the weights of all steps.
      largest_rate: M, the largest learning rate so far.
      b1: where the parameters are between the two: y = (1−β)z + βx.
    """

    inner_state: Any
    apart: Any
    weight_sum: Array
    largest_rate: Array
    b1: Array

    def params_to_evaluate(self, params: Any) -> Any:
        """x = y − (1−β)(z − x)."""
        share = 1 - self.b1
        return behind(params, jax.tree.map(lambda d: times(d, share.astype(jnp.finfo(d.dtype).dtype)), self.apart))


@as_transformation(
    moves_parameters=True,
    never_around={"accumulate_gradients": "it averages over steps: accumulate_gradients(schedule_free(…), k)"},
)
def schedule_free(
    step: optax.GradientTransformation,
    learning_rate: LearningRate,
    b1: Mixed = 0.9,
    *,
    warmup_steps: WarmUp = 0,
    weight_decay: Decayed | None = None,
    weight_decay_mode: WeightDecayMode = "decoupled",
    mask: Any = None,
    base_learning_rate: Base | None = None,
) -> Any:
    """Schedule-Free: any step, from where fast weights are mixed with their average, and no schedule.

    Stream: gradient [g] → update [θ].

        α_t = α·min(1, t/T);  M ← max(M, α_t);  W ← W + M²;  c = M²/W, and 0 where W = 0
        z ← z − α_t(step(g) + λy)
        x ← x + c(z − x)
        y ← (1−β)z + βx

    The parameters are y; `eval_params(state, params)` gives x. The state has z − x, so that parameters that are loaded
    or moved take both along. An average of gradients in the step is one more than is needed: β is what it does.

        schedule_free(scale_by_adopt(b1=0.0), 1e-3)

    Args:
      step: gradient → step of this library, without its learning rate, such as `scale_by_adam(b1=0.0)`.
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β in [0, 1], a number or a schedule.
      warmup_steps: T ≥ 0; 0 for none.
      weight_decay: λ ≥ 0, a number or a schedule; None for no decay.
      weight_decay_mode, mask, base_learning_rate: as in `descent`; decay acts at y.

    Raises:
      TypeError: where the step is an optimizer with a learning rate of its own, or it is not known what it is.
      ValueError: where update is called without params.

    Departures: optax.contrib.schedule_free is put around an optimizer, whose learning rate it is told a second time,
    and reads a schedule one step later than that does.

    Reference: Defazio et al., 2024, "The road less scheduled", arXiv:2405.15682, Algorithm 1.
    """
    if not hasattr(step, "update") or composition_of(step).flow.at() is None:
        raise TypeError(
            f"schedule_free: of {composition_of(step)!r} it is not known whether it is a step or an update with its "
            "learning rate, which would be used twice: give it a step of this library, such as scale_by_adam()."
        )
    if base_learning_rate is None and weight_decay_mode == "independent" and not callable(learning_rate):
        base_learning_rate = learning_rate  # which a warm-up would hide
    inner = descent(
        step,
        warmed_up(learning_rate, warmup_steps),
        weight_decay=weight_decay,
        weight_decay_mode=weight_decay_mode,
        mask=mask,
        base_learning_rate=base_learning_rate,
    )

    def init(params: Any) -> ScheduleFreeState:
        apart = jax.tree.map(lambda p: zeros(as_array(p)), params)
        total, largest = (jnp.zeros((), float) for _ in range(2))  # two buffers, since a state may be donated
        first = jnp.asarray(at(b1, jnp.zeros((), jnp.int32)), float)
        return ScheduleFreeState(inner.init(params), apart, total, largest, first)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, ScheduleFreeState]:
        inner_state: Any
        step, inner_state = inner.update(updates, state.inner_state, params, **extra)
        largest = jnp.maximum(state.largest_rate, inner_state.last_learning_rate.astype(state.largest_rate.dtype))
        weight = largest * largest
        total = state.weight_sum + weight
        share = jnp.where(total > 0, weight / jnp.where(total > 0, total, 1), 0)
        new_b1 = jnp.asarray(at(b1, inner_state.count - 1)).astype(state.b1.dtype)
        arrays, treedef = jax.tree.flatten(as_updates(step, updates, params))
        ways = treedef.flatten_up_to(state.apart)
        rows = [_moved(u, d, share, state.b1, new_b1) for u, d in zip(arrays, ways, strict=True)]
        new, apart = (treedef.unflatten([row[i] for row in rows]) for i in range(2))
        return new, ScheduleFreeState(inner_state, apart, total, largest, new_b1)

    return inner, Transformation(init, update)


@jax.jit
@inlined
def _moved(u: Array, apart: Array, c: Array, old: Array, new: Array) -> tuple[Array, Array]:
    """From z − x and the step of z, the update of y and the new z − x: no position is needed."""
    c, old, new = (x.astype(jnp.finfo(apart.dtype).dtype) for x in (c, old, new))
    left, step = 1 - c, u.astype(apart.dtype)
    far = times(apart, left) + times(step, left)  # from the new x to the new z
    # y' − y = u + β·apart − β'·far, where apart is far/(1−c) − u: XLA:CPU would copy the old slot, which is
    # overwritten, before it is read here. Where c is 1, in the first step, apart and far are 0.
    some = left > 0
    kept = jnp.where(some, old, 0)
    share = kept - new + kept * c / jnp.where(some, left, 1)
    return with_precision_of(times(step, 1 - kept) + times(far, share), u.dtype), far
