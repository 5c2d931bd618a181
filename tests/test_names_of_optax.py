"""A name that optax has too gives optax's numbers, or is a method whose first line says what optax has instead."""

import inspect
import re

import numpy as np
import optax
import pytest
from test_like_optax import BESIDE, PARAMS, REQUIRED, STEPS, arguments, as_jax_comes, gradient, moved
from trajectories import run

import optzoo_jax as oz

SHARED = sorted(name for name in oz.__all__ if hasattr(optax, name))
# Called by hand: their first argument is no number, or has another name.
BY_HAND = {
    "chain": lambda m: m.chain(optax.scale(2.0), optax.sgd(0.1)),
    "identity": lambda m: m.identity(),
    "scale": lambda m: m.scale(-0.3),
    "centralize": lambda m: m.centralize(),
    "adaptive_grad_clip": lambda m: m.adaptive_grad_clip(0.01),
}
ELSEWHERE = {"lookahead": "optax keeps both weights in the parameters: test_twins.py compares its fast ones"}
DIFFERENT = (
    *("adadelta", "adafactor", "adagrad", "adan", "lars", "lion", "nadam", "nadamw", "novograd", "radam", "rmsprop"),
    *("sm3", "yogi"),
)


def shared_calls(name):
    """With what both require, and with each argument that both have off its default."""
    ours, theirs = inspect.signature(getattr(oz, name)).parameters, arguments(name)
    both = [p for p in theirs.values() if p.name in ours]
    required = {p.name: REQUIRED[p.name] for p in both if p.empty in (p.default, ours[p.name].default)}
    yield required
    for p in both:
        beside = {k: v for k, v in BESIDE.get(p.name, {}).items() if k in {p.name for p in both}}
        yield required | beside | {p.name: moved(name, p)}


def distance(make):
    with as_jax_comes():
        ours, theirs = (run(make(m), gradient, PARAMS, STEPS) for m in (oz, optax))
    return np.max(np.abs(ours - theirs) / (1 + np.abs(theirs)))


def largest_distance(name):
    makes = [BY_HAND[name]] if name in BY_HAND else [called(name, call) for call in shared_calls(name)]
    return max(map(distance, makes))


def called(name, call):
    return lambda m: getattr(m, name)(**call)


def method_of(name):
    return {"scale_by_belief": "adabelief"}.get(name, name.removeprefix("scale_by_"))


@pytest.mark.parametrize("name", ["adam", "ema", "scale", "add_decayed_weights", "scale_by_learning_rate", "rmsprop"])
def test_the_same_numbers_or_another_formula(name):
    assert (largest_distance(name) > 1e-12) == (method_of(name) in DIFFERENT)


@pytest.mark.tier2
@pytest.mark.parametrize("name", [name for name in SHARED if name not in ELSEWHERE])
def test_every_name_has_the_same_numbers_or_another_formula(name):
    """No method is named as different that is not: itself, or its step."""
    if largest_distance(name) > 1e-12:
        assert method_of(name) in DIFFERENT
    elif name in DIFFERENT:
        assert largest_distance(f"scale_by_{name}") > 1e-12


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_first_line_of_a_different_method_says_so(name):
    """And its page begins with it."""
    assert re.search(rf"optax\.(scale_by_)?{name}\b", oz.card(name).summary)
