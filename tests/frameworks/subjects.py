"""What is trained in each framework: every method of the registry, every wrapper; and what one of them takes otherwise.

No framework is imported: `docs/generate.py` writes its table of this, `test_every_framework.py` tests each row of it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import optzoo_jax as oz

FRAMEWORKS = ("plain", "linen", "nnx", "Equinox")
LARGE, SMALL = (70, 80), (4, 3)  # what compress_state compresses; what has few enough numbers for a Hessian


def loss(params: Any) -> Any:
    """Of any tree of arrays, each number for itself, so that one direction has the diagonal of its Hessian."""
    return sum(jnp.sum(jnp.cos(3 * x + jnp.arange(x.size, dtype=x.dtype).reshape(x.shape))) for x in jax.tree.leaves(params))


def hessian_diagonal(params: Any) -> Any:
    """The second derivatives of the loss."""
    return jax.jvp(jax.grad(loss), (params,), (jax.tree.map(jnp.ones_like, params),))[1]


def nothing(params: Any) -> dict[str, Any]:
    """Gradients are enough."""
    return {}


class Subject(NamedTuple):
    """What makes it, what its update is called with, and the shape of the model's kernel."""

    make: Callable[[], optax.GradientTransformation]
    arguments: Callable[[Any], dict[str, Any]] = nothing
    shape: tuple[int, int] = LARGE


def falling(rate: float) -> Callable[[Any], Any]:
    """A learning rate that is another one at every step."""
    return lambda count: rate * jnp.exp2(-jnp.asarray(count, jnp.float32) / 4)


def registered(name: str) -> Subject:
    """A method of the registry that takes a learning rate."""
    rate = oz.card(name).learning_rate
    return Subject(lambda: oz.get(name, learning_rate=falling(rate), base_learning_rate=rate))


def adam() -> optax.GradientTransformation:
    """What wrappers go around."""
    return oz.adam(falling(1e-2))


SUBJECTS = {
    **{name: registered(name) for name in oz.list_optimizers(kind="*optimizer")},
    "newton": Subject(lambda: oz.newton(falling(0.1), damping=20.0), lambda params: {"value_fn": loss}, SMALL),
    "newton, cg": Subject(lambda: oz.newton(falling(0.1), damping=20.0, solver="cg"), lambda params: {"value_fn": loss}),
    **{
        name: registered(name)._replace(arguments=lambda params: {"hessian_diagonal": hessian_diagonal(params)})
        for name in ("adahessian", "sophia")
    },
    "accumulate_gradients": Subject(lambda: oz.accumulate_gradients(adam(), 2)),
    "add_gradient_noise": Subject(lambda: oz.chain(oz.add_gradient_noise(key=0), adam())),
    "average_params": Subject(lambda: oz.average_params(adam())),
    "compress_state": Subject(lambda: oz.compress_state(adam())),
    "compress_state, float8": Subject(lambda: oz.compress_state(adam(), "float8")),
    "compress_state, bfloat16": Subject(lambda: oz.compress_state(adam(), "bfloat16")),
    "compress_state, pack": Subject(lambda: oz.compress_state(oz.pack(adam()))),
    "lookahead": Subject(lambda: oz.lookahead(oz.radam(falling(1e-2)), 2)),
    "lookahead, pullback of codes": Subject(
        lambda: oz.lookahead(oz.compress_state(adam()), 2, inner_state="pullback")
    ),
    "master_params": Subject(lambda: oz.master_params(adam())),
    "outer_nesterov": Subject(lambda: oz.outer_nesterov(adam(), sync_period=2)),
    "pack": Subject(lambda: oz.pack(adam())),
    "round_stochastically": Subject(lambda: oz.round_stochastically(adam())),
    "schedule_free": Subject(lambda: oz.schedule_free(oz.scale_by_adam(), falling(1e-2))),
    "sharpness_aware": Subject(lambda: oz.sharpness_aware(adam()), lambda params: {"grad_fn": jax.grad(loss)}),
    "with_state_dtype": Subject(lambda: oz.with_state_dtype(adam(), jnp.bfloat16)),
}
