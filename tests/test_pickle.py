"""A transformation is the plain optax type: it is copied, replaced, mapped over and sent to another process."""

import copy
import pickle
import subprocess
import sys

import chex
import cloudpickle
import jax
import jax.numpy as jnp
import optax
import pytest
from tiers import FIRST_ORDER

import optzoo_jax as oz

P = {"w": jnp.arange(1.0, 7.0).reshape(2, 3), "b": jnp.ones(3)}


def half_cosine(count):
    return 1e-3 * (1 + jnp.cos(jnp.minimum(count / 100, 1.0) * jnp.pi)) / 2


def matrices(params):
    return jax.tree.map(lambda p: p.ndim > 1, params)


MADE = {
    **{name: oz.card(name).example() for name in FIRST_ORDER},
    "scheduled": oz.adam(half_cosine, b1=half_cosine),
    "masked": oz.adamw(1e-3, weight_decay=0.1, mask=matrices),
    "chain": oz.chain(oz.raw_ema(0.9), oz.debias(0.9)),
    "noise": oz.chain(oz.add_gradient_noise(key=0), oz.sgd(0.1)),
    "lookahead": oz.lookahead(oz.adabelief(1e-2)),
    "accumulate": oz.accumulate_gradients(oz.adam(1e-2), 1),
    "compress": oz.compress_state(oz.adam(1e-2), min_size=1),
    "master": oz.master_params(oz.adam(1e-2)),
    "rounded": oz.round_stochastically(oz.adam(1e-2)),
    "packed": oz.pack(oz.adam(1e-2)),
    "narrow": oz.with_state_dtype(oz.adam(1e-2), {"mu": jnp.bfloat16}),
    "bounds": oz.adabound(1e-3, lower=half_cosine),
}
WAYS = {
    "pickle": lambda tx: pickle.loads(pickle.dumps(tx)),
    "cloudpickle": lambda tx: cloudpickle.loads(cloudpickle.dumps(tx)),
    "deepcopy": copy.deepcopy,
    "_replace": lambda tx: tx._replace(init=tx.init),
    "tree.map": lambda tx: jax.tree.map(lambda f: f, tx),
    "its type": lambda tx: type(tx)(*tx),
}


def update(tx):
    return tx.update(P, tx.init(P), P)[0]


def in_its_tier(name):
    """Every kind of composition in tier 1, of the methods by themselves Adam."""
    return name if name == "adam" or name not in FIRST_ORDER else pytest.param(name, marks=pytest.mark.tier2)


@pytest.mark.tier2
@pytest.mark.parametrize("name", [in_its_tier(name) for name in MADE])
def test_nothing_is_lost(name):
    tx = MADE[name]
    expected = update(tx)  # used before it is sent, so that what it has compiled is no hindrance
    for way, f in WAYS.items():
        again = f(tx)
        assert type(again) is optax.GradientTransformationExtraArgs
        assert oz.describe(again) == oz.describe(tx), way
        chex.assert_trees_all_equal(update(again), expected)


@pytest.mark.parametrize("name", MADE)
def test_its_repr_is_the_composition(name):
    assert "locals" not in repr(MADE[name])
    assert oz.composition_of(MADE[name]).name in repr(MADE[name])


def test_another_process_has_the_same_numbers(tmp_path):
    (tmp_path / "tx").write_bytes(pickle.dumps(oz.adamw(1e-3)))
    code = "import pickle, jax.numpy as jnp; tx = pickle.load(open('tx', 'rb')); p = jnp.arange(3.0); "
    code += "print(tx.update(p, tx.init(p), p)[0].tolist())"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    p = jnp.arange(3, dtype=jnp.float32)
    with jax.enable_x64(False):
        tx = oz.adamw(1e-3)
        assert done.stdout.strip() == str(tx.update(p, tx.init(p), p)[0].tolist()), done.stderr


def test_a_piece_of_ones_own_is_cloudpickled():
    @oz.piece("gradient [g] → step [1]", mu=oz.zeros)
    def lion_step(g, mu, b1=0.9, b2=0.99):
        return jnp.sign(b1 * mu + (1 - b1) * g), b2 * mu + (1 - b2) * g

    tx = oz.descent(lion_step(), 1e-2)
    chex.assert_trees_all_equal(update(WAYS["cloudpickle"](tx)), update(tx))
