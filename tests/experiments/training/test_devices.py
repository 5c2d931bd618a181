"""Runs are spread over all devices, and nothing but where they are computed changes."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import dataclasses, json, sys
import jax
jax.config.update("jax_num_cpu_devices", 2)
import optzoo_jax as oz
from optzoo_jax.experiments.problems.logistic import make
from optzoo_jax.experiments.training.trainer import trainer
found, seen, every = {}, [], jax.devices()
def at_the_end(params):
    seen.append(len(jax.tree.leaves(params)[0].sharding.device_set))
    return {}
for together in (True, False):
    problem = dataclasses.replace(make(components=4), together=together)
    for devices in (2, 1):
        jax.devices = lambda *_, found=every[:devices]: found
        train = trainer(problem, oz.momentum, steps=5, batch_size=8)
        found[f"{together} {devices}"] = train([0.1, 0.2, 0.3], [0, 1], at_the_end)
print(json.dumps({"found": found, "seen": seen}))
"""


@pytest.mark.tier2
def test_two_devices_share_the_rates():
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["seen"] == [2, 1, 2, 2, 1, 1, 1], "groups of four rates, or of one for each device"
    for together in ("True", "False"):
        two, one = told["found"][f"{together} 2"], told["found"][f"{together} 1"]
        assert len(two) == len(one) == 6
        for run, expected in zip(two, one, strict=True):
            assert run == {name: pytest.approx(value, rel=1e-5) for name, value in expected.items()}
