"""In each framework every method and wrapper does what it does to a tree of arrays in a loop by hand.

A run stops in the middle: its state goes to the host, by the framework's own way to save where it has one, and on.
"""

import functools
import io
import itertools
import pickle
from typing import NamedTuple

import chex
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx, serialization
from flax.training.train_state import TrainState
from frameworks.subjects import FRAMEWORKS, SUBJECTS, loss

import optzoo_jax as oz

BEFORE, AFTER = 3, 3  # a sync of two steps lies on both sides, none at the cut


class Weights(NamedTuple):
    """A tree with the names of Equinox: noise and what rounds draw numbers by an array's path."""

    weight: jax.Array
    bias: jax.Array


def flaxs(kernel, bias):
    return {"kernel": kernel, "bias": bias}


def start(container, shape):
    kernel = np.sin(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape)
    return container(jnp.asarray(kernel), jnp.asarray(kernel[0]))


def step_of(tx, arguments):
    tx = optax.with_extra_args_support(tx)

    def step(params, state):
        updates, state = tx.update(jax.grad(loss)(params), state, params, **arguments(params))
        return optax.apply_updates(params, updates), state

    return step


@functools.cache
def by_hand(name, container):
    subject = SUBJECTS[name]
    tx, params = subject.make(), start(container, subject.shape)
    state, step = tx.init(params), jax.jit(step_of(tx, subject.arguments))
    for _ in range(BEFORE + AFTER):
        params, state = step(params, state)
    return params, state


def plain(subject):
    """In one compiled loop; pickled."""
    tx, params = subject.make(), start(flaxs, subject.shape)
    step = step_of(tx, subject.arguments)

    def train(run, steps):
        return jax.jit(lambda run: jax.lax.scan(lambda run, _: (step(*run), None), run, length=steps)[0])(run)

    run = train((params, tx.init(params)), BEFORE)
    params, state = train(pickle.loads(pickle.dumps(jax.device_get(run))), AFTER)
    return params, state, params


def in_linen(subject):
    """In a TrainState; through Flax's bytes."""
    model = linen.Dense(subject.shape[1], param_dtype=jnp.float32)
    params = model.init(jax.random.key(0), jnp.ones((1, subject.shape[0]), jnp.float32))["params"]
    params = jax.tree.map(lambda drawn, x: x.reshape(drawn.shape), params, start(flaxs, subject.shape))
    fresh = state = TrainState.create(apply_fn=model.apply, params=params, tx=subject.make())

    @jax.jit
    def train(state):
        return state.apply_gradients(grads=jax.grad(loss)(state.params))

    for _ in range(BEFORE):
        state = train(state)
    state = serialization.from_bytes(fresh, serialization.to_bytes(state))
    for _ in range(AFTER):
        state = train(state)
    return state.params, state.opt_state, state.params


def in_nnx(subject):
    """In an nnx.Optimizer; split, as NumPy's arrays, and merged."""
    model = nnx.Linear(*subject.shape, rngs=nnx.Rngs(0), param_dtype=jnp.float32)
    nnx.update(model, start(flaxs, subject.shape))
    optimizer = nnx.Optimizer(model, subject.make(), wrt=nnx.Param)

    @nnx.jit
    def train(model, optimizer):
        grads = nnx.grad(lambda model: loss(nnx.as_pure(nnx.state(model, nnx.Param))))(model)
        optimizer.update(model, grads, **subject.arguments(nnx.as_pure(nnx.state(model, nnx.Param))))

    for _ in range(BEFORE):
        train(model, optimizer)
    graph, arrays = nnx.split((model, optimizer))
    model, optimizer = nnx.merge(graph, jax.device_get(arrays))
    for _ in range(AFTER):
        train(model, optimizer)
    params = nnx.state(model, nnx.Param)
    return params, optimizer.opt_state, nnx.to_pure_dict(params)


def in_equinox(subject):
    """Through a file of Equinox."""
    tx, weights = subject.make(), start(Weights, subject.shape)
    model = eqx.nn.Linear(*reversed(subject.shape), dtype=jnp.float32, key=jax.random.key(0))
    model = eqx.tree_at(lambda m: (m.weight, m.bias), model, tuple(weights))
    params, static = eqx.partition(model, eqx.is_inexact_array)
    step = eqx.filter_jit(step_of(tx, subject.arguments))
    fresh = run = params, tx.init(params)
    for _ in range(BEFORE):
        run = step(*run)
    file = io.BytesIO()
    eqx.tree_serialise_leaves(file, run)
    file.seek(0)
    run = eqx.tree_deserialise_leaves(file, fresh)
    for _ in range(AFTER):
        run = step(*run)
    params, state = run
    return params, state, Weights(params.weight, params.bias)


TRAIN = dict(zip(FRAMEWORKS, (plain, in_linen, in_nnx, in_equinox), strict=True))


@pytest.mark.tier2
@pytest.mark.parametrize(("name", "framework"), list(itertools.product(SUBJECTS, FRAMEWORKS)))
def test_it_is_what_it_is_by_hand(name, framework):
    subject = SUBJECTS[name]
    params, state, found = TRAIN[framework](subject)
    expected, by_hands = by_hand(name, Weights if framework == "Equinox" else flaxs)
    chex.assert_trees_all_equal(found, expected)
    assert oz.step(state) == oz.step(by_hands)
    assert oz.current_learning_rate(state) == oz.current_learning_rate(by_hands)
    evaluated = jax.tree.leaves(oz.eval_params(state, params))
    chex.assert_trees_all_equal(evaluated, jax.tree.leaves(oz.eval_params(by_hands, expected)))
    tx = subject.make()
    assert oz.state_bytes(tx, params) == oz.state_bytes(tx, expected)
    assert oz.explain(tx, params) == oz.explain(tx, expected)
