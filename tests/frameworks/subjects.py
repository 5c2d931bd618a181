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
    arrays = jax.tree.leaves(params)
    return sum(jnp.sum(jnp.cos(3 * x + jnp.arange(x.size, dtype=x.dtype).reshape(x.shape))) for x in arrays)


def hessian_diagonal(params: Any) -> Any:
    """The second derivatives of the loss."""
    return jax.jvp(jax.grad(loss), (params,), (jax.tree.map(jnp.ones_like, params),))[1]


# What some ask for beside gradients, each a function of the parameters.
MORE = {
    "value_fn": lambda params: loss,
    "grad_fn": lambda params: jax.grad(loss),
    "hessian_diagonal": hessian_diagonal,
}


class Subject(NamedTuple):
    """What makes it, the name of what its update takes besides, and the kernel of the model."""

    make: Callable[[], optax.GradientTransformation]
    more: str = ""
    shape: tuple[int, int] = LARGE
    dtype: Any = jnp.float32

    def arguments(self, params: Any) -> dict[str, Any]:
        """What its update is called with."""
        return {self.more: MORE[self.more](params)} if self.more else {}


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
    "newton": Subject(lambda: oz.newton(falling(0.1), damping=20.0), "value_fn", SMALL),
    "newton, cg": Subject(lambda: oz.newton(falling(0.1), damping=20.0, solver="cg"), "value_fn"),
    "adahessian": registered("adahessian")._replace(more="hessian_diagonal"),
    "sophia": registered("sophia")._replace(more="hessian_diagonal"),
    "soap": Subject(lambda: oz.soap(falling(1e-2), precondition_frequency=2)),
    "galore": Subject(lambda: oz.galore(falling(1e-2), update_interval=2)),
    "accumulate_gradients": Subject(lambda: oz.accumulate_gradients(adam(), 2)),
    "add_gradient_noise": Subject(lambda: oz.chain(oz.add_gradient_noise(key=0), adam())),
    "average_params": Subject(lambda: oz.average_params(adam())),
    "compress_state": Subject(lambda: oz.compress_state(adam())),
    "compress_state, float8": Subject(lambda: oz.compress_state(adam(), "float8")),
    "compress_state, bfloat16": Subject(lambda: oz.compress_state(adam(), "bfloat16")),
    "compress_state, pack": Subject(lambda: oz.compress_state(oz.pack(adam()))),
    "lookahead": Subject(lambda: oz.lookahead(oz.radam(falling(1e-2)), 2)),
    "lookahead, pullback of codes": Subject(lambda: oz.lookahead(oz.compress_state(adam()), 2, inner_state="pullback")),
    "master_params": Subject(lambda: oz.master_params(adam()), dtype=jnp.bfloat16),
    "outer_nesterov": Subject(lambda: oz.outer_nesterov(adam(), sync_period=2)),
    "pack": Subject(lambda: oz.pack(adam())),
    "round_stochastically": Subject(lambda: oz.round_stochastically(adam()), dtype=jnp.bfloat16),
    "schedule_free": Subject(lambda: oz.schedule_free(oz.scale_by_adam(), falling(1e-2))),
    "sharpness_aware": Subject(lambda: oz.sharpness_aware(adam()), "grad_fn"),
    "with_state_dtype": Subject(lambda: oz.with_state_dtype(adam(), jnp.bfloat16)),
}

# Where the framework's own way is not enough, and what is. All else goes as in `test_every_framework.py`.
OTHERWISE = {
    (name, "linen"): f"`TrainState.apply_gradients` hands no `{subject.more}` on; `state.tx.update` takes it"
    for name, subject in SUBJECTS.items()
    if subject.more
}
