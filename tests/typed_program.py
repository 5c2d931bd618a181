"""What a user writes, for `test_typed.py`: it runs, and type checkers find nothing in it."""

import jax
import jax.numpy as jnp
import optax

import optzoo_jax as oz
from optzoo_jax.like import optax as like_optax
from optzoo_jax.like import torch
from optzoo_jax.testing import check_transformation

Params = dict[str, jax.Array]


def loss(params: Params) -> jax.Array:
    return jnp.sum(params["w"] ** 2)


def train(tx: optax.GradientTransformation, steps: int) -> Params:
    params: Params = {"w": jnp.ones((3, 2))}
    state = tx.init(params)
    for _ in range(steps):
        updates, state = tx.update(jax.grad(loss)(params), state, params)
        params = jax.tree.map(lambda p, u: p + u, params, updates)
    print(oz.step(state), oz.current_learning_rate(state), oz.eval_params(state, params))
    return params


schedule = optax.cosine_decay_schedule(1e-3, 100)
train(oz.adamw(schedule, weight_decay=0.1, mask=lambda params: jax.tree.map(lambda p: p.ndim > 1, params)), 3)
train(oz.lookahead(oz.compress_state(oz.radam(1e-3)), sync_period=6), 3)
train(oz.muon(1e-2, otherwise=oz.scale_by_lion(), matrix_axes=(0, 1)), 3)
train(optax.chain(optax.clip_by_global_norm(1.0), oz.schedule_free_adamw(1e-3)), 3)
rate = oz.chain(oz.second_moment(0.999), oz.debias(0.999), oz.inverse_root(1e-8))
mine: optax.GradientTransformationExtraArgs = oz.descent(oz.precondition(oz.ema(0.9), rate), schedule)
print(oz.describe(mine), oz.explain(mine, {"w": jnp.ones(3)}), oz.state_bytes(mine, jnp.ones(3)))
print(oz.card("adam").equations, oz.list_optimizers("ada*"))
check_transformation(mine)


@oz.piece("step [1] → step [θ]", over="array")
def trust_ratio(u: jax.Array, params: jax.Array) -> jax.Array:
    return u * oz.norm(params)


train(oz.descent(oz.chain(oz.scale_by_adam(), trust_ratio()), 1e-2), 3)


@oz.optimizer(learning_rate=1e-2)
def signs(learning_rate: float, momentum: float = 0.9) -> optax.GradientTransformationExtraArgs:
    """Signs: the sign of an average."""
    return oz.chain(oz.ema(momentum), oz.sign())


train(signs(1e-2, momentum=0.8), 3)

train(like_optax.chain(like_optax.clip_by_global_norm(1.0), like_optax.adamw(1e-3, nesterov=True)), 3)
train(torch.AdamW(lr=schedule, betas=(0.9, 0.95), foreach=True), 3)
