"""Trajectories recorded from other people's implementations and from the equations, reproduced in float64.

index.json names, for every row, its source and the call of this library that gives its numbers.
"""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from compilation import AS_IT_COMES
from trajectories import run

import optzoo_jax
from optzoo_jax import get

HERE = Path(__file__).parent / "golden"
ROWS = json.loads((HERE / "index.json").read_text())
TRAJECTORIES = np.load(HERE / "trajectories.npz")
PROBLEM = np.load(HERE / "problem.npz")


def build(optimizer, kwargs):
    if "inner" in kwargs:
        return optzoo_jax.lookahead(build(**kwargs["inner"]), **{k: v for k, v in kwargs.items() if k != "inner"})
    return get(optimizer, **kwargs)


def grad_of(scenario):
    """The row's gradient as a pytree of a (3, 4) and a (5,) leaf."""
    if scenario == "stream":
        gradients = jnp.asarray(PROBLEM["G"])
        return lambda params, t0: split(gradients[t0])
    a, c = jnp.asarray(PROBLEM["A"]), jnp.asarray(PROBLEM["c"])
    return lambda params, t0: split(a @ (jnp.concatenate([params["w"].ravel(), params["b"]]) - c))


def split(flat):
    return {"w": flat[:12].reshape(3, 4), "b": flat[12:]}


def columns(recorded):
    """Recorded columns in the order of the leaves of `split`: b before w."""
    return np.concatenate([recorded[:, 12:], recorded[:, :12]], axis=1)


def error(row, tx=None, *, eager=False):
    """The largest difference to the recorded row, in units of its rtol·(1 + |recorded|), over all its steps."""
    recorded = columns(TRAJECTORIES[row["key"]])
    tx = tx or build(row["optimizer"], row["kwargs"])
    start = split(jnp.asarray(PROBLEM["p0"]))
    steps = 3 if eager else len(recorded)
    found = run(tx, grad_of(row["scenario"]), start, steps, eager=eager, options=AS_IT_COMES)
    # Parameters are of size 1 and cross 0, where a relative difference says nothing: hence 1 + |recorded|.
    return float(np.max(np.abs(found - recorded[:steps]) / (row["rtol"] * (1 + np.abs(recorded[:steps])))))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["key"])
def test_row_is_reproduced(row):
    assert error(row) <= 1


def test_all_rows_are_there():
    assert len(ROWS) == len({row["key"] for row in ROWS}) == len(TRAJECTORIES.files) == 144


@pytest.mark.parametrize("optimizer", sorted({row["optimizer"] for row in ROWS}))
def test_eager_is_the_same(optimizer):
    assert error(next(row for row in ROWS if row["optimizer"] == optimizer), eager=True) <= 1
