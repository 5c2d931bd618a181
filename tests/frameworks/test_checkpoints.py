"""Saved in the middle and restored into a fresh process, every method goes on as if nothing had happened."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from frameworks.methods import ALL as METHODS

TESTS = Path(__file__).parent.parent


def python(*arguments):
    """A fresh process with JAX's defaults; what it printed, once it has succeeded."""
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.tier2
def test_a_restored_run_is_bit_identical(tmp_path):
    """One test for all methods, since all of them share two processes."""
    unnoticed = python("-m", "frameworks.resume", "save", str(tmp_path))
    python("-m", "frameworks.resume", "restore", str(tmp_path))
    uninterrupted, restored = dict(np.load(tmp_path / "save.npz")), dict(np.load(tmp_path / "restore.npz"))
    assert restored.keys() == uninterrupted.keys()
    assert {name.split(":")[0] for name in restored} == set(METHODS)
    assert [name for name, x in uninterrupted.items() if restored[name].tobytes() != x.tobytes()] == []

    # Every array matters: without any one of them the run goes on differently, so that the line above would notice a
    # lost one. But for the learning rate, a record of the last step.
    assert [name for name in unnoticed if not name.endswith(".learning_rate")] == []
