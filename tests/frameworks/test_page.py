"""The programs of docs/frameworks.md train a model, each run as a user would run it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "frameworks.md").read_text()
PROGRAMS = dict(re.findall(r"^## ([^\n]+)\n.*?^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE))


def test_every_section_has_a_program():
    assert list(PROGRAMS) == ["Flax linen", "Flax nnx", "Flax nnx, some of the parameters", "Equinox", "Plain JAX"]
    assert len(PROGRAMS) == PAGE.count("```python") == PAGE.count("\n## ")


@pytest.mark.tier2
@pytest.mark.parametrize("title", PROGRAMS)
def test_a_program_trains(title):
    command = [sys.executable, "-W", "error", "-c", PROGRAMS[title]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
