"""Pieces, steps and wrappers of different methods train together, each mix a line; and pages show the lines."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import mixes
import numpy as np
import optax
import pytest
from mixes import MIXES, MOST, STEPS

import optzoo_jax as oz

PAGE = (Path(__file__).parent.parent / "docs" / "mixes.md").read_text()


def small_network():
    """Parameters, and the loss of the network on 128 inputs: the share of the targets' variance that is left."""
    rng = np.random.default_rng(0)
    x, w, b, v = (rng.normal(size=shape) for shape in [(128, 8), (8, 16), 16, (16, 4)])
    y = np.tanh(x @ w / 2 + b) @ v
    x, y = jnp.asarray(x, jnp.float32), jnp.asarray((y - y.mean(0)) / y.std(0), jnp.float32)

    def layer(rows, columns):
        kernel = rng.normal(size=(rows, columns)) / rows**0.5
        return {"kernel": jnp.asarray(kernel, jnp.float32), "bias": jnp.zeros(columns, jnp.float32)}

    def loss(params):
        hidden, out = params["hidden"], params["out"]
        z = jnp.tanh(x @ hidden["kernel"] + hidden["bias"][None])
        return jnp.mean((z @ out["kernel"] + out["bias"][None] - y) ** 2)

    return {"hidden": layer(8, 32), "out": layer(32, 4)}, loss


def loss_after(tx):
    """Of the parameters that one would evaluate, after all steps in one compiled loop."""
    params, loss = small_network()
    tx, grad = optax.with_extra_args_support(tx), jax.grad(loss)

    def step(carry, _):
        params, state = carry
        updates, state = tx.update(grad(params), state, params, grad_fn=grad)
        return (optax.apply_updates(params, updates), state), None

    @jax.jit
    def train(params):
        params, state = jax.lax.scan(step, (params, tx.init(params)), length=STEPS)[0]
        params = oz.eval_params(state, params)
        return params, loss(params)

    trained, left = train(params)
    assert jax.tree.map(jax.typeof, trained) == jax.tree.map(jax.typeof, params)
    return float(left)


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", MIXES)
def test_a_mix_trains(name):
    assert 0 <= loss_after(MIXES[name]()) < MOST


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("tx", [oz.sgd(0.01), oz.sgd(0.03), optax.chain(oz.adam(0.01), optax.scale(-1.0))])
def test_the_bound_is_not_reached_by_itself(tx):
    assert not loss_after(tx) < MOST


def test_before_training_the_loss_is_more_than_that_of_a_constant():
    params, loss = small_network()
    assert loss(params) > 1


def test_no_two_of_the_forty_are_one_composition():
    assert len({oz.describe(make()) for make in MIXES.values()}) == len(MIXES) == 40


def test_the_page_has_the_lines_that_are_tested():
    shown = dict(re.findall(r"^\| ([^|`]+) \| `(.*)` \|$", PAGE, flags=re.MULTILINE))
    assert list(shown) == list(MIXES)
    for name, line in shown.items():
        assert oz.describe(eval(line, vars(mixes))) == oz.describe(MIXES[name]())
