"""The largest eigenvalue from Hessian-vector products is that of the dense Hessian."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import optzoo_jax as oz
from optzoo_jax.experiments.problems import logistic
from optzoo_jax.experiments.training.program import initial_params
from optzoo_jax.experiments.training.sharpness import sharpness
from optzoo_jax.experiments.training.trainer import trainer


def dense_eigenvalues(problem, params):
    theta, as_params = ravel_pytree(params)
    return np.linalg.eigvalsh(
        jax.jit(jax.hessian(lambda t: problem.objective(as_params(t), *problem.data.train)))(theta)
    )


@pytest.mark.tier2
@pytest.mark.parametrize("together", [True, False])
def test_it_is_the_largest_eigenvalue_of_the_dense_hessian(together):
    problem = dataclasses.replace(logistic.make(components=6, penalty=0.1), together=together)
    keys = jax.vmap(jax.random.key)(np.arange(2, dtype=np.uint32))
    starts = initial_params(problem, keys)
    params = jax.tree.map(lambda p: jnp.stack([p, 30 * p, p * jnp.nan]), starts)
    found = np.asarray(sharpness(problem, params, *problem.data.train))
    assert found.shape == (3, 2)
    assert np.isnan(found[2]).all()
    for rate in range(2):
        for seed in range(2):
            expected = dense_eigenvalues(problem, jax.tree.map(lambda p, at=(rate, seed): p[at], params))[-1]
            assert found[rate, seed] == pytest.approx(expected, rel=1e-4)


def test_it_is_the_largest_not_the_farthest_from_zero():
    """The objective of a loss upside down, whose eigenvalue farthest from 0 is negative."""
    problem = logistic.make(components=4, penalty=0.0)
    upside_down = dataclasses.replace(problem, loss=lambda outputs, y: -problem.loss(outputs, y), penalty=0.01)
    params = initial_params(problem, jax.random.key(np.arange(1, dtype=np.uint32)[0])[None])
    values = dense_eigenvalues(upside_down, jax.tree.map(lambda p: p[0], params))
    assert -values[0] > 2 * values[-1] > 0
    found = sharpness(upside_down, jax.tree.map(lambda p: p[None], params), *problem.data.train)
    assert found[0, 0] == pytest.approx(values[-1], rel=1e-4)


def length(params):
    return jnp.linalg.norm(ravel_pytree(params)[0])


def test_a_record_has_what_is_measured_at_the_end():
    """Of the parameters that the test loss is measured at."""
    problem = logistic.make(components=2)

    def at_the_end(params):
        return {"length": jax.vmap(jax.vmap(length))(params)}

    runs = trainer(problem, oz.sgd, steps=2, batch_size=8)([0.0, 1e30], [0, 1], at_the_end)
    for run, seed in zip(runs, (0, 1), strict=False):
        assert run["length"] == pytest.approx(float(length(problem.init(jax.random.key(seed)))), rel=1e-6)
    assert [run["length"] for run in runs[2:]] == [None, None]
