"""On a mesh of eight devices a state follows its parameters, and an update needs no device but its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("axes", ["auto", "explicit"])
def test_states_follow_their_parameters_without_communication(axes):
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    command = [sys.executable, "-W", "error", "-m", "scale.sharded", axes]
    done = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True, timeout=400)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stdout + done.stderr
