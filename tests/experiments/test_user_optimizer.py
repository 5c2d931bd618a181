"""`--optimizer module:factory@rate`: a user's own optimizer in a race, and what is said where it cannot."""

import importlib
import sys

import pytest

from optzoo_jax.experiments.methods.user_optimizer import user_entries, user_entry

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
    assert (found.name, found.learning_rate, found.problem) == (f"{module}:mine", 0.02, None)
    assert hasattr(found.make_optimizer(0.1), "update")


def test_a_rate_can_be_given():
    assert user_entry("optax:lion@1e-4").learning_rate == 1e-4
    assert user_entry("optax.contrib:prodigy@2").learning_rate == 2


def test_two_of_one_name_are_refused():
    assert [entry.name for entry in user_entries(["optax:lion@1", "optax:adam@1"])] == ["optax:lion", "optax:adam"]
    with pytest.raises(ValueError, match=r"optax:lion is given 2 times, .* Leave one"):
        user_entries(["optax:lion@1e-4", "optax:adam@1", "optax:lion@1e-3"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", r"is not of the form MODULE:FACTORY@RATE, such as optax:lion@1e-4"),
        ("no_such_module:adam", r"there is no module 'no_such_module', neither in .* nor installed"),
        ("needs_more:adam", r"needs_more imports surely_not_installed, which is not installed"),
        ("{}:mime", r"the module my_own_optimizers has no 'mime'\. Did you mean my_own_optimizers:mine\?"),
        ("{}:constant", r"my_own_optimizers:constant is int, not a function of the learning rate"),
        ("{}:without_default", r"without_default has no default learning rate .* as in .*:without_default@1e-3"),
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
