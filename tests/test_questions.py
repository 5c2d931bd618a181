"""Questions of a state get the right number in any nesting, whatever the parameters are called, or an error."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from optax import contrib
from tiers import FIRST_ORDER

import optzoo_jax as oz

pytestmark = pytest.mark.usefixtures("standard_promotion")
PARAMS = {"a": jnp.ones(2), "b": jnp.ones(2)}
LABELS = {"a": "a", "b": "b"}
STEPS = 8


def after(tx, params=PARAMS, steps=STEPS, **extra):
    """The state after some steps, and the last updates."""
    tx = optax.with_extra_args_support(tx)
    updates, state = None, tx.init(params)
    for _ in range(steps):
        updates, state = tx.update(params, state, params, **extra)
    return state, updates


def multi_steps(tx, k):
    return optax.MultiSteps(tx, k).gradient_transformation()


COUNTED = {
    "accumulate_gradients": (oz.accumulate_gradients(oz.adam(0.1), 4), 2),
    "MultiSteps": (multi_steps(oz.adam(0.1), 4), 2),
    "MultiSteps of what does not count": (multi_steps(optax.sgd(0.1), 4), 2),
    "a wrapper in a wrapper": (oz.lookahead(oz.compress_state(oz.adam(0.1))), 8),
    "packed": (oz.pack(oz.adam(0.1)), 8),
    "rounded": (oz.round_stochastically(oz.adam(0.1)), 8),
    "conditionally_mask": (optax.conditionally_mask(oz.adam(0.1), lambda step: step % 2 == 0), 4),
    "conditionally_transform": (optax.conditionally_transform(optax.sgd(0.1), lambda step: step % 2 == 0), 8),
    "apply_if_finite": (optax.apply_if_finite(oz.adam(0.1), 3), 8),
    "named_chain": (optax.named_chain(("clip", optax.clip(1.0)), ("adam", oz.adam(0.1))), 8),
    "a link from elsewhere": (oz.chain(optax.clip(1.0), oz.lookahead(oz.adam(0.1))), 8),
    "partition": (optax.partition({"a": oz.adam(0.1), "b": optax.adam(0.1)}, LABELS), 8),
    "noise before": (oz.chain(oz.add_gradient_noise(key=0), oz.adam(0.1)), 8),
    "reduce_on_plateau": (optax.chain(oz.sgd(0.1), contrib.reduce_on_plateau(accumulation_size=3)), 8),
    "schedule_free": (contrib.schedule_free(oz.sgd(0.1), 0.1), 8),
    "schedule_free of what does not count": (contrib.schedule_free(optax.sgd(0.1), 0.1), 8),
    "optax's adan": (optax.adan(0.1), 8),
    "inject_hyperparams": (optax.inject_hyperparams(optax.sgd)(lambda count: 0.1 / (1 + count)), 8),
}


@pytest.mark.tier2
@pytest.mark.parametrize("name", COUNTED)
def test_step_counts_what_reached_the_parameters(name):
    """The same in jit, where nothing can be compared."""
    tx, right = COUNTED[name]
    state, _ = after(tx, **({"value": 1.0} if name == "reduce_on_plateau" else {}))
    assert [oz.step(state), jax.jit(oz.step)(state)] == [right, right]
    assert oz.step(state).dtype == jnp.int32


@pytest.mark.parametrize("name", ["count", "gradient_step", "step_count", "learning_rate", "last_learning_rate"])
@pytest.mark.parametrize("number", [0.25, 10.0])
def test_a_parameter_is_no_answer_whatever_it_is_called(name, number):
    for tx in (oz.adam(0.1), oz.momentum(0.1), oz.lookahead(oz.momentum(0.1))):
        state, _ = after(tx, {name: jnp.asarray(number), "w": jnp.ones(2)})
        assert oz.step(state) == STEPS
        np.testing.assert_allclose(oz.current_learning_rate(state), 0.1)


NOT_COUNTED = {
    "groups that differ": (
        optax.partition({"a": multi_steps(oz.adam(0.1), 4), "b": oz.adam(0.1)}, LABELS),
        r"counters, which differ \(\.inner_states\['a'\].*gradient_step: 2.*\['b'\].*count: 8\): pass the part",
    ),
    "reduce_on_plateau": (optax.chain(optax.sgd(0.1), contrib.reduce_on_plateau()), "nothing in this state counts"),
    "noise around accumulation": (
        optax.chain(oz.add_gradient_noise(key=0), oz.accumulate_gradients(oz.adam(0.1), 4)), r"\[0\]\.count: 8"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_COUNTED)
def test_step_says_what_is_in_the_way(name):
    tx, message = NOT_COUNTED[name]
    state, _ = after(tx, value=1.0)
    with pytest.raises(ValueError, match=message):
        oz.step(state)


def test_groups_that_may_differ_have_no_step_in_a_trace():
    state, _ = after(optax.partition({x: multi_steps(oz.adam(0.1), 4) for x in "ab"}, LABELS))
    assert oz.step(state) == 2
    with pytest.raises(ValueError, match="counters, which differ"):
        jax.jit(oz.step)(state)


RATES = {
    "before": (optax.chain(optax.clip(1.0), oz.sgd(0.1)), {}),
    "a walk and its link": (oz.chain(optax.clip(1.0), oz.lookahead(oz.sgd(0.1), 100)), {}),
    "reduce_on_plateau": (optax.chain(oz.sgd(0.1), contrib.reduce_on_plateau(factor=0.1, patience=2)), {"value": 1.0}),
    "injected": (optax.inject_hyperparams(oz.sgd)(lambda count: 0.1 / (1 + count)), {}),
    "injected into optax's": (optax.inject_hyperparams(optax.sgd)(lambda count: 0.1 / (1 + count)), {}),
    "frozen": (optax.partition({"a": oz.sgd(0.1), "b": optax.set_to_zero()}, LABELS), {}),
    "groups with one rate": (optax.partition({"a": oz.sgd(0.1), "b": oz.lookahead(oz.sgd(0.1), 100)}, LABELS), {}),
    "MultiSteps": (multi_steps(oz.sgd(lambda count: 0.1 / (1 + count)), 4), {}),
    "accumulate_gradients": (oz.accumulate_gradients(oz.sgd(lambda count: 0.1 / (1 + count)), 4), {}),
    "conditionally_mask": (optax.conditionally_mask(oz.sgd(0.1), lambda step: step < 100), {}),
    "decay after the rate": (oz.sgd(lambda count: 0.1 / (1 + count), weight_decay=0.0), {}),
}


@pytest.mark.parametrize("name", RATES)
def test_the_learning_rate_is_what_the_gradient_was_multiplied_by(name):
    tx, extra = RATES[name]
    state, updates = after(tx, **extra)
    np.testing.assert_allclose(oz.current_learning_rate(state), -updates["a"][0], rtol=1e-6)


@oz.piece("x → x")
def halve(x):
    return x / 2


UNKNOWN = {
    "a scale after it": (optax.chain(oz.sgd(0.1), optax.scale(0.5)), r"\[1\] may change the learning rate at \[0\]"),
    "a schedule after it": (optax.chain(oz.sgd(0.1), optax.scale_by_schedule(jnp.cos)), r"\[1\] may change"),
    "a schedule before it": (
        optax.chain(oz.scale_by_adam(), optax.scale_by_schedule(jnp.cos), oz.scale_by_learning_rate(1.0)),
        r"\[1\] may change the learning rate at \[2\]",
    ),
    "plateaus before it": (optax.chain(contrib.reduce_on_plateau(), oz.sgd(0.1)), r"\[0\] may change"),
    "one after another": (optax.chain(oz.sgd(0.1), oz.sgd(0.1)), r"\[1\] may change the learning rate at \[0\]"),
    "a scale in one walk": (oz.chain(oz.sgd(0.1), optax.scale(0.5)), "of the root is not one number"),
    "a piece of a user's": (oz.chain(oz.sgd(0.1), halve()), "of the root is not one number"),
    "a piece after a wrapper": (oz.chain(oz.lookahead(oz.sgd(0.1)), halve()), "of the root is not one number"),
    "two in one walk": (
        oz.join(jnp.add, oz.sgd(0.1), oz.sgd(0.2)),
        "of the root is not one number",
    ),
    "groups that differ": (
        optax.partition({"a": oz.sgd(0.1), "b": oz.sgd(0.2)}, LABELS), "2 learning rates, which differ"
    ),
    "a group of optax's": (
        optax.partition({"a": oz.sgd(0.1), "b": optax.sgd(0.2)}, LABELS), r"\['b'\] has no learning rate that is known"
    ),
    "mechanize": (contrib.mechanize(oz.sgd(0.1)), "MechanicState at the root may change"),
    "conditionally_transform": (
        optax.conditionally_transform(oz.sgd(0.1), lambda step: step < 2), "ConditionallyTransformState at the root"
    ),
    "an injected rate, scaled": (
        optax.inject_hyperparams(lambda learning_rate: optax.chain(
            optax.sgd(learning_rate), optax.scale_by_schedule(jnp.cos)))(0.1), "no learning rate is in this state"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_learning_rate_that_cannot_be_told_is_an_error(name):
    tx, message = UNKNOWN[name]
    state = tx.init(PARAMS)
    with pytest.raises(ValueError, match=message):
        oz.current_learning_rate(state)


def test_questions_of_several_runs_at_once():
    tx = oz.lookahead(oz.adam(lambda count: 0.1 / (1 + count)))
    states = jax.vmap(lambda params: after(tx, params, 3)[0])(jnp.ones((4, 2)))
    assert oz.step(states).tolist() == [3] * 4
    np.testing.assert_allclose(oz.current_learning_rate(states), [0.1 / 3] * 4, rtol=1e-6)


@pytest.mark.parametrize("name", ["adam", "lookahead", "partition", "inject"])
def test_questions_of_a_state_in_nnx(name):
    """There each array is in a Variable, and the state's own structure stays."""
    schedule = optax.linear_schedule(0.1, 0.0, 10)
    tx = {
        "adam": oz.adam(schedule),
        "lookahead": oz.lookahead(oz.adam(schedule)),
        "partition": optax.partition({"all": oz.adam(schedule)}, "all"),
        "inject": optax.inject_hyperparams(optax.adam)(schedule),
    }[name]
    model = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    for _ in range(3):
        optimizer.update(model, nnx.grad(lambda m: jnp.sum(m(jnp.ones((1, 2)))))(model))
    assert oz.step(optimizer.opt_state) == 3
    np.testing.assert_allclose(oz.current_learning_rate(optimizer.opt_state), 0.08, rtol=1e-6)


def test_the_record_of_the_rate_cannot_be_set():
    """optax.tree.set finds no `learning_rate`, and under inject_hyperparams it finds one, which is used."""
    for name in FIRST_ORDER:
        with pytest.raises(KeyError, match="learning_rate"):
            optax.tree.set(oz.get(name, learning_rate=0.1).init(PARAMS), learning_rate=0.2)
    tx = optax.inject_hyperparams(oz.sgd)(0.1)
    updates, state = tx.update(PARAMS, optax.tree.set(tx.init(PARAMS), learning_rate=jnp.asarray(0.2)), PARAMS)
    np.testing.assert_allclose(updates["a"], -0.2, rtol=1e-6)
    np.testing.assert_allclose(oz.current_learning_rate(state), 0.2, rtol=1e-6)


@pytest.mark.parametrize("name", ["adam", "lion", "adamw", "rmsprop", "amsgrad", "adabelief", "novograd", "sgd"])
def test_of_optax_an_answer_is_right_or_none(name):
    state, _ = after(getattr(optax, name)(lambda count: 0.1))
    assert oz.step(state) == STEPS
    with pytest.raises(ValueError, match="no learning rate is in this state"):
        oz.current_learning_rate(state)


ACCUMULATED = {
    "long accumulation": oz.accumulate_gradients(oz.adamw(0.1), 100),
    "a decay that begins late": oz.adamw(0.1, weight_decay=lambda count: jnp.where(count < 1000, 0.0, 0.1)),
    "packed": oz.pack(oz.adamw(0.1)),
    "in wrappers": oz.lookahead(oz.compress_state(oz.adamw(0.1)), 2),
}


@pytest.mark.parametrize("name", ACCUMULATED)
def test_explain_reads_decay_from_the_composition(name):
    """No eight steps would show it; and a decay of 0 is none, nor is it where a mask leaves it out."""
    assert [row.decay for row in oz.explain(ACCUMULATED[name], PARAMS)] == [True, True]


def test_explain_sees_masks_in_wrappers():
    tx = oz.accumulate_gradients(oz.adamw(0.1, mask=lambda params: {"a": True, "b": False}), 100)
    assert [row.decay for row in oz.explain(tx, PARAMS)] == [True, False]
    assert [row.decay for row in oz.explain(oz.sgd(0.1, weight_decay=0.0), PARAMS)] == [False, False]
    of_some = oz.sgd(0.1, weight_decay=jnp.asarray([0.0, 0.1], jnp.float32))
    assert [row.decay for row in oz.explain(of_some, PARAMS)] == [True, True]


def test_every_named_optimizer_has_one_rate():
    """In its composition: else its record would be of one of several."""
    for name in FIRST_ORDER:
        for variant in oz.card(name).variants or [None]:
            state = oz.get(name, learning_rate=0.25, **({"variant": variant} if variant else {})).init(PARAMS)
            assert oz.current_learning_rate(state) == 0.25
