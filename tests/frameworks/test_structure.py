"""In each framework a state keeps its structure and its avals: nothing is compiled twice, and the model learns."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx
from flax.training.train_state import TrainState
from frameworks.nnx_releases import update
from sklearn.datasets import load_digits

import optzoo_jax as oz

STEPS = 30
IMAGES, LABELS = load_digits(return_X_y=True)
IMAGES, LABELS = np.float32(IMAGES[:200] / 16), LABELS[:200]
OPTIMIZERS = {
    "sgd": oz.sgd(0.5),
    "adabelief, scheduled": oz.adabelief(lambda count: 0.03 / (1 + jnp.asarray(count, float)), weight_decay=1e-3),
    "adabound": oz.adabound(1e-2),
    "lookahead": oz.lookahead(oz.adam(3e-2), 2, inner_state="pullback"),
    "masked": oz.adam(1e-2, weight_decay=1e-3, mask=lambda params: jax.tree.map(lambda p: p.ndim > 1, params)),
    "a chain": optax.chain(optax.clip_by_global_norm(1.0), oz.ranger(0.1)),
}
each_optimizer = pytest.mark.parametrize("tx", OPTIMIZERS.values(), ids=OPTIMIZERS)


def cross_entropy(logits):
    return optax.softmax_cross_entropy_with_integer_labels(logits, LABELS).mean()


def drawn(key, shape, dtype, **unused):
    """A kernel; the frameworks' own initializers take longer to compile than the training."""
    return jnp.asarray(np.random.default_rng(0).normal(0, 0.1, shape), dtype)


def avals(tree):
    """Structure, shapes, dtypes and weak types: what jit compiles for."""
    return jax.tree.structure(tree), [(x.shape, x.dtype, x.weak_type) for x in jax.tree.leaves(tree)]


def check(losses, compiled):
    assert compiled == 1
    assert losses[-1] < 0.9 * losses[0]


@each_optimizer
def test_linen(tx):
    model = linen.Dense(10, param_dtype=jnp.float32, kernel_init=drawn)
    params = model.init(jax.random.key(0), IMAGES[:1])
    state = TrainState.create(apply_fn=model.apply, params=params, tx=tx)
    state = state.replace(step=jnp.int32(0))  # linen's own counter starts as a Python number, a weak type

    @jax.jit
    def train(state):
        loss, grads = jax.value_and_grad(lambda p: cross_entropy(state.apply_fn(p, IMAGES)))(state.params)
        return state.apply_gradients(grads=grads), loss

    losses, before = [], avals((state.params, state.opt_state))
    for _ in range(STEPS):
        state, loss = train(state)
        losses.append(loss)
    assert avals((state.params, state.opt_state)) == before
    check(losses, train._cache_size())


def two_layers(wrt):
    class Model(nnx.Module):
        def __init__(self, rngs):
            how = {"param_dtype": jnp.float32, "kernel_init": drawn, "rngs": rngs}
            self.body, self.head = nnx.Linear(64, 16, **how), nnx.Linear(16, 10, **how)

        def __call__(self, x):
            return self.head(jnp.tanh(self.body(x)))

    model = Model(nnx.Rngs(0))

    def train(model, optimizer):
        loss, grads = nnx.value_and_grad(lambda m: cross_entropy(m(IMAGES)), argnums=nnx.DiffState(0, wrt))(model)
        update(optimizer, model, grads)
        train.traced += 1
        return loss

    train.traced = 0
    return model, train, nnx.jit(train)


@each_optimizer
def test_nnx(tx):
    train_with_nnx(tx, nnx.Param)


@pytest.mark.parametrize("name", ["adabound", "lookahead"])
def test_nnx_filtered(name):
    """Only the head learns, and the state holds the head's slots alone."""
    head = nnx.All(nnx.Param, nnx.PathContains("head"))
    model, optimizer, body = train_with_nnx(OPTIMIZERS[name], head)
    assert np.array_equal(model.body.kernel[...], body)
    names = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(optimizer.opt_state)]
    assert any("head" in name for name in names)
    assert not any("body" in name for name in names)


def train_with_nnx(tx, wrt):
    model, train, compiled = two_layers(wrt)
    body = np.array(model.body.kernel[...])
    optimizer = nnx.Optimizer(model, tx, wrt=wrt)
    graph, before = nnx.graphdef(optimizer), avals(nnx.state(optimizer))
    check([compiled(model, optimizer) for _ in range(STEPS)], train.traced)
    assert nnx.graphdef(optimizer) == graph
    assert avals(nnx.state(optimizer)) == before
    return model, optimizer, body


@each_optimizer
def test_equinox(tx):
    """Where a model has no array, such as its activation, the tree has None."""
    model = eqx.nn.MLP(64, 10, 16, depth=1, dtype=jnp.float32, key=jax.random.key(0))
    state = tx.init(eqx.filter(model, eqx.is_inexact_array))
    traced = []

    @eqx.filter_jit
    def train(model, state):
        traced.append(1)
        loss, grads = eqx.filter_value_and_grad(lambda m: cross_entropy(jax.vmap(m)(IMAGES)))(model)
        updates, state = tx.update(grads, state, eqx.filter(model, eqx.is_inexact_array))
        return eqx.apply_updates(model, updates), state, loss

    losses, before = [], avals(state)
    for _ in range(STEPS):
        model, state, loss = train(model, state)
        losses.append(loss)
    assert avals(state) == before
    check(losses, len(traced))


@each_optimizer
def test_plain(tx):
    """Parameters of every container, and a bare scalar among them; lax.scan refuses a carry that changes."""
    params = {"w": [jnp.zeros((64, 10), jnp.float32)], "b": (jnp.zeros(10, jnp.float32), None), "s": jnp.float32(1)}

    def loss(params):
        return cross_entropy(params["s"] * (IMAGES @ params["w"][0]) + params["b"][0][None])

    @jax.jit
    def train(params):
        def step(carry, _):
            params, state = carry
            value, grads = jax.value_and_grad(loss)(params)
            updates, state = tx.update(grads, state, params)
            return (optax.apply_updates(params, updates), state), value

        return jax.lax.scan(step, (params, tx.init(params)), length=STEPS)

    (_, state), losses = train(params)
    assert avals(state) == avals(tx.init(params))
    check(losses, train._cache_size())
