"""The generated pages are fresh, and the README's programs run as printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from optzoo_jax.testing import LAWS, factories

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = (
    "generate.py",
    *(f"{page}.md" for page in ("methods", "laws", "mixes", "performance", "claims", "race", "choosing", "from_optax")),
    *(f"measured/{file.name}" for file in (ROOT / "docs" / "measured").iterdir()),
)
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def python(*arguments):
    """As a user runs it: its own process, JAX's own configuration."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_generated_pages_are_fresh():
    assert python("docs/generate.py", "--check") == (0, "")


@pytest.mark.tier2
def test_a_stale_page_is_found(tmp_path):
    for name in ("README.md", "tests/mixes.py", *(f"docs/{page}" for page in PAGES)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text().replace("AdaBelief", "AdaDisbelief"))
    done = python(str(tmp_path / "docs" / "generate.py"), "--check")
    stale = (f"docs/{page}.md is stale: run `python docs/generate.py`\n" for page in ("claims", "methods"))
    assert done == (1, "".join(stale))


@pytest.mark.tier2
@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_of_the_readme_runs(program):
    code, output = python("-W", "error", "-c", program)
    assert code == 0, output


def test_the_readme_links_to_files_that_exist():
    for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", README):
        assert (ROOT / target).exists(), target


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
    anchors = re.findall(r"docs/methods\.md#(\w+)", README)
    assert sorted(anchors) == sorted(headings)


def test_laws_and_tests_that_the_docs_name_exist():
    named = re.findall(r"(law|test)s? (`[^|]*)\|$", (ROOT / "docs/optax_issues.md").read_text(), flags=re.MULTILINE)
    sources = "".join(path.read_text() for path in (ROOT / "tests").glob("test_*.py"))
    known = {**LAWS, **factories.LAWS}
    assert len(named) == 8
    for kind, rest in named:
        for name in re.findall(r"`([^`]+)`", rest)[: 2 if "`, `" in rest and kind == "law" else 1]:
            assert name in known if kind == "law" else f"def {name}(" in sources, name
