"""A user's program is right to a type checker, and a wrong one is not: types are seen from outside the package."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "typed_program.py"
PYTHON = {"pyright": ["--pythonpath", sys.executable], "mypy": ["--strict", "--python-executable", sys.executable]}
IMPORTS = ("import optzoo_jax as oz", "from optzoo_jax.like import torch")
WRONG = {
    "an argument that is none": "oz.adam(1e-3, betas=(0.9, 0.999))",
    "a number that is a word": "oz.adam(1e-3, b1='0.9')",
    "a mode that is none": "oz.adamw(1e-3, weight_decay_mode='strong')",
    "a name that is none": "oz.adamz(1e-3)",
    "an argument that is not torch's": "torch.AdamW(learning_rate=1e-3)",
    "an argument of a matrix's that is none": "oz.muon(1e-3, axes=(0, 1))",
}


def checked(checker, program):
    """The lines of a program in which a type checker finds an error. It must not see the package's own sources."""
    pytest.importorskip(checker)
    command = [sys.executable, "-m", checker, *PYTHON[checker], program.name]
    environment = os.environ | {"MYPY_CACHE_DIR": str(program.parent / "cache")}
    done = subprocess.run(command, cwd=program.parent, env=environment, capture_output=True, text=True)
    found = [line for line in done.stdout.splitlines() if f"{program.name}:" in line and "error:" in line]
    assert bool(found) == bool(done.returncode), done.stdout + done.stderr
    # optax has no types, which mypy says of the line that imports it.
    return [line for line in found if "import-untyped" not in line]


@pytest.mark.tier2
@pytest.mark.parametrize("checker", PYTHON)
def test_a_users_program(checker, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM.read_text())
    assert checked(checker, tmp_path / "program.py") == []


@pytest.mark.tier2
@pytest.mark.parametrize("checker", PYTHON)
def test_a_wrong_program(checker, tmp_path):
    program = tmp_path / "program.py"
    program.write_text("\n".join([*IMPORTS, *WRONG.values()]))
    found = "\n".join(checked(checker, program))
    missed = [what for line, what in enumerate(WRONG, 1 + len(IMPORTS)) if f"program.py:{line}:" not in found]
    assert not missed, found


@pytest.mark.tier2
def test_it_runs():
    subprocess.run([sys.executable, PROGRAM], check=True, capture_output=True)
