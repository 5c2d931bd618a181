"""On a mesh of eight devices a state follows its parameters, and an update needs no other device; or it is spread."""

import inspect
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from compilation import environment
from jax.sharding import AbstractMesh, NamedSharding
from jax.sharding import PartitionSpec as P

import optzoo_jax as oz

TESTS = Path(__file__).parent.parent


@pytest.mark.tier2
@pytest.mark.parametrize(
    "script", ["sharded auto", "sharded explicit", "matrices auto", "matrices explicit", "compressed", "zero"]
)
def test_states_are_where_they_should_be(script):
    command = [sys.executable, "-W", "error", "-m", *f"scale.{script}".split()]
    done = subprocess.run(command, cwd=TESTS, env=environment(devices=8), capture_output=True, text=True, timeout=400)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stdout + done.stderr


def test_an_unknown_axis_is_refused():
    mesh = jax.make_mesh((1,), ("data",))
    with pytest.raises(ValueError, match="axis='model' is none of the mesh's, which are 'data'"):
        oz.state_sharding(oz.adam(0.1), jnp.ones(8), mesh, "model")


def mesh_of_shapes(**sizes):
    """A mesh of so many devices along each axis, none of which is there."""
    takes_pairs = "shape_tuple" in inspect.signature(AbstractMesh).parameters  # before JAX 0.5
    return AbstractMesh(tuple(sizes.items())) if takes_pairs else AbstractMesh(tuple(sizes.values()), tuple(sizes))


MESH = mesh_of_shapes(data=4, model=2)
# The shape of a parameter, its spec, and what of its moment is on each device.
SHARES = {
    "the longest dimension": ((8, 16), P(), (8, 4)),
    "the first of two": ((16, 8), P(), (4, 8)),
    "the one that is divisible": ((8, 18), P(), (2, 18)),
    "one number each": ((4,), P(), (1,)),
    "none is divisible": ((6, 10), P(), (6, 10)),
    "a number": ((), P(), ()),
    "nothing at all": ((0,), P(), (0,)),
    "beside the parameter's own axis": ((8, 16), P(None, "model"), (2, 8)),
    "after the parameter's own axis": ((16, 8, 4), P("model"), (8, 2, 4)),
    "it is there already": ((8, 16), P("data"), (2, 16)),
    "it is there among others": ((16, 32), P(("model", "data")), (2, 32)),
}


@pytest.mark.parametrize("name", SHARES)
def test_share_of_each_device(name):
    shape, spec, share = SHARES[name]
    params = jax.ShapeDtypeStruct(shape, jnp.float32, sharding=NamedSharding(MESH, spec))
    found = oz.state_sharding(oz.momentum(0.1), params, MESH)
    (trace,) = found.slots[0].values()
    assert trace.shard_shape(shape) == share
    assert found.count == NamedSharding(MESH, P())


def test_sharding_over_another_mesh_is_no_sharding_here():
    elsewhere = NamedSharding(mesh_of_shapes(model=2), P("model"))
    params = jax.ShapeDtypeStruct((16, 8), jnp.float32, sharding=elsewhere)
    (trace,) = oz.state_sharding(oz.momentum(0.1), params, MESH).slots[0].values()
    assert trace.shard_shape((16, 8)) == (4, 8)


def test_arrays_like_no_parameter_are_spread_too():
    """A factored rate's rows and columns, whatever the axes of the parameter; and along the axis that is named."""
    params = jax.ShapeDtypeStruct((8, 16), jnp.float32, sharding=NamedSharding(MESH, P(None, "data")))
    state = jax.eval_shape(oz.adafactor(0.1).init, params)
    for axis, shares in {"data": [(2, 1), (1, 4)], "model": [(4, 1), (1, 8)]}.items():
        found = oz.state_sharding(oz.adafactor(0.1), params, MESH, axis)
        shapes = jax.tree.map(lambda x, sharding: sharding.shard_shape(x.shape), state, found)
        assert [slot["nu"] for slot in shapes.slots[:2]] == shares
