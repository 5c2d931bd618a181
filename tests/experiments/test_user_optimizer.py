"""A user's own optimizer in a race, as a factory or `module:factory@rate`, and what is said where it cannot."""

import functools
import importlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz
from optzoo_jax.experiments.methods.entries import DEFAULT, QUICK, Entry, Knob, default_names, entry, racing, select
from optzoo_jax.experiments.methods.user_optimizer import user_entry
from optzoo_jax.experiments.training.schedules import Scheduled, schedule
from optzoo_jax.like import torch as like_torch

pytestmark = pytest.mark.tier2

MODULE = """
import jax.numpy as jnp
import optax
import optzoo_jax

def mine(learning_rate=0.02, momentum=0.9):
    return optzoo_jax.momentum(learning_rate, momentum)

def without_default(learning_rate):
    return optax.sgd(learning_rate)

def reads_it(learning_rate=0.1):
    return optax.sgd(float(learning_rate))

def returns_a_number(learning_rate=0.1):
    return 3

def wants_more(learning_rate, other):
    return optax.sgd(learning_rate)

constant = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module in the current folder."""
    (tmp_path / "my_own_optimizers.py").write_text(MODULE)
    (tmp_path / "needs_more.py").write_text("import surely_not_installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    yield "my_own_optimizers"
    sys.modules.pop("my_own_optimizers", None)
    importlib.invalidate_caches()


def test_a_factory_in_the_current_folder_joins(module):
    found = user_entry(f"{module}:mine")
    assert (found.name, found.learning_rate) == (f"{module}:mine", 0.02)
    assert found.call.format(rate=0.1, knob=0.8) == f"{module}.mine(0.1, momentum=0.8)"
    assert oz.describe(found.make(0.1, 0.8)) == oz.describe(oz.momentum(0.1, 0.8))


def test_a_factory_of_a_file_joins(module, tmp_path):
    assert user_entry(f"{tmp_path}/my_own_optimizers.py:mine").learning_rate == 0.02


def test_a_rate_is_given_or_nobody_names_one(module):
    assert user_entry("optax:lion@1e-4").learning_rate == 1e-4
    assert user_entry("optax.contrib:prodigy@2").learning_rate == 2
    found = user_entry(f"{module}:without_default")
    assert (found.learning_rate, found.untuned_call) == (None, "")


def test_a_factory_of_the_library_is_the_method_of_its_name():
    assert Entry.of(oz.adamw) is entry("adamw")
    assert racing([oz.adamw, "adamw", entry("adamw")]) == [entry("adamw")]
    partial = Entry.of(functools.partial(oz.adamw, b2=0.9))
    assert partial.name == "adamw(b2=0.9)"
    assert partial.call.format(rate=0.1, knob=0.8) == "oz.adamw(0.1, b2=0.9, b1=0.8)"


def test_a_method_with_a_card_of_ones_own_joins_as_a_function():
    @oz.optimizer(learning_rate=0.25)
    def of_ones_own(learning_rate, b1=0.8):
        return oz.debiased_ema(b1)

    found = Entry.of(of_ones_own)
    assert (found.name, found.learning_rate, found.knob.name) == ("of_ones_own", 0.25, "b1")
    with pytest.raises(ValueError, match=r"of_ones_own is a method of your own: give race\(of_ones_own, …\)"):
        entry("of_ones_own")


def factory(**defaults):
    """A function whose arguments behind the learning rate have these defaults."""
    given = ", ".join(f"{name}={value!r}" for name, value in defaults.items())
    found = {}
    exec(f"import optax\ndef f(rate{', ' * bool(given)}{given}): return optax.sgd(rate)", found)
    return found["f"]


@pytest.mark.parametrize(
    ("defaults", "knob"),
    [
        ({"b2": 0.5, "b1": 0.8, "weight_decay": 0.1}, Knob("b1", 0.005, 0.5, True, 0.8)),
        ({"momentum": 0.9}, Knob("momentum", 0.005, 0.5, True, 0.9)),
        ({"beta": 0.95}, Knob("beta", 0.005, 0.5, True, 0.95)),
        ({"momentum": None, "weight_decay": 0.1}, Knob("weight_decay", 1e-4, 1.0, False, 0.1)),
        ({"momentum": 0.0, "weight_decay": None}, Knob("weight_decay", 1e-4, 1.0, False, 0.0)),
        ({"nesterov": True, "eps": 1e-8}, None),
        ({}, None),
    ],
)
def test_the_knob_is_found_in_the_signature(defaults, knob):
    assert Entry.of(factory(**defaults)).knob == knob


def test_a_knob_whose_value_must_be_known_is_left_alone():
    def looks(rate, weight_decay=0.1):
        return optax.chain(
            optax.add_decayed_weights(weight_decay) if weight_decay else optax.identity(), optax.sgd(rate)
        )

    assert Entry.of(looks).knob is None
    assert Entry.of(looks).call == "test_user_optimizer.looks({rate})"


@pytest.mark.usefixtures("standard_promotion")  # optax's own mix dtypes
@pytest.mark.parametrize(
    ("factory", "call"),
    [
        (like_torch.AdamW, "optzoo_jax.like.torch.AdamW({rate}, weight_decay={knob})"),
        (optax.contrib.muon, "optax.contrib.muon({rate}, beta={knob})"),
        (optax.adam, "optax.adam({rate}, b1={knob})"),
    ],
)
def test_a_call_is_one_that_can_be_typed(factory, call):
    assert Entry.of(factory).call == call


def test_a_factory_that_takes_numbers_only_follows_a_schedule():
    def numbers(rate):
        return optax.chain(optax.trace(0.9), optax.scale(-1.0 * rate))

    rate = schedule("cosine", 4)(jnp.float32(0.5))
    found, expected = (
        Entry.of(numbers).make(rate, None),
        optax.chain(optax.trace(0.9), optax.scale_by_learning_rate(rate)),
    )
    params = jnp.float32([1.0, -2.0])
    ours, theirs = found.init(params), expected.init(params)
    for t in range(4):
        update, ours = found.update(params * (t + 1), ours, params)
        wanted, theirs = expected.update(params * (t + 1), theirs, params)
        np.testing.assert_allclose(update, wanted, rtol=1e-6)
    with pytest.raises(TypeError):
        numbers(Scheduled(jnp.float32(1.0), jnp.ones_like))


@pytest.mark.parametrize("name", dict.fromkeys([*DEFAULT, *QUICK, "lookahead(adam)", "ranger", "radam[torch]"]))
def test_a_step_is_traced_with_rate_and_knob_and_is_the_cards_own_at_the_knobs_default(name, standard_promotion):
    found = entry(name)
    params = {"w": jnp.float32([[1.0, -2.0], [0.5, 3.0]])}

    def step(make):
        tx = optax.with_extra_args_support(make())
        return tx.update(params, tx.init(params), params, value_fn=lambda p: jnp.float32(1.0))[0]["w"]

    tuned = jax.jit(lambda rate, knob: step(lambda: found.make(rate, knob)))
    default = np.asarray(tuned(jnp.float32(0.1), jnp.float32(found.knob.default)))
    np.testing.assert_allclose(default, step(lambda: found.untuned(jnp.float32(0.1))), rtol=1e-5, atol=1e-7)
    call = found.call.format(rate=0.1, knob=found.knob.default)
    np.testing.assert_allclose(default, step(lambda: eval(call, {"oz": oz})), rtol=1e-4, atol=1e-6)


def test_names_patterns_and_variants():
    assert [e.name for e in select([])] == default_names()
    assert [e.name for e in select(["adam", "radam[torch]", "adam", "lookahead"])] == [
        "adam",
        "radam[torch]",
        "lookahead(adam)",
    ]
    assert {"adamw", "adabelief", "adafactor"} <= {e.name for e in select(["ada*"])}
    assert {e.name for e in racing(DEFAULT)} > {e.name for e in racing(QUICK)}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("adabeleif", "Did you mean 'adabelief'"),
        ("radam[torhc]", "Did you mean 'torch'"),
        ("momentum[torch]", "momentum has no variants; write 'momentum'"),
        ("lookahead(adem)", "adem"),
        ("clip_by_global_norm", "no optimizer is called|does not train a model by itself"),
    ],
)
def test_a_word_that_means_nothing_is_an_error(word, message):
    with pytest.raises(ValueError, match=message):
        select([word])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", r"is not of the form MODULE:FACTORY@RATE, such as optax:lion@1e-4"),
        ("no_such_module:adam", r"there is no module 'no_such_module', neither in .* nor installed"),
        ("needs_more:adam", r"needs_more imports surely_not_installed, which is not installed"),
        ("{}:mime", r"the module my_own_optimizers has no 'mime'\. Did you mean my_own_optimizers:mine\?"),
        ("{}:constant", r"my_own_optimizers:constant is int, not a function of the learning rate"),
        ("{}:mine@fast", r"'fast' is outside \(0, ∞\)"),
        ("{}:mine@0", r"'0' is outside \(0, ∞\)"),
        ("{}:reads_it", r"reads_it needs to know the learning rate's value, .* without float\(\)"),
        ("{}:returns_a_number", r"returns_a_number returned 3, not an optax\.GradientTransformation"),
        ("{}:wants_more@1", r"wants_more does not take a learning rate alone: .*missing 1 required"),
    ],
)
def test_what_cannot_join_is_told_why(module, text, message):
    with pytest.raises(ValueError, match=message):
        user_entry(text.format(module))
