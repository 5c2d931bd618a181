"""Saved in the middle and restored into a fresh process, every method goes on as if nothing had happened."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from frameworks.methods import ALL as METHODS
from frameworks.models import OPTIMIZERS, RUNS

import optzoo_jax as oz

TESTS = Path(__file__).parent.parent


def python(module, action, folder):
    """A fresh process with JAX's defaults; what it printed, once it has succeeded.

    What one has compiled the next one reads: most of the time would go into compiling it again.
    """
    command = [sys.executable, "-W", "error", "-m", module, action, str(folder)]
    cache = {"JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    where = {"cwd": TESTS, "env": {**os.environ, **cache}}
    done = subprocess.run(command, **where, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.tier2
def test_a_restored_run_is_bit_identical(tmp_path):
    """One test for all methods, since all of them share two processes."""
    unnoticed = python("frameworks.resume", "save", tmp_path)
    python("frameworks.resume", "restore", tmp_path)
    uninterrupted, restored = dict(np.load(tmp_path / "save.npz")), dict(np.load(tmp_path / "restore.npz"))
    assert restored.keys() == uninterrupted.keys()
    assert {name.split(":")[0] for name in restored} == set(METHODS)
    assert [name for name, x in uninterrupted.items() if restored[name].tobytes() != x.tobytes()] == []

    # Every array matters: without any one of them the run goes on differently, so that the line above would notice a
    # lost one. But for the learning rate, a record of the last step; for Schedule-Free's β, which eval_params reads;
    # and for the largest of what has grown all along, and is found again.
    aside = (".last_learning_rate", ".b1", *(f"{slot}']" for slot in ("distance", "square_of_distance", "most")))
    assert [name for name in unnoticed if not name.endswith(aside)] == []


@pytest.mark.tier2
def test_a_restored_model_is_bit_identical(tmp_path):
    """A GPT in nnx, a CNN in linen, an MLP in Equinox, each with its framework's own way to save."""
    for action in ("save", "restore"):
        python("frameworks.models", action, tmp_path)
    uninterrupted, restored = dict(np.load(tmp_path / "save.npz")), dict(np.load(tmp_path / "restore.npz"))
    assert restored.keys() == uninterrupted.keys()
    assert {tuple(name.split(":")[0].split(" ")) for name in restored} == set(itertools.product(RUNS, OPTIMIZERS))
    start = dict(np.load(tmp_path / "start.npz"))
    still = [name for name, x in start.items() if "kernel" in name and np.array_equal(x, uninterrupted[name])]
    assert still == [], "every kernel and its slots have moved"
    assert [name for name, x in uninterrupted.items() if restored[name].tobytes() != x.tobytes()] == []


def test_a_state_of_version_0_1_goes_on():
    """As CHANGELOG says: restored as plain dicts, its arrays are those of a fresh state, in the same order."""
    params = {"w": jnp.arange(6.0).reshape(2, 3), "b": jnp.ones(3)}
    tx = oz.adabelief(1e-2, weight_decay=0.1)
    _, state = tx.update(params, tx.init(params), params)
    moments = [slots[name] for slots, name in zip(state.slots, ("mu", "nu"), strict=True)]
    old = {
        "count": state.count,
        "learning_rate": state.last_learning_rate,
        "parts": [[{"direction": {"mu": moments[0]}, "rate": [None, {"nu": moments[1]}, None, None]}, None], None],
    }
    restored = jax.tree.unflatten(jax.tree.structure(tx.init(params)), jax.tree.leaves(old))
    chex.assert_trees_all_equal(restored, state)
