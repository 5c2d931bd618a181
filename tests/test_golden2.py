"""Trajectories of the later methods, recorded from other people's implementations and from the equations, in float64.

index.json names, for every row, its sources and the call of this library that gives its numbers.
"""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from compilation import AS_IT_COMES

import optzoo_jax as oz

HERE = Path(__file__).parent / "golden2"
ROWS = json.loads((HERE / "index.json").read_text())
TRAJECTORIES = np.load(HERE / "trajectories.npz")
PROBLEM = np.load(HERE / "problem.npz")


def split(flat, leaves):
    """Arrays flattened row by row and joined in order, as a list of arrays."""
    ends = np.cumsum([np.prod(shape) for shape in leaves])
    return [x.reshape(shape) for x, shape in zip(jnp.split(flat, ends[:-1]), leaves, strict=True)]


def joined(arrays):
    return jnp.concatenate([x.ravel() for x in arrays])


def trajectories(row):
    """The parameters after every step, and those to evaluate then."""
    suffix = {"v": ""}.get(row["problem"], row["problem"])
    values = jnp.asarray(row["schedule"] or [0.0])
    tx = eval(row["call"], {"oz": oz, "schedule": lambda count: values[count]})
    a, c, gradients = (jnp.asarray(PROBLEM[name + suffix]) for name in "AcG")

    def grad(params, t0):
        return split(gradients[t0] if row["scenario"] == "stream" else a @ (joined(params) - c), row["leaves"])

    def step(carry, t0):
        params, state = carry
        extra = {}
        if row["needs"] == "grad_fn":
            extra["grad_fn"] = lambda params: grad(params, t0)
        elif row["needs"] == "hessian_diagonal":
            extra["hessian_diagonal"] = split(jnp.asarray(PROBLEM[f"h_{row['scenario']}"])[t0], row["leaves"])
        updates, state = tx.update(grad(params, t0), state, params, **extra)
        params = optax.apply_updates(params, updates)
        return (params, state), (joined(params), joined(oz.eval_params(state, params)))

    params = split(jnp.asarray(PROBLEM["p0" + suffix]), row["leaves"])
    steps = jnp.arange(len(TRAJECTORIES[row["key"]]))
    run = jax.jit(lambda carry: jax.lax.scan(step, carry, steps)[1], compiler_options=AS_IT_COMES)
    return run((params, tx.init(params)))


def error(found, key):
    """The largest difference, in units of the larger of 1 and the recorded number."""
    recorded = TRAJECTORIES[key]
    return float(np.max(np.abs(found - recorded) / np.maximum(1, np.abs(recorded))))


def in_its_tier(row):
    """A quadratic asks what a stream of gradients asks, but where a method takes the gradient itself."""
    second = row["scenario"] == "quadratic" and row["needs"] != "grad_fn"
    return pytest.param(row, marks=pytest.mark.tier2 if second else (), id=row["key"])


@pytest.mark.parametrize("row", [in_its_tier(row) for row in ROWS])
def test_row_is_reproduced(row):
    path, evaluated = trajectories(row)
    assert error(path, row["key"]) <= row["rtol"]
    if row["eval_params"]:
        assert error(evaluated, f"{row['key']}__eval_params") <= row["rtol"]


def test_all_rows_are_there():
    assert len(ROWS) == len({row["key"] for row in ROWS}) == 148
