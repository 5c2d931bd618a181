"""Two processes, joined by jax.distributed, train one model, save and restore its sharded state, and share a state."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from compilation import environment

TESTS = Path(__file__).parent.parent
LIMIT = 120  # seconds


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(processes, seconds):
    """Until all have ended, one has failed (the other would wait for it), or time is up; none survives this."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            codes = [p.poll() for p in processes]
            if any(codes) or None not in codes:
                break
            time.sleep(0.2)
    finally:
        for p in processes:
            p.kill()
            p.wait()
    return [p.returncode for p in processes]


def run_both(folder, module, devices):
    """Their exit codes and what they print, with so many devices each."""
    port, logs = free_port(), [folder / f"log{i}" for i in range(2)]
    processes = []
    for i, log in enumerate(logs):
        command = [sys.executable, "-m", module, str(port), str(i), str(folder)]
        with log.open("w") as out:  # a file, since a pipe that nobody empties would block the process
            own = environment(devices)
            processes.append(subprocess.Popen(command, cwd=TESTS, env=own, stdout=out, stderr=subprocess.STDOUT))
    return wait_for(processes, LIMIT), [log.read_text() for log in logs]


@pytest.mark.tier2
@pytest.mark.parametrize(("module", "devices"), [("scale.two_processes", 1), ("scale.two_processes_zero", 4)])
def test_two_processes_train_one_model(tmp_path, module, devices):
    codes, logs = run_both(tmp_path, module, devices)
    assert codes == [0, 0], "\n\n".join(logs)
    assert all(log.endswith("done\n") for log in logs), "\n\n".join(logs)


def test_children_do_not_survive():
    sleeper = [sys.executable, "-c", "import time; time.sleep(100)"]
    failing = [sys.executable, "-c", "raise SystemExit(3)"]
    begin = time.monotonic()
    assert wait_for([subprocess.Popen(sleeper), subprocess.Popen(failing)], 60)[1] == 3
    assert wait_for([subprocess.Popen(sleeper)], 1) == [-9]
    assert time.monotonic() - begin < 50
