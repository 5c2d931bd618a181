"""On a mesh of eight devices a state follows its parameters, and an update needs no device but its own."""

import subprocess
import sys
from pathlib import Path

import pytest
from compilation import environment

TESTS = Path(__file__).parent.parent


@pytest.mark.tier2
@pytest.mark.parametrize(
    "script", ["sharded auto", "sharded explicit", "matrices auto", "matrices explicit", "compressed"]
)
def test_states_follow_their_parameters_without_communication(script):
    command = [sys.executable, "-W", "error", "-m", *f"scale.{script}".split()]
    done = subprocess.run(command, cwd=TESTS, env=environment(devices=8), capture_output=True, text=True, timeout=400)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stdout + done.stderr
