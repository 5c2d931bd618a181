"""sweep: every run of the one program is the run that it would be alone."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from compilation import environment

import optzoo_jax as oz

STEPS = 20


def train(tx, seed=3, power=4):
    """The losses of a few parameters on their way to 0."""

    def loss(params):
        return jnp.sum(jnp.abs(params) ** power)

    def step(carry, _):
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params)
        updates, state = tx.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), value

    params = jax.random.normal(jax.random.key(seed), (3,))
    (params, _), losses = jax.lax.scan(step, (params, tx.init(params)), None, STEPS)
    return {"losses": losses, "params": params}


def assert_runs_alone(found, optimizer, grid):
    """`grid`: position among the leading axes → settings of the optimizer and of train."""
    for i, (setting, others) in grid.items():
        alone = jax.jit(functools.partial(train, optimizer(**setting), **others))()
        for name, x in alone.items():
            np.testing.assert_allclose(found[name][i], x, rtol=1e-9, err_msg=str(i))


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("optimizer", [oz.adam, optax.adam], ids=["ours", "optax"])
def test_every_combination_is_trained_as_if_alone(optimizer):
    rates, decays, seeds = [1e-2, 0.1, 0.3], np.array([0.5, 0.9]), range(2)
    found = oz.sweep(train, optimizer, learning_rate=rates, b1=decays, seed=seeds)
    assert found["losses"].shape == (3, 2, 2, STEPS)
    assert found["params"].shape == (3, 2, 2, 3)
    corners = {(0, 0, 0), (2, 1, 1), (1, 0, 1), (0, 1, 0)}
    grid = {(i, j, k): ({"learning_rate": rates[i], "b1": decays[j]}, {"seed": seeds[k]}) for i, j, k in corners}
    assert_runs_alone(found, optimizer, grid)


def test_a_diverging_run_disturbs_no_other():
    found = oz.sweep(train, functools.partial(oz.sgd, weight_decay=0.1), learning_rate=[1e9, 0.01])
    assert not np.isfinite(found["losses"][0, -1])
    assert_runs_alone(found, functools.partial(oz.sgd, weight_decay=0.1), {(1,): ({"learning_rate": 0.01}, {})})


@pytest.mark.parametrize(("at_once", "together"), [(None, 7), (3, 3), (5, 4), (100, 7)])
def test_no_more_runs_go_on_together_than_asked_for(at_once, together):
    """Seven in two turns are four and three, and one of the three once more."""
    seen = []

    def record(seeds):
        seen.append(len(seeds))
        return seeds

    def listed(tx, seed):
        return jax.pure_callback(record, jax.ShapeDtypeStruct((), seed.dtype), seed, vmap_method="expand_dims")

    found = oz.sweep(listed, oz.sgd, at_once=at_once, learning_rate=[0.1], seed=range(7))
    assert found.tolist() == [list(range(7))]
    assert seen == [together] * -(-7 // together)


@pytest.mark.tier2
def test_on_two_devices_every_run_is_what_it_is_on_one():
    program = (
        "import numpy as np, test_sweep, optzoo_jax as oz; "
        "x = oz.sweep(test_sweep.train, oz.adam, at_once=2, learning_rate=[0.01, 0.1, 0.3], seed=range(3))['params']; "
        "assert len(x.sharding.device_set) == 2; print(np.asarray(x).tolist())"
    )
    where = {"cwd": Path(__file__).parent, "env": environment(2) | {"JAX_ENABLE_X64": "1"}}
    done = subprocess.run([sys.executable, "-c", program], **where, capture_output=True, text=True, check=True)
    alone = jax.jit(lambda: train(oz.adam(0.3), 1)["params"])()
    np.testing.assert_allclose(json.loads(done.stdout)[2][1], alone, rtol=1e-9)


def test_the_optimizer_is_traced_once():
    """A factory is called with plain numbers, to check them, and once more in the program."""
    calls = []

    def optimizer(learning_rate):
        calls.append(learning_rate)
        return oz.adam(learning_rate)

    oz.sweep(train, optimizer, learning_rate=np.geomspace(1e-4, 1e-1, 30))
    assert len(calls) == 31


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, r"nothing to sweep over: name a setting, such as learning_rate=\[0.1, 0.3\]"),
        ({"learning_rate": 0.1}, r"learning_rate=0.1 is not a sequence of numbers(.|\n)*functools.partial"),
        ({"learning_rate": []}, r"learning_rate=\[\] is not a sequence of numbers"),
        ({"learning_rate": [[0.1]]}, r"learning_rate=\[\[0.1\]\] is not a sequence of numbers"),
        ({"learning_rate": [0.1], "at_once": 0}, r"at_once=0 is below 1; leave it out, and all runs go on together"),
        ({"learning_rate": [0.1, -1.0]}, r"adam: learning_rate=-1.0 is outside \[0, ∞\)"),
        ({"learning_rate": [0.1], "sed": [1]}, r"neither the optimizer nor train takes 'sed'(.|\n)*mean 'seed'\?"),
    ],
    ids=["none", "one number", "no numbers", "a table", "none at once", "out of range", "unknown"],
)
def test_settings_that_cannot_be_swept(settings, message):
    with pytest.raises(ValueError, match=message):
        oz.sweep(train, oz.adam, **settings)


def test_a_factory_that_passes_its_arguments_on_takes_any():
    def with_rate(learning_rate, **others):
        return oz.momentum(learning_rate, **others)

    grid = {"learning_rate": [0.1, 0.2], "momentum": [0.5, 0.9]}
    found = oz.sweep(lambda tx: tx.update(jnp.ones(2), tx.init(jnp.ones(2)))[0], with_rate, **grid)
    np.testing.assert_allclose(found[:, 0, 0], [-0.1, -0.2], rtol=1e-12)
