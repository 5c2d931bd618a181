"""gradient [g] → gradient [g]: noise that fades. No piece, since it needs to know where in the tree an array is."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Hyper, Range
from optzoo_jax.card import card_of
from optzoo_jax.precision import widen
from optzoo_jax.trees import hash_of
from optzoo_jax.wrapper import Transformation, as_transformation


class GradientNoiseState(NamedTuple):
    """`count`: how many updates were made; with the key it decides the noise."""

    count: Any  # pyright: ignore[reportIncompatibleMethodOverride]


@card_of(kind="gradient noise", degree=1, calls={"authors": {}})
@as_transformation()
def add_gradient_noise(
    eta: Annotated[Hyper, Range("[0, ∞)", "the variance of the first step's noise")] = 0.3,
    gamma: Annotated[Hyper, Range("[0, ∞)", "the speed of a decay over time")] = 0.55,
    *,
    key: Array | int,
) -> Transformation:
    """Gradient noise: independent in every entry, leaf and step, fading with time.

        g + N(0, σ²),   σ² = η/(1+t)^γ,   t = 0, 1, …

    Stream: gradient [g] → gradient [g]; stands before an optimizer, `chain(add_gradient_noise(key=0), adam(1e-3))`.

    The noise is a function of the key, the step and the leaf's path alone. So two instances with one key under
    `optax.partition` draw different noise, and a restored run draws what the uninterrupted one would have.

    Difference: noise that fades is added to the gradient, before any optimizer.

    Args:
      eta: η ≥ 0 [g²]; the paper uses 0.01, 0.3 and 1.0.
      gamma: γ ≥ 0.
      key: a `jax.random.key`, or an integer seed.

    Not claimed:
      scale, odd, permutation, splitting, phase: the noise is drawn apart from the gradient.

    Departures: optax's `add_noise` keeps its key in the state and splits it, so its numbers differ.

    Reference: Neelakantan et al., 2015, "Adding gradient noise improves learning for very deep networks",
    arXiv:1511.06807, equation 1.
    """

    def init(params: Any) -> GradientNoiseState:
        return GradientNoiseState(jnp.zeros((), jnp.int32))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, GradientNoiseState]:
        is_seed = jnp.ndim(key) == 0 and jnp.issubdtype(jnp.result_type(key), jnp.integer)
        root = jax.random.key(key) if is_seed else key
        now = jax.random.fold_in(root, state.count)
        variance, speed = (x(state.count) if callable(x) else x for x in (eta, gamma))
        sigma = jnp.sqrt(variance * (1 + state.count.astype(float)) ** -jnp.asarray(speed, dtype=float))

        def noisy(path: tuple, g: Array) -> Array:
            # The leaf's path, not its position: under optax.partition two groups number their leaves alike,
            # and with one key would draw the same noise.
            noise = jax.random.normal(jax.random.fold_in(now, hash_of(path)), g.shape, g.dtype)
            return g + sigma.astype(jnp.finfo(g.dtype).dtype) * noise

        noise_added = jax.tree_util.tree_map_with_path(noisy, widen(updates))
        return noise_added, GradientNoiseState(optax.safe_increment(state.count))

    return Transformation(init, update)
