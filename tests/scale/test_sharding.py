"""On a mesh of eight devices a state follows its parameters, and an update needs no other device; or it is spread."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from compilation import environment

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
