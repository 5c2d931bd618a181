"""Under flax.nnx.Optimizer a state's leaves are Variables: every wrapper, large arrays, steps, every question."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import optzoo_jax as oz
from optzoo_jax.like import optax as like

STEPS = 5
X = jnp.sin(jnp.arange(140.0, dtype=jnp.float32)).reshape(2, 70)
OPTIMIZERS = {
    "adamw": lambda: oz.adamw(lambda t: 1e-2 * jnp.exp2(-t.astype(jnp.float32)), weight_decay=0.1),
    "muon": lambda: oz.muon(1e-2),
    "soap": lambda: oz.soap(1e-2, precondition_frequency=2),
    "schedule_free_adamw": lambda: oz.schedule_free_adamw(1e-2),
    "compress_state int8": lambda: oz.compress_state(oz.adam(1e-2)),
    "compress_state float8": lambda: oz.compress_state(oz.adam(1e-2), "float8"),
    "compress_state bfloat16": lambda: oz.compress_state(oz.adam(1e-2), "bfloat16"),
    "lookahead": lambda: oz.lookahead(oz.radam(1e-2), 2),
    "lookahead pullback of codes": lambda: oz.lookahead(oz.compress_state(oz.adam(1e-2)), 2, inner_state="pullback"),
    "outer_nesterov": lambda: oz.outer_nesterov(oz.adam(1e-2), sync_period=2),
    "average_params": lambda: oz.average_params(oz.adam(1e-2)),
    "master_params": lambda: oz.master_params(oz.adam(1e-2)),
    "round_stochastically": lambda: oz.round_stochastically(oz.adam(1e-2)),
    "pack": lambda: oz.pack(oz.adam(1e-2)),
    "compress_state of pack": lambda: oz.compress_state(oz.pack(oz.adam(1e-2))),
    "accumulate_gradients": lambda: oz.accumulate_gradients(oz.adam(1e-2), 2),
    "with_state_dtype": lambda: oz.with_state_dtype(oz.adam(1e-2), jnp.bfloat16),
    "noise": lambda: optax.chain(oz.add_gradient_noise(key=0), oz.adam(1e-2)),
}  # fmt: skip


def trained_by_nnx(tx, model):
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)

    @nnx.jit
    def train(model, optimizer):
        optimizer.update(model, nnx.grad(lambda m: jnp.mean(jnp.cos(m(X))))(model))

    for _ in range(STEPS):
        train(model, optimizer)
    return optimizer


def trained_by_hand(tx, params):
    state = tx.init(params)

    @jax.jit
    def train(params, state):
        grads = jax.grad(lambda p: jnp.mean(jnp.cos(X @ p["kernel"] + p["bias"][None])))(params)
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    for _ in range(STEPS):
        params, state = train(params, state)
    return params, state


FIRST = ("compress_state int8", "lookahead pullback of codes")
NAMES = [name if name in FIRST else pytest.param(name, marks=pytest.mark.tier2) for name in OPTIMIZERS]


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_in_nnx_is_what_it_is(name):
    """The kernel is large enough to be compressed, the bias small enough to be packed."""
    make = OPTIMIZERS[name]
    model = nnx.Linear(70, 80, rngs=nnx.Rngs(0), param_dtype=jnp.float32)
    start = {name: jnp.array(x) for name, x in nnx.to_pure_dict(nnx.state(model, nnx.Param)).items()}
    optimizer = trained_by_nnx(make(), model)
    params, state = trained_by_hand(make(), start)
    found = nnx.state(model, nnx.Param)
    for key, x in params.items():
        np.testing.assert_allclose(found[key][...], x, rtol=2e-5, atol=1e-6)
    assert oz.step(optimizer.opt_state) == oz.step(state) == (STEPS // 2 if name == "accumulate_gradients" else STEPS)
    here, there = (oz.current_learning_rate(s) for s in (optimizer.opt_state, state))
    np.testing.assert_array_equal(here, there)
    evaluated, expected = oz.eval_params(optimizer.opt_state, found), oz.eval_params(state, params)
    assert isinstance(evaluated["kernel"], nnx.Param)
    for key, x in expected.items():
        np.testing.assert_allclose(evaluated[key][...], x, rtol=2e-5, atol=1e-6)


def test_a_mask_of_variables_is_one_of_their_values():
    """A mask made of the model's own parameters: optax raises there."""
    model, other = (nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float32) for _ in range(2))
    mask = jax.tree.map(lambda p: p.ndim > 1, nnx.state(model, nnx.Param))
    for m, chosen in ((model, mask), (other, lambda params: jax.tree.map(lambda p: p.ndim > 1, params))):
        tx = oz.adamw(1e-2, weight_decay=0.5, mask=chosen)
        optimizer = nnx.Optimizer(m, tx, wrt=nnx.Param)
        optimizer.update(m, jax.tree.map(jnp.ones_like, nnx.state(m, nnx.Param)))
    np.testing.assert_array_equal(model.kernel[...], other.kernel[...])
    np.testing.assert_array_equal(model.bias[...], other.bias[...])


@pytest.mark.tier2
@pytest.mark.parametrize("name", ["adam", "sm3", "schedule_free_sgd"])
@jax.numpy_dtype_promotion("standard")  # optax's own numbers are of mixed dtypes
def test_a_state_is_carried_over(name):
    """Also where a slot has another form in optax's state."""
    here, there = (m.contrib if name.startswith("schedule_free") else m for m in (optax, like))
    theirs, ours = getattr(here, name)(1e-2), getattr(there, name)(1e-2)
    model = nnx.Linear(70, 3, rngs=nnx.Rngs(0), param_dtype=jnp.float32)
    optimizer, params = trained_by_nnx(theirs, model), jax.tree.map(jnp.array, nnx.state(model, nnx.Param))
    found = oz.convert_state(optimizer.opt_state, theirs, ours, params, **({"step": STEPS} if name == "sm3" else {}))
    back = oz.convert_state(found, ours, theirs, params)
    optimizer.update(model, params)  # as if they were gradients
    expected = jax.tree.leaves(nnx.state(model, nnx.Param))
    for tx, state in [(ours, found), (theirs, back)]:
        updates, _ = tx.update(params, state, params)
        for x, e in zip(jax.tree.leaves(optax.apply_updates(params, updates)), expected, strict=True):
            np.testing.assert_allclose(x, e, rtol=2e-5, atol=1e-6)
