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
from frameworks.nnx_releases import HOLDS_MODEL
from frameworks.subjects import FRAMEWORKS, OTHERWISE, SUBJECTS, loss

import optzoo_jax as oz

BEFORE, AFTER = 3, 3  # a sync of two steps lies on both sides, none at the cut


class Weights(NamedTuple):
    """A tree with the names of Equinox: noise and what rounds draw numbers by an array's path."""

    weight: jax.Array
    bias: jax.Array


def flaxs(kernel, bias):
    return {"kernel": kernel, "bias": bias}


def start(container, subject):
    kernel = np.sin(np.arange(np.prod(subject.shape), dtype=np.float32)).reshape(subject.shape)
    return container(jnp.asarray(kernel, subject.dtype), jnp.asarray(kernel[0], subject.dtype))


def step_of(tx, arguments):
    tx = optax.with_extra_args_support(tx)

    def step(params, state):
        updates, state = tx.update(jax.grad(loss)(params), state, params, **arguments(params))
        return optax.apply_updates(params, updates), state

    return step


@functools.cache
def by_hand(name, container):
    subject = SUBJECTS[name]
    tx, params = subject.make(), start(container, subject)
    state, step = tx.init(params), jax.jit(step_of(tx, subject.arguments))
    for _ in range(BEFORE + AFTER):
        params, state = step(params, state)
    return params, state


def plain(subject):
    """In one compiled loop; pickled."""
    tx, params = subject.make(), start(flaxs, subject)
    step = step_of(tx, subject.arguments)

    def train(run, steps):
        return jax.jit(lambda run: jax.lax.scan(lambda run, _: (step(*run), None), run, length=steps)[0])(run)

    run = train((params, tx.init(params)), BEFORE)
    params, state = train(pickle.loads(pickle.dumps(jax.device_get(run))), AFTER)
    return params, state, params


def by_apply_gradients(state, grads, more):
    """As everybody does, which loses what is asked for besides."""
    return state.apply_gradients(grads=grads)


def by_update(state, grads, more):
    updates, opt_state = state.tx.update(grads, state.opt_state, state.params, **more)
    params = optax.apply_updates(state.params, updates)
    return state.replace(step=state.step + 1, params=params, opt_state=opt_state)


def in_linen(subject, one_step=by_apply_gradients):
    """In a TrainState; through Flax's bytes."""
    model = linen.Dense(subject.shape[1], param_dtype=subject.dtype)
    params = model.init(jax.random.key(0), jnp.ones((1, subject.shape[0]), subject.dtype))["params"]
    params = jax.tree.map(lambda drawn, x: x.reshape(drawn.shape), params, start(flaxs, subject))
    fresh = state = TrainState.create(apply_fn=model.apply, params=params, tx=subject.make())

    @jax.jit
    def train(state):
        return one_step(state, jax.grad(loss)(state.params), subject.arguments(state.params))

    for _ in range(BEFORE):
        state = train(state)
    state = serialization.from_bytes(fresh, serialization.to_bytes(state))
    for _ in range(AFTER):
        state = train(state)
    return state.params, state.opt_state, state.params


def in_nnx(subject):
    """In an nnx.Optimizer; split, as NumPy's arrays, and merged."""
    if HOLDS_MODEL:
        pytest.skip(ANOTHER_NNX)
    model = nnx.Linear(*subject.shape, rngs=nnx.Rngs(0), param_dtype=subject.dtype)
    nnx.update(model, start(flaxs, subject))
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
    tx, weights = subject.make(), start(Weights, subject)
    model = eqx.nn.Linear(*reversed(subject.shape), dtype=subject.dtype, key=jax.random.key(0))
    model = eqx.tree_at(lambda m: (m.weight, m.bias), model, tuple(weights))
    params = eqx.filter(model, eqx.is_inexact_array)
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


ANOTHER_NNX = "before Flax 0.11 an nnx.Optimizer has other paths and leaves, and there is no nnx.as_pure"
TRAIN = dict(zip(FRAMEWORKS, (plain, in_linen, in_nnx, in_equinox), strict=True))


NAMED = {name.split(",")[0] for name in SUBJECTS}
CASES = [case for case in itertools.product(SUBJECTS, FRAMEWORKS) if case not in OTHERWISE]
FIRST = [("compress_state", "nnx"), ("lookahead, pullback of codes", "nnx"), ("sharpness_aware", "nnx")]


def check(name, container, params, state, found):
    """The same numbers, and the same answers to every question."""
    expected, by_hands = by_hand(name, container)
    chex.assert_trees_all_equal(found, expected)
    assert oz.step(state) == oz.step(by_hands) == (BEFORE + AFTER) // (2 if name == "accumulate_gradients" else 1)
    assert oz.current_learning_rate(state) == oz.current_learning_rate(by_hands)
    evaluated = oz.eval_params(state, params)
    assert jax.tree.structure(evaluated) == jax.tree.structure(params)
    chex.assert_trees_all_equal(*(jax.tree.leaves(x) for x in (evaluated, oz.eval_params(by_hands, expected))))
    tx = SUBJECTS[name].make()
    assert oz.state_bytes(tx, params) == oz.state_bytes(tx, expected)
    assert oz.explain(tx, params) == oz.explain(tx, expected)


@pytest.mark.tier2
@pytest.mark.parametrize(
    ("name", "framework"), [x if x in FIRST else pytest.param(*x, marks=pytest.mark.tier2) for x in CASES]
)
def test_it_is_what_it_is_by_hand(name, framework):
    check(name, Weights if framework == "Equinox" else flaxs, *TRAIN[framework](SUBJECTS[name]))


@pytest.mark.tier2
@pytest.mark.parametrize(("name", "framework"), OTHERWISE)
def test_what_a_framework_does_not_hand_on_is_missed_and_goes_otherwise(name, framework):
    subject = SUBJECTS[name]
    assert framework == "linen"
    with pytest.raises(TypeError, match=f"{subject.more}="):
        in_linen(subject)
    check(name, flaxs, *in_linen(subject, by_update))


def test_every_method_and_every_wrapper_is_tried():
    wrappers = {name for name in oz.__all__ if getattr(oz, name).__module__.startswith("optzoo_jax.wrappers.")}
    states = {"pack_state", "unpack_state"}  # of pack, into and out of it
    assert set(oz.list_optimizers()) - {"early_stopping"} | wrappers - states == NAMED


@pytest.mark.skipif(HOLDS_MODEL, reason=ANOTHER_NNX)
@pytest.mark.parametrize("name", SUBJECTS)
def test_a_state_of_variables_has_the_arrays_of_a_plain_one(name):
    """Under the same names; those that are compressed too."""
    subject = SUBJECTS[name]
    tx, params = subject.make(), start(flaxs, subject)
    model = nnx.eval_shape(lambda: nnx.Linear(*subject.shape, rngs=nnx.Rngs(0), param_dtype=subject.dtype))
    state = nnx.eval_shape(lambda: nnx.Optimizer(model, tx, wrt=nnx.Param)).opt_state

    def named(state):
        return {jax.tree_util.keystr(path).removesuffix(".value"): (x.shape, x.dtype) for path, x in
                jax.tree_util.tree_leaves_with_path(state)}  # fmt: skip

    assert named(state) == named(jax.eval_shape(tx.init, params))


def test_what_is_compressed_is_large_enough():
    plain, *compressed = (
        oz.state_bytes(subject.make(), start(flaxs, subject))
        for subject in (SUBJECTS["adam"], *(SUBJECTS[name] for name in SUBJECTS if name.startswith("compress_state")))
    )
    assert len(compressed) == 4
    assert all(size < 0.6 * plain for size in compressed)
