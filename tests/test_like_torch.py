"""like.torch gives the numbers of torch.optim: recorded ones, and torch's own where it is installed.

    python tests/test_like_torch.py

records them anew, in float64, with the torch that is installed.
"""

import inspect
import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from trajectories import run

from optzoo_jax.like import torch as like

RECORD = Path(__file__).parent / "torch.json"
STEPS = 20
RNG = np.random.default_rng(5)
START = {"w": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4)}
GRADIENTS = {name: RNG.normal(size=(STEPS, *x.shape)) * 3.0 ** RNG.normal(size=x.shape) for name, x in START.items()}

ADAMS = {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}
# Every argument off its default at least once, beside the defaults themselves.
CALLS = {
    "SGD": [
        {},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.4, "maximize": True},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True},
    ],
    "Adam": [{}, ADAMS, ADAMS | {"amsgrad": True, "maximize": True}, ADAMS | {"decoupled_weight_decay": True}],
    "AdamW": [{}, ADAMS, ADAMS | {"amsgrad": True, "maximize": True}],
    "Adagrad": [
        {},
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-3},
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "maximize": True},
    ],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1, "maximize": True}],
    "RMSprop": [
        {},
        {"lr": 0.02, "alpha": 0.8, "eps": 1e-2, "weight_decay": 0.1, "momentum": 0.7, "maximize": True},
        {"lr": 0.02, "alpha": 0.8, "eps": 1e-2, "momentum": 0.7, "centered": True},
    ],
    "NAdam": [{}, ADAMS | {"momentum_decay": 0.02}, ADAMS | {"decoupled_weight_decay": True, "maximize": True}],
    "RAdam": [{}, ADAMS, ADAMS | {"decoupled_weight_decay": True, "maximize": True}],
    "Adamax": [{}, ADAMS | {"maximize": True}],
    "Adafactor": [
        {},
        {"lr": 0.05, "beta2_decay": -0.6, "eps": (1e-3, 1e-2), "d": 1.3, "weight_decay": 0.1, "maximize": True},
    ],
}
CASES = [pytest.param(name, i, id=f"{name}-{i}") for name, calls in CALLS.items() for i in range(len(calls))]
FIRST_TIER = ("SGD-2", "AdamW-2", "Adagrad-1", "RMSprop-2")
TIERED = [
    case if case.id in FIRST_TIER else pytest.param(*case.values, id=case.id, marks=pytest.mark.tier2) for case in CASES
]


def ours(name, call):
    gradients = {leaf: jnp.asarray(g) for leaf, g in GRADIENTS.items()}
    start = {leaf: jnp.asarray(x) for leaf, x in START.items()}
    return run(getattr(like, name)(**call), lambda _, t: {leaf: g[t] for leaf, g in gradients.items()}, start, STEPS)


def theirs(torch, name, call):
    torch.set_default_dtype(torch.float64)  # in which NAdam keeps the product of its momenta
    leaves = sorted(START)  # as jax orders a dict
    params = [torch.nn.Parameter(torch.tensor(START[leaf], dtype=torch.float64)) for leaf in leaves]
    optimizer, path = getattr(torch.optim, name)(params, **call), []
    for t in range(STEPS):
        for leaf, p in zip(leaves, params, strict=True):
            p.grad = torch.tensor(GRADIENTS[leaf][t])
        optimizer.step()
        path.append(np.concatenate([p.detach().numpy().ravel() for p in params]))
    return np.stack(path)


@pytest.mark.parametrize(("name", "i"), TIERED)
def test_recorded_numbers_of_torch(name, i):
    """After the first, the tenth and the last step; every step is compared where torch is installed."""
    recorded = json.loads(RECORD.read_text())["paths"][name][i]
    np.testing.assert_allclose(ours(name, CALLS[name][i])[[0, 9, -1]], recorded, rtol=1e-12, atol=1e-12)


@pytest.mark.tier2
@pytest.mark.parametrize(("name", "i"), CASES)
def test_installed_torch(name, i):
    torch = pytest.importorskip("torch")
    call = CALLS[name][i]
    np.testing.assert_allclose(ours(name, call), theirs(torch, name, call), rtol=1e-12, atol=1e-12)


def own_arguments(factory):
    """The arguments beside those that choose among torch's programs, and their defaults."""
    found = inspect.signature(factory).parameters.values()
    left_out = ("params", *like.Speed.__annotations__)
    return {p.name: p.default for p in found if p.name not in left_out}


def test_arguments_and_defaults_are_those_of_torch():
    """Their order too; JSON has no tuples."""
    found = {name: list(own_arguments(getattr(like, name)).items()) for name in CALLS}
    assert json.loads(json.dumps(found)) == json.loads(RECORD.read_text())["arguments"]


def test_every_argument_is_off_its_default_once():
    for name, calls in CALLS.items():
        assert set().union(*calls) == set(own_arguments(getattr(like, name)))


@pytest.mark.parametrize("name", CALLS)
def test_what_torch_chooses_a_program_by_changes_nothing(name):
    assert repr(getattr(like, name)(foreach=True, capturable=True)) == repr(getattr(like, name)())


@pytest.mark.parametrize("name", CALLS)
def test_a_rate_that_is_injected_can_be_set(name):
    """optax.inject_hyperparams calls a class with all that is in its signature."""
    start, gradients = ({leaf: jnp.asarray(x) for leaf, x in tree.items()} for tree in (START, GRADIENTS))
    first = {leaf: g[0] for leaf, g in gradients.items()}
    tx, expected = optax.inject_hyperparams(getattr(like, name))(lr=0.1), getattr(like, name)(lr=0.05)
    state = tx.init(start)
    state.hyperparams["lr"] = jnp.asarray(0.05)
    updates = [x.update(first, s, start)[0] for x, s in ((tx, state), (expected, expected.init(start)))]
    for leaf in START:
        np.testing.assert_allclose(updates[0][leaf], updates[1][leaf], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "call", "words"),
    [
        ("AdamW", {"learning_rate": 0.1}, r"^AdamW: .*'learning_rate'\. In the place of learning_rate: lr\.$"),
        ("SGD", {"mask": None}, r"^SGD: .*In the place of mask: adamw\(…, mask=…\)"),
        ("Adam", {"b1": 0.9}, r"^Adam: .*In the place of b1: betas=\(b1, b2\)\.$"),
        ("RMSprop", {"decay": 0.9}, r"^RMSprop: .*In the place of decay: alpha\.$"),
        ("SGD", {"b1": 0.9}, r"^SGD: .*'b1'$"),
        ("NAdam", {"betas": 0.9}, r"^NAdam: betas=0\.9 is no pair: give two, such as betas=\(0\.9, 0\.999\)\.$"),
        ("Adafactor", {"eps": (1e-3, 1e-3, 1e-3)}, r"^Adafactor: eps=.* such as eps=\(None, 0\.001\)\.$"),
    ],
)
def test_what_is_no_argument_of_torchs_has_a_remedy(name, call, words):
    with pytest.raises(TypeError, match=words):
        getattr(like, name)(**call)


def test_parameters_in_the_place_of_the_rate_are_refused():
    with pytest.raises(TypeError, match=r"AdamW: lr=dict .* give them to its init and update"):
        like.AdamW(START)


def test_nesterov_is_refused_where_torch_refuses_it():
    for call in ({}, {"momentum": 0.9, "dampening": 0.1}):
        with pytest.raises(ValueError, match="nesterov=True takes a momentum"):
            like.SGD(nesterov=True, **call)


def test_a_schedule_stands_in_the_place_of_lr():
    """lr/(1 + count·lr_decay) as a schedule is Adagrad's lr_decay."""
    inside = ours("Adagrad", {"lr": 0.1, "lr_decay": 0.1})
    np.testing.assert_allclose(
        ours("Adagrad", {"lr": lambda count: 0.1 / (1 + 0.1 * jnp.asarray(count, float))}), inside, rtol=1e-12
    )


@pytest.mark.tier2
def test_arguments_of_the_installed_torch():
    torch = pytest.importorskip("torch")
    for name in CALLS:
        mine, theirs = own_arguments(getattr(like, name)), own_arguments(getattr(torch.optim, name))
        assert mine == theirs


if __name__ == "__main__":
    import torch

    paths = {n: [theirs(torch, n, call)[[0, 9, -1]].tolist() for call in calls] for n, calls in CALLS.items()}
    defaults = {n: list(own_arguments(getattr(torch.optim, n)).items()) for n in CALLS}
    record = {"torch": torch.__version__, "arguments": defaults, "paths": paths}
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
