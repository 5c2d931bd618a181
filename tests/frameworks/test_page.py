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
    assert list(PROGRAMS) == [
        *("Flax linen", "Flax nnx", "Flax nnx, more than gradients", "Flax nnx, some of the parameters"),
        *("Equinox", "Plain JAX"),
        *("Matrices in Flax linen", "Matrices in Flax nnx", "Matrices in Equinox"),
    ]
    assert len(PROGRAMS) == PAGE.count("```python") == PAGE.count("\n## ")


@pytest.mark.tier2
@pytest.mark.parametrize("title", PROGRAMS)
def test_a_program_trains(title):
    command = [sys.executable, "-W", "error", "-c", PROGRAMS[title]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


# Every kind of array of the three models: the words of its path, and its axes as `explain` shows them.
TAKEN = {
    "Matrices in Flax linen": {
        "Embed_0/embedding": "", "Conv_0/kernel": "batch, in, out", "ScanLayer_0/Dense_0/bias": "",
        "query/kernel": "batch, in, batch, out", "out/kernel": "batch, batch, in, out", "Dense_0/kernel": "in, out",
    },
    "Matrices in Flax nnx": {
        "embed/embedding": "", "conv/kernel": "batch, in, out", "layers/dense/bias": "",
        "query/kernel": "batch, in, batch, out", "out/kernel": "batch, batch, in, out",
        "dense/kernel": "batch, in, out",
    },
    "Matrices in Equinox": {
        "embed/weight": "", "conv/weight": "out, in, batch", "layers/dense/bias": "", "conv/bias": "",
        "query_proj/weight": "batch, out, in", "out/weight": "out, in",
    },
}  # fmt: skip


@pytest.mark.tier2
@pytest.mark.parametrize("title", TAKEN)
def test_explain_shows_what_is_a_matrix(title):
    """The axes of a matrix are given by its path: a name that a new release of a framework changes would go unseen."""
    command = [sys.executable, "-c", PROGRAMS[title].partition("\n\n@")[0]]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout
    rows = {line.split()[0]: re.sub(r"\s{2,}", "|", line) for line in shown.splitlines()}
    for path, axes in TAKEN[title].items():
        row = next(row for name, row in rows.items() if name.endswith(path))
        assert (f"|{axes}|" in row) if axes else ("muon" not in row)
