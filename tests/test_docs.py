"""The generated pages are fresh, and the programs of the README and of the pages that it leads to run as printed."""

import re
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz
from optzoo_jax.testing import LAWS, factories

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
WITH_PROGRAMS = ("README.md", *(f"docs/{page}.md" for page in ("index", "idea", "invent", "training_loops")))
WITH_PROGRAMS += ("docs/carry_a_run_over.md", "docs/sharded_states.md", "docs/race_your_own.md")
PROGRAMS = {
    f"{page}-{i}": program
    for page in WITH_PROGRAMS
    for i, program in enumerate(
        re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), flags=re.DOTALL | re.MULTILINE)
    )
}


def python(*arguments):
    """As a user runs it: its own process, JAX's own configuration."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.tier2
def test_generated_pages_are_fresh():
    assert python("docs/generate.py", "--check") == (0, "")


@pytest.mark.tier2
def test_a_stale_page_is_found(tmp_path):
    beside = "tests/mixes.py", "tests/frameworks/subjects.py", "optzoo_jax/experiments/advice/measured.json"
    pages = (file.relative_to(ROOT) for file in (ROOT / "docs").rglob("*") if file.is_file())
    for name in (*beside, *pages):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes().replace(b"AdaBelief", b"AdaDisbelief"))
    done = python(str(tmp_path / "docs" / "generate.py"), "--check")
    stale = (f"docs/{page}.md is stale: run `python docs/generate.py`\n" for page in ("claims", "methods"))
    assert done == (1, "".join(stale))


@pytest.mark.tier2
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_of_a_page_runs(program):
    code, output = python("-W", "error", "-c", program)
    assert code == 0, output


def test_the_readme_is_short_and_links_to_files_that_exist():
    assert len(README.splitlines()) <= 100
    for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
def test_the_methods_that_are_said_to_have_other_numbers_than_optaxs_are_all_that_do():
    (said,) = re.findall(r"With a learning rate alone, (.*?) do not, nor does `adadelta` with decay", README, re.DOTALL)
    both = [name for name in sorted(oz.list_optimizers(kind="*optimizer")) if hasattr(optax, name)]
    assert re.findall(r"`(\w+)`", said) == [name for name in both if differs(name)]
    assert differs("adadelta", weight_decay=0.1)


def differs(name, **arguments):
    """Whether ten steps at a learning rate are not optax's."""
    found = []
    for library in (oz, optax):
        tx, params = getattr(library, name)(1e-2, **arguments), jnp.arange(1.0, 13.0).reshape(4, 3)
        state = tx.init(params)
        for t in range(10):
            updates, state = tx.update(jnp.cos(params + t), state, params)
            params = optax.apply_updates(params, updates)
        found.append(params)
    return not np.allclose(*found, rtol=1e-9, atol=1e-9)


def test_sizes_are_those_of_the_code():
    """Counted by hand; of adabound with its helper."""
    page = (ROOT / "docs/methods.md").read_text()
    for name, pieces, lines, slots in [
        ("adam", 6, 2, "`mu`, `nu`"),
        ("adabound", 7, 9, "`mu`, `nu`"),
        ("sm3", 5, 1, "(`sums`)"),
    ]:
        assert f"| [`{name}`](#{name}) | {pieces} | {lines} | {slots} |" in page


def test_links_into_a_page_reach_a_heading():
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/methods.md").read_text(), flags=re.MULTILINE)
    anchors = re.findall(
        r"^\| \[`\w+`\]\(#(\w+)\) \| \d{4} ", (ROOT / "docs/methods.md").read_text(), flags=re.MULTILINE
    )
    assert sorted(anchors) == sorted(headings)


def test_laws_and_tests_that_the_docs_name_exist():
    named = re.findall(r"(law|test)s? (`[^|]*)\|$", (ROOT / "docs/optax_issues.md").read_text(), flags=re.MULTILINE)
    sources = "".join(path.read_text() for path in (ROOT / "tests").glob("test_*.py"))
    known = {**LAWS, **factories.LAWS}
    assert len(named) == 8
    for kind, rest in named:
        for name in re.findall(r"`([^`]+)`", rest)[: 2 if "`, `" in rest and kind == "law" else 1]:
            assert name in known if kind == "law" else f"def {name}(" in sources, name


def test_the_citation_is_of_this_version():
    (version,) = re.findall(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)
    assert version == oz.__version__
