"""Which parameters are to be evaluated: what a state says that has a word in it, whoever wrote it, and no guess."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz

pytestmark = pytest.mark.usefixtures("standard_promotion")
PARAMS = {
    "dense": {"w": jnp.ones((2, 3), jnp.float32), "b": jnp.ones(3, jnp.float32)},
    "head": jnp.ones(4, jnp.bfloat16),
}
LABELS = {"dense": "body", "head": "head"}


class EmaState(NamedTuple):
    """As a user writes it, who has never heard of masks: a mean of the parameters, in float32."""

    inner_state: Any
    mean: Any

    def params_to_evaluate(self, params):
        return jax.tree.map(lambda mean, p: mean + 0 * p, self.mean, params)


def averaged(inner, decay=0.5):
    inner = optax.with_extra_args_support(inner)

    def init(params):
        return EmaState(inner.init(params), jax.tree.map(lambda p: p.astype(jnp.float32), params))

    def update(updates, state, params=None, **extra):
        updates, inner_state = inner.update(updates, state.inner_state, params, **extra)
        new = optax.apply_updates(params, updates)
        mean = jax.tree.map(lambda m, p: decay * m + (1 - decay) * p.astype(jnp.float32), state.mean, new)
        return updates, EmaState(inner_state, mean)

    return optax.GradientTransformationExtraArgs(init, update)


def multi_steps(tx):
    steps = optax.MultiSteps(tx, every_k_schedule=2)
    return optax.GradientTransformation(steps.init, lambda g, state, params: steps.update(g, state, params))


ALL, BODY = ("dense", "head"), ("dense",)
NESTED = {
    "by itself": (lambda tx: tx, 1, ALL),
    "in a chain": (lambda tx: optax.chain(optax.clip(1.0), optax.chain(tx)), 1, ALL),
    "around masked": (lambda tx: averaged(optax.masked(oz.momentum(0.5), {"dense": True, "head": False})), 1, ALL),
    "masked": (lambda tx: optax.masked(tx, {"dense": True, "head": False}), 1, BODY),
    "masked within": (lambda tx: optax.masked(tx, {"dense": {"w": True, "b": False}, "head": True}), 1, ("w", "head")),
    "a group": (lambda tx: optax.partition({"body": tx, "head": optax.sgd(0.1)}, LABELS), 1, BODY),
    "each group": (lambda tx: optax.partition({"body": tx, "head": averaged(oz.adam(0.1))}, LABELS), 1, ALL),
    "MultiSteps": (multi_steps, 2, ALL),
    "apply_if_finite": (lambda tx: optax.apply_if_finite(tx, 3), 1, ALL),
    "accumulate_gradients": (lambda tx: oz.accumulate_gradients(tx, 2), 2, ALL),
    "compress_state": (oz.compress_state, 1, ALL),
}


@pytest.mark.parametrize("nesting", NESTED)
def test_a_users_average_is_asked_wherever_it_is(nesting):
    wrap, period, answered = NESTED[nesting]
    tx, params = wrap(averaged(oz.sgd(0.5))), PARAMS
    state, mean = tx.init(params), jax.tree.map(lambda p: p.astype(jnp.float32), params)
    for t in range(4):
        updates, state = tx.update(jax.tree.map(jnp.ones_like, params), state, params)
        params = optax.apply_updates(params, updates)
        if t % period == period - 1:
            mean = jax.tree.map(lambda m, p: 0.5 * m + 0.5 * p.astype(jnp.float32), mean, params)
    found = jax.tree_util.tree_leaves_with_path(oz.eval_params(state, params))
    for (path, x), p, m in zip(found, jax.tree.leaves(params), jax.tree.leaves(mean), strict=True):
        is_answered = any(key.key in answered for key in path)
        assert not jnp.array_equal(m.astype(p.dtype), p)
        np.testing.assert_array_equal(x, m.astype(p.dtype) if is_answered else p)
        assert x.dtype == p.dtype


def test_groups_of_which_one_looks_ahead():
    """Its slow weights, and the other's own."""
    tx = optax.partition({"body": oz.lookahead(oz.sgd(1.0), 5), "head": oz.sgd(0.1)}, LABELS)
    updates, state = tx.update(jax.tree.map(lambda p: -jnp.ones_like(p), PARAMS), tx.init(PARAMS), PARAMS)
    moved = optax.apply_updates(PARAMS, updates)
    found = oz.eval_params(state, moved)
    np.testing.assert_array_equal(found["dense"]["w"], PARAMS["dense"]["w"])
    assert np.all(moved["dense"]["w"] == PARAMS["dense"]["w"] + 1)
    np.testing.assert_array_equal(found["head"].astype(float), moved["head"].astype(float))
    assert found["head"].dtype == jnp.bfloat16


@pytest.mark.parametrize("mask", [True, False], ids=["all", "some"])
def test_schedule_free_of_optax(mask):
    """Masked, as optax's own function cannot be asked."""
    alone, params = optax.contrib.schedule_free(oz.sgd(0.1), 0.1), {"w": jnp.ones(3), "b": jnp.ones(2)}
    tx = optax.masked(alone, {"w": True, "b": mask})
    (_, state), (_, whole) = (t.update(params, t.init(params), params) for t in (tx, alone))
    expected, found = optax.contrib.schedule_free_eval_params(whole, params), oz.eval_params(state, params)
    np.testing.assert_array_equal(found["w"], expected["w"])
    np.testing.assert_array_equal(found["b"], expected["b"] if mask else params["b"])
    assert jnp.all(expected["b"] != params["b"])


def test_sam_of_optax_is_evaluated_where_it_is_not_uphill():
    start = jnp.asarray([1.0, 2.0])
    tx = optax.contrib.sam(optax.sgd(0.1), optax.sgd(0.5))
    params, state, seen = start, tx.init(start), []
    for _ in range(3):
        updates, state = tx.update(params, state, params)
        params = optax.apply_updates(params, updates)
        seen.append((params, oz.eval_params(state, params)))
    (uphill, first), (landed, second), (_, third) = seen
    np.testing.assert_array_equal(first, start)
    np.testing.assert_array_equal(uphill, 1.5 * start)
    np.testing.assert_array_equal(second, landed)
    np.testing.assert_array_equal(third, landed)


def test_sam_of_optax_without_visits_uphill_leaves_the_word_to_what_is_in_it():
    start = jnp.asarray([1.0, 2.0])
    tx = optax.contrib.sam(oz.lookahead(oz.sgd(0.1)), optax.sgd(0.5), opaque_mode=True)
    updates, state = tx.update(start, tx.init(start), start, grad_fn=lambda params, _: params)
    np.testing.assert_allclose(oz.eval_params(state, start + updates), start, rtol=1e-6)


def test_the_slow_ones_of_a_pair():
    pair = optax.LookaheadParams(fast=jnp.ones(2), slow=jnp.zeros(2))
    tx = optax.lookahead(optax.sgd(0.1), 5, 0.5)
    np.testing.assert_array_equal(oz.eval_params(tx.init(pair), pair), pair.slow)


@jax.tree_util.register_pytree_node_class
class Box:
    """A state that is no tuple, and answers."""

    def __init__(self, inside, mean):
        self.inside, self.mean = inside, mean

    def tree_flatten(self):
        return (self.inside, self.mean), None

    @classmethod
    def tree_unflatten(cls, _, children):
        return cls(*children)

    def params_to_evaluate(self, params):
        return self.mean


TWO = {
    "EmaState and AverageState": lambda: averaged(oz.average_params(oz.sgd(0.1))).init(PARAMS),
    "EmaState and EmaState": lambda: optax.chain(averaged(oz.sgd(0.1)), averaged(optax.identity(), 0.9)).init(PARAMS),
    "Box and LookaheadState": lambda: Box(oz.lookahead(oz.sgd(0.1)).init(PARAMS), PARAMS),
    "SAMState and LookaheadState": lambda: optax.contrib.sam(oz.lookahead(oz.sgd(0.1)), optax.sgd(1.0)).init(PARAMS),
}


@pytest.mark.parametrize("names", TWO)
def test_two_that_answer_for_the_same_parameters_are_refused(names):
    with pytest.raises(ValueError, match=f"^{names} both know parameters to evaluate: pass the one"):
        oz.eval_params(TWO[names](), PARAMS)


def test_an_answer_of_another_tree_is_refused():
    with pytest.raises(ValueError, match=r"^Box answers with another tree than the parameters, PyTreeDef\(\*\)\.$"):
        oz.eval_params(Box(None, jnp.ones(2)), PARAMS)


def test_an_answer_without_a_tree_of_its_own_is_for_all_parameters():
    class Scale(NamedTuple):
        count: Any

        def params_to_evaluate(self, params):
            return jax.tree.map(lambda p: 2 * p, params)

    np.testing.assert_array_equal(oz.eval_params((Scale(jnp.zeros(())),), {"w": jnp.ones(2)})["w"], [2, 2])


def test_numbers_of_groups_are_not_taken_for_parameters():
    """Beside a mean of the head alone, a number for each group, which has the parameters' names."""

    class Weighed(NamedTuple):
        weights: Any
        mean: Any

        def params_to_evaluate(self, params):
            return jax.tree.map(lambda mean, p: mean, self.mean, params)

    mean = {"dense": optax.MaskedNode(), "head": jnp.zeros(4)}
    found = oz.eval_params(Weighed({"dense": jnp.ones(()), "head": jnp.ones(())}, mean), PARAMS)
    assert found["dense"]["w"] is PARAMS["dense"]["w"]
    assert jnp.all(found["head"] == 0)


def test_what_averages_gradients_is_not_asked():
    params = {"w": jnp.ones(2)}
    tx = optax.chain(optax.ema(0.9), optax.sgd(0.1))
    _, state = tx.update(params, tx.init(params), params)
    assert oz.eval_params(state, params)["w"] is params["w"]
    with pytest.raises(ValueError, match=r"^optax\.ema averages what it is given, .* evaluate what its update returns"):
        oz.eval_params(optax.ema(0.9).init(params), params)
