"""The names in a state are a file format: checkpoints and `optax.tree.get(state, "nu")` find arrays by them.

Where a test of this file fails, old checkpoints no longer load. If the change is meant, write the new form into
state_names.json, and say in the CHANGELOG how an old checkpoint is migrated.
"""

import json
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import optax
import pytest
from flax import nnx
from frameworks.methods import METHODS
from tiers import in_both_tiers

import optzoo_jax as oz

# Names, and in brackets what is only counted: the links of a chain, "-" where one keeps nothing.
GOLDEN = json.loads((Path(__file__).parent / "state_names.json").read_text())


def form(state):
    """The state's names and numbers, whatever the parameters are; "*" for an array or a tree without a name."""
    if state is None or isinstance(state, optax.EmptyState):
        return "-"
    if hasattr(state, "_fields"):
        fields = zip(state._fields, map(form, state), strict=True)
        return "{" + ", ".join(name if inner == "*" else f"{name}: {inner}" for name, inner in fields) + "}"
    if isinstance(state, dict) and not state.keys() & {"w", "b"}:
        return "{" + ", ".join(state) + "}"
    return "[" + ", ".join(map(form, state)) + "]" if isinstance(state, tuple | list) else "*"


def init(label):
    return METHODS[label].init({"w": jnp.ones((2, 3)), "b": jnp.ones(3)})


def test_every_method_is_on_record():
    assert sorted(GOLDEN) == sorted(METHODS)


@pytest.mark.parametrize("label", in_both_tiers(METHODS))
def test_a_state_keeps_its_names(label):
    assert form(init(label)) == GOLDEN[label]


@pytest.mark.parametrize("label", in_both_tiers(METHODS))
def test_key_paths_read_as_names(label):
    """Each array is a named slot of the parameters, `['mu']['w']`, or a named scalar, `.count`."""
    for path, x in jax.tree_util.tree_leaves_with_path(init(label)):
        kept = jax.tree_util.keystr(path)
        slot = r"\.cached\[\d\]" if ".cached" in kept else r"(\['[a-z_0-9]+'\]|\.[a-z_0-9]+)"
        end = {(2, 3): r"\['w'\]", (3,): r"\['b'\]", (): ""}.get(x.shape, r"\['[wb]'\]")  # or of rows, say
        assert re.search(slot + end + "$", jax.tree_util.keystr(path))


# These keep numbers of rows, of columns or of arrays, which have no parameter's sharding.
OTHER_SHAPES = ("adafactor", "adafactor torch", "novograd", "sm3", "came", "adam_mini", "hyperball_adam")
# Their slots are of some arrays alone: as around `optax.masked`, map_params then has to be told what is masked.
PARTED = oz.list_optimizers(kind="matrix optimizer")


@pytest.mark.parametrize("label", in_both_tiers(label for label in METHODS if label not in (*OTHER_SHAPES, *PARTED)))
def test_optax_knows_the_slots(label):
    """By `optax.tree_map_params` shardings are given to the slots, each with its parameter's."""
    state = init(label)
    marked = optax.tree_map_params(
        METHODS[label], lambda x, shape: shape, state, {"w": (2, 3), "b": (3,)}, transform_non_params=lambda x: ()
    )
    assert marked == jax.tree.map(lambda x: x.shape, state)


@pytest.mark.parametrize("label", PARTED)
def test_optax_knows_the_slots_of_some_arrays(label):
    state, masked = init(label), lambda x: isinstance(x, optax.MaskedNode)
    specs = {"w": "that of w", "b": "that of b"}
    marked = optax.tree_map_params(
        METHODS[label], lambda x, spec: spec, state, specs, transform_non_params=lambda x: None, is_leaf=masked
    )
    found = {path[-1].key: x for path, x in jax.tree_util.tree_leaves_with_path(marked)}
    assert found == specs


def test_names_under_nnx():
    optimizer = nnx.Optimizer(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), METHODS["adam"], wrt=nnx.Param)
    paths = {jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(optimizer.opt_state)}
    assert {p[: p.index("['kernel")] for p in paths if "kernel" in p} == {".slots[0]['mu']", ".slots[1]['nu']"}
