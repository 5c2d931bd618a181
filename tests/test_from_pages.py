"""What docs/from_optax.md and docs/from_pytorch.md say is so, and their programs run, each as a user would run it."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import optax
import pytest
from test_like_optax import PARAMS, as_jax_comes

import optzoo_jax as oz
from optzoo_jax.like import optax as like
from optzoo_jax.like import torch

ROOT = Path(__file__).parent.parent
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("from_optax", "from_pytorch")}
PROGRAMS = [
    pytest.param(code, id=f"{name}-{i}")
    for name, page in PAGES.items()
    for i, code in enumerate(re.findall(r"^```python\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE))
]


@pytest.mark.tier2
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs(program):
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_block_is_a_program_or_in_another_language():
    assert len(PROGRAMS) == sum(page.count("```python") for page in PAGES.values()) == 5
    assert sum(page.count("```") for page in PAGES.values()) == 2 * (len(PROGRAMS) + 1)


def test_the_names_side_by_side():
    """Every class of like.torch, with its first arguments in torch's order; and names that the library has."""
    rows = re.findall(r"^\| `(\w+)\((.*)\)` \| `torch\.(\w+)` \| (.*) \|$", PAGES["from_pytorch"], flags=re.MULTILINE)
    assert [name for name, *_ in rows] == [mine for *_, mine, _ in rows]
    assert {name for name, *_ in rows} == set(torch.__all__)
    for name, arguments, _, own in rows:
        own_arguments = list(inspect.signature(getattr(torch, name)).parameters)
        assert arguments.split(", ") == own_arguments[: len(arguments.split(", "))]
        for call in re.findall(r"`oz\.(\w+)\((\w+)=", own):
            assert call[1] in inspect.signature(getattr(oz, call[0])).parameters
    for name in re.findall(r"\boz\.(\w+)", PAGES["from_pytorch"] + PAGES["from_optax"]):
        assert name in oz.__all__


def test_defaults_that_are_said_to_differ():
    page = PAGES["from_pytorch"]
    own, theirs = (inspect.signature(f).parameters["weight_decay"].default for f in (oz.adamw, torch.AdamW))
    assert (own, theirs) == (1e-4, 1e-2)
    assert "`oz.adamw` decays by 1e-4, torch by 1e-2" in page


def test_a_plateau_lowers_the_rate():
    tx = optax.chain(torch.AdamW(lr=0.1), optax.contrib.reduce_on_plateau(factor=0.5, patience=1))
    with as_jax_comes():
        state = tx.init(PARAMS)
        for _ in range(2):
            _, state = tx.update(PARAMS, state, PARAMS, value=1.0)
    np.testing.assert_allclose(oz.current_learning_rate(state), 0.05, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "slots"),
    [("adam", ["mu", "nu", "count"]), ("rmsprop", ["nu"]), ("adagrad", ["sum_of_squares"]), ("lion", ["mu"])],
)
def test_slots_have_the_names_that_optax_gives_them(name, slots):
    with as_jax_comes():
        mine, theirs = (tx.update(PARAMS, tx.init(PARAMS), PARAMS)[1] for tx in (m(name) for m in MAKERS))
    for slot in slots:
        for x, y in zip(*(jax.tree.leaves(optax.tree.get(s, slot)) for s in (mine, theirs)), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12)


MAKERS = [lambda name, m=m: getattr(m, name)(0.1) for m in (like, optax)]


@pytest.mark.parametrize("call", [{"learning_rate": -0.1}, {"learning_rate": 0.1, "b1": 1.0}])
def test_what_is_out_of_range_raises(call):
    with pytest.raises(ValueError, match="is outside"):
        like.adam(**call)
