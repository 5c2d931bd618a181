"""The largest eigenvalue from Hessian-vector products is that of the dense Hessian."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from optzoo_jax.experiments.problems import logistic
from optzoo_jax.experiments.training.sharpness import sharpness


def dense_eigenvalues(problem, params):
    theta, as_params = ravel_pytree(params)
    return np.linalg.eigvalsh(
        jax.jit(jax.hessian(lambda t: problem.objective(as_params(t), *problem.data.train)))(theta)
    )


@pytest.mark.tier2
@pytest.mark.parametrize("times", [1, 30])
def test_it_is_the_largest_eigenvalue_of_the_dense_hessian(times):
    problem = logistic.make(components=6, penalty=0.1)
    params = jax.tree.map(lambda p: times * p, problem.init(jax.random.key(times)))
    found = sharpness(problem, params, *problem.data.train)
    assert found == pytest.approx(dense_eigenvalues(problem, params)[-1], rel=1e-4)
    assert np.isnan(sharpness(problem, jax.tree.map(lambda p: p * jnp.nan, params), *problem.data.train))


def test_it_is_the_largest_not_the_farthest_from_zero():
    """The objective of a loss upside down, whose eigenvalue farthest from 0 is negative."""
    problem = logistic.make(components=4, penalty=0.0)
    upside_down = dataclasses.replace(problem, loss=lambda outputs, y: -problem.loss(outputs, y), penalty=0.01)
    params = problem.init(jax.random.key(0))
    values = dense_eigenvalues(upside_down, params)
    assert -values[0] > 2 * values[-1] > 0
    assert sharpness(upside_down, params, *problem.data.train) == pytest.approx(values[-1], rel=1e-4)
