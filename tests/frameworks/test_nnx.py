"""What is particular to flax.nnx.Optimizer, whose state has Variables in the place of arrays."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from frameworks.nnx_releases import HOLDS_MODEL, update
from test_inspect import NESTED

import optzoo_jax as oz
from optzoo_jax.like import optax as like


def test_a_mask_of_variables_is_one_of_their_values():
    """A mask made of the model's own parameters: optax raises there."""
    model, other = (nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float32) for _ in range(2))
    mask = jax.tree.map(lambda p: p.ndim > 1, nnx.state(model, nnx.Param))
    for m, chosen in ((model, mask), (other, lambda params: jax.tree.map(lambda p: p.ndim > 1, params))):
        tx = oz.adamw(1e-2, weight_decay=0.5, mask=chosen)
        optimizer = nnx.Optimizer(m, tx, wrt=nnx.Param)
        update(optimizer, m, jax.tree.map(jnp.ones_like, nnx.state(m, nnx.Param)))
    np.testing.assert_array_equal(model.kernel[...], other.kernel[...])
    np.testing.assert_array_equal(model.bias[...], other.bias[...])


class EmaState(NamedTuple):
    mean: Any

    def params_to_evaluate(self, params):
        return jax.tree.map(lambda mean, p: mean, self.mean, params)


def mean_of_parameters():
    """A link of a chain that a user writes, after an optimizer."""

    def update(updates, state, params):
        new = optax.apply_updates(params, updates)
        return updates, EmaState(jax.tree.map(lambda m, p: 0.75 * m + 0.25 * p, state.mean, new))

    return optax.GradientTransformation(lambda params: EmaState(jax.tree.map(jnp.copy, params)), update)


KERNELS = {"kernel": "chosen", "bias": "other"}
AROUND = {
    "a chain": (lambda tx: tx, ("kernel", "bias")),
    "a mask": (lambda tx: optax.masked(tx, lambda params: jax.tree.map(lambda p: p.ndim > 1, params)), ("kernel",)),
    "a group": (
        lambda tx: optax.partition({"chosen": tx, "other": optax.set_to_zero()}, lambda params: type(params)(KERNELS)),
        ("kernel",),
    ),
}


EVERYWHERE = {name: case for name, case in NESTED.items() if name not in ("masked", "partition")}  # by names of a dict
EVERYWHERE |= {name: (wrap, 3) for name, (wrap, _) in AROUND.items()}


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("nesting", EVERYWHERE)
def test_step_and_learning_rate_in_every_nesting(nesting):
    wrap, expected = EVERYWHERE[nesting]
    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float32)
    tx = wrap(oz.adam(lambda count: 0.1 / (1 + count)))
    optimizer = nnx.Optimizer(model, optax.with_extra_args_support(tx), wrt=nnx.Param)
    for _ in range(3):
        update(optimizer, model, jax.tree.map(jnp.ones_like, nnx.state(model, nnx.Param)))
    assert oz.step(optimizer.opt_state) == expected
    np.testing.assert_allclose(oz.current_learning_rate(optimizer.opt_state), 0.1 / expected, rtol=1e-6)


@pytest.mark.skipif(HOLDS_MODEL, reason="before Flax 0.11 a user's own state holds Variables that are leaves")
@pytest.mark.parametrize("around", AROUND)
def test_a_users_average_is_asked(around):
    wrap, answered = AROUND[around]
    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float32)
    start = {name: jnp.array(getattr(model, name)[...]) for name in ("kernel", "bias")}
    optimizer = nnx.Optimizer(model, wrap(optax.chain(oz.sgd(0.5), mean_of_parameters())), wrt=nnx.Param)
    update(optimizer, model, jax.tree.map(jnp.ones_like, nnx.state(model, nnx.Param)))
    params = nnx.state(model, nnx.Param)
    found = oz.eval_params(optimizer.opt_state, params)
    for name, x in start.items():
        assert isinstance(found[name], nnx.Param)
        expected = 0.75 * x + 0.25 * params[name][...] if name in answered else params[name][...]
        np.testing.assert_allclose(found[name][...], expected, rtol=1e-6)


QUESTIONS = {
    "step": oz.step,
    "current_learning_rate": oz.current_learning_rate,
    "eval_params": lambda state: oz.eval_params(state, {"w": jnp.ones(2)}),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_arrays_that_have_lost_their_states_are_not_asked(question):
    """As a checkpoint has them: of Lookahead's state eval_params would say that it has nothing to say."""
    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float32)
    optimizer = nnx.Optimizer(model, oz.lookahead(oz.adam(1e-2)), wrt=nnx.Param)
    with pytest.raises(ValueError, match=r"^an nnx\.State has the arrays .*: pass optimizer\.opt_state, into which"):
        QUESTIONS[question](nnx.state(optimizer))


def test_questions_in_all_releases():
    model = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, oz.lookahead(oz.adam(optax.linear_schedule(0.1, 0.0, 10))), wrt=nnx.Param)
    for _ in range(2):
        update(optimizer, model, jax.tree.map(jnp.ones_like, nnx.state(model, nnx.Param)))
    assert oz.step(optimizer.opt_state) == 2
    np.testing.assert_allclose(oz.current_learning_rate(optimizer.opt_state), 0.09, rtol=1e-6)


@pytest.mark.tier2
@pytest.mark.parametrize("name", ["adam", "sm3", "schedule_free_sgd"])
@jax.numpy_dtype_promotion("standard")  # optax's own numbers are of mixed dtypes
def test_a_state_is_carried_over(name):
    """Also where a slot has another form in optax's state."""
    here, there = (m.contrib if name.startswith("schedule_free") else m for m in (optax, like))
    theirs, ours = getattr(here, name)(1e-2), getattr(there, name)(1e-2)
    model = nnx.Linear(70, 3, rngs=nnx.Rngs(0), param_dtype=jnp.float32)
    optimizer = nnx.Optimizer(model, theirs, wrt=nnx.Param)
    for _ in range(3):
        update(optimizer, model, jax.tree.map(jnp.cos, nnx.state(model, nnx.Param)))
    params = jax.tree.map(jnp.array, nnx.state(model, nnx.Param))
    found = oz.convert_state(optimizer.opt_state, theirs, ours, params, **({"step": 3} if name == "sm3" else {}))
    back = oz.convert_state(found, ours, theirs, params)
    update(optimizer, model, params)  # as if they were gradients
    expected = jax.tree.leaves(nnx.state(model, nnx.Param))
    for tx, state in [(ours, found), (theirs, back)]:
        updates, _ = tx.update(params, state, params)
        for x, e in zip(jax.tree.leaves(optax.apply_updates(params, updates)), expected, strict=True):
            np.testing.assert_allclose(x, e, rtol=2e-5, atol=1e-6)
