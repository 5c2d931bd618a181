"""get(name, like="optax") is optax's own optimizer, and like="torch" gives torch's numbers."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from test_golden import ROWS, error
from trajectories import run, stream

from optzoo_jax import card, get, list_optimizers, lookahead

RNG = np.random.default_rng(3)
STEPS = 100
G, START = RNG.normal(size=(STEPS, 5)) * np.array([1e-3, 1.0, 1.0, 1.0, 1e2]), RNG.normal(size=5)
# Whose formula in optax is another, as their pages say in the first line.
DIFFERENT = ("adan", "nadamw", "lars", "adafactor", "sm3")
TWINS = {
    name: getattr(optax, name)
    for name in list_optimizers(kind="optimizer")
    if hasattr(optax, name) and name not in DIFFERENT
}
TWINS["momentum"] = lambda learning_rate: optax.sgd(learning_rate, momentum=0.9)
TWINS["prodigy"], TWINS["dadapt_adam"] = optax.contrib.prodigy, optax.contrib.dadapt_adamw
TWINS["nag"] = lambda learning_rate: optax.sgd(learning_rate, momentum=0.9, nesterov=True)


def cosine(t):
    return 0.05 * (1 + jnp.cos(jnp.pi * jnp.asarray(t, float) / STEPS))


@pytest.mark.parametrize("learning_rate", [0.05, cosine], ids=["constant", "cosine"])
@pytest.mark.parametrize("name", TWINS)
def test_optax_gives_the_same(name, learning_rate, standard_promotion):
    ours = run(get(name, like="optax", learning_rate=learning_rate), stream(G), jnp.asarray(START), STEPS)
    theirs = run(TWINS[name](learning_rate), stream(G), jnp.asarray(START), STEPS)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_every_card_with_an_optax_call_is_compared():
    assert set(TWINS) == {name for name in list_optimizers(kind="optimizer") if "optax" in card(name).calls}


def test_lookahead_is_optax_lookahead(standard_promotion):
    """optax keeps both weights in the parameters; its fast ones are ours."""
    theirs = optax.lookahead(optax.adam(0.05), sync_period=5, slow_step_size=0.5)

    def step(carry, g):
        params, state = carry
        updates, state = theirs.update(g, state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), params.fast

    params = optax.LookaheadParams.init_synced(jnp.asarray(START))
    fast = jax.jit(lambda c: jax.lax.scan(step, c, jnp.asarray(G))[1])((params, theirs.init(params)))
    ours = run(lookahead(get("adam", learning_rate=0.05)), stream(G), jnp.asarray(START), STEPS)
    np.testing.assert_allclose(ours, fast, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in TWINS if hasattr(optax, name)])
def test_positional_arguments_are_those_of_optax(name):
    ours = [
        p.name
        for p in inspect.signature(card(name).factory).parameters.values()
        if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    theirs = list(inspect.signature(getattr(optax, name)).parameters)
    theirs = [{"beta": "momentum"}.get(argument, argument) for argument in theirs] if name == "signum" else theirs
    assert ours == theirs[: len(ours)]


FROM_TORCH = {"lr": "learning_rate", "alpha": "decay"}
TORCH_ROWS = [row for row in ROWS if row["source"].startswith("torch.optim")]
AUTHORS = {"adabound 0.0.5 AdaBound", "adamod 0.0.3 AdaMod", "adabelief_pytorch 0.2.1 AdaBelief"}
AUTHORS_ROWS = [row for row in ROWS if row["source"] in AUTHORS]


def translated(source_kwargs):
    """torch's arguments under this library's names; what selects the method is its name here."""
    selects = ("amsgrad", "nesterov", "betas", "decoupled_weight_decay")
    own = {k: v for k, v in source_kwargs.items() if k not in selects}
    if "betas" in source_kwargs:
        own["b1"], own["b2"] = source_kwargs["betas"]
    return {FROM_TORCH.get(k, k): v for k, v in own.items()}


@pytest.mark.parametrize("row", TORCH_ROWS, ids=lambda row: row["key"])
def test_torch_call_gives_torch_rows(row):
    """What was passed to torch, passed to get(…, like="torch"), gives what torch gave."""
    arguments = {"learning_rate": card(row["optimizer"]).learning_rate, **translated(row["source_kwargs"])}
    if "AdamW" in row["source"] or row["source_kwargs"].get("decoupled_weight_decay"):
        arguments["weight_decay_mode"] = "decoupled"
    assert error(row, get(row["optimizer"], like="torch", **arguments)) <= 1


@pytest.mark.parametrize("row", AUTHORS_ROWS, ids=lambda row: row["key"])
def test_authors_call_gives_authors_rows(row):
    """The recorded arguments beyond the authors' defaults are the rate, b3 and the decay."""
    given = {k: v for k, v in row["kwargs"].items() if k in ("learning_rate", "b3") or k.startswith("weight_decay")}
    assert error(row, get(row["optimizer"], like="authors", **given)) <= 1


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", [name for name in list_optimizers() if "torch" in card(name).calls])
def test_torch_call_trains_complex_parameters_as_pairs(name):
    """As torch does, since 1.10; real parameters have the state of the optimizer itself."""
    tx, start = get(name, like="torch", learning_rate=0.1), jnp.asarray([[1 + 1j, 0.5 - 2j]])
    pairs = optax.contrib.split_real_and_imaginary(tx)

    def way(tx):
        def step(run, t):
            params, state = run
            updates, state = tx.update(jnp.exp(1j * t) * params.real + 0.1, state, params)
            return (params + updates, state), params + updates

        return jax.jit(lambda p: jax.lax.scan(step, (p, tx.init(p)), jnp.arange(12.0))[1])(start)

    np.testing.assert_allclose(way(tx), way(pairs), rtol=1e-12)
    plain = card(name).factory(**{"learning_rate": 0.1, **card(name).calls["torch"]})
    assert jax.tree.structure(tx.init(start.real)) == jax.tree.structure(plain.init(start.real))
    shapes = jax.eval_shape(tx.init, jax.ShapeDtypeStruct(start.shape, start.dtype))
    assert jax.tree.structure(shapes) == jax.tree.structure(tx.init(start))


def test_there_are_rows_to_compare():
    assert len(TORCH_ROWS) == 40
    assert len(AUTHORS_ROWS) == 8
