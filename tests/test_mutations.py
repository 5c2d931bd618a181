"""The table of mutants is fresh and covers every method, variant and piece; the script tells caught from survived."""

import ast
from collections import Counter

import mutations
import pytest
from mutants import MUTANTS, Mutant

import optzoo_jax as oz

OF = {m.of for m in MUTANTS}
VARIANTS = [f"{name}:{variant}" for name in oz.list_optimizers() for variant in oz.card(name).variants]
PIECES = [name for name, x in vars(oz).items() if getattr(x, "__module__", "").startswith("optzoo_jax.pieces")]


def test_every_detail_is_where_the_table_says():
    for m in MUTANTS:
        text = (mutations.ROOT / m.file).read_text()
        assert m.old != m.new
        ast.parse(mutations.mutate(text, m), filename=str(m))


def test_no_detail_is_listed_twice():
    assert Counter((m.file, m.old, m.new, m.which) for m in MUTANTS).most_common(1)[0][1] == 1


@pytest.mark.parametrize("name", [*oz.list_optimizers(), *VARIANTS, *PIECES])
def test_something_is_broken_in(name):
    assert name in OF


def test_the_tests_that_are_asked_exist():
    """By name; the script itself ends with an error where a parameter has gone."""
    for m in MUTANTS:
        file, name = m.asked.partition("[")[0].split("::")
        assert f"def {name}(" in (mutations.ROOT / file).read_text(), m.asked


# A library of one line and its tests, so that the machinery is judged in seconds and without JAX.
TINY = {
    "pyproject.toml": "",
    "optzoo_jax/__init__.py": "def double(x):\n    return 2 * x + x * 0\n",
    "tests/test_tiny.py": """
import pytest
from optzoo_jax import double

@pytest.mark.parametrize("x", [1, 3])
def test_double(x):
    assert double(x) == 2 * x

def test_wrong():
    assert double(1) == 3
""",
}
DOUBLE = "tests/test_tiny.py::test_double"


@pytest.fixture
def tiny(tmp_path):
    for name, text in TINY.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    mutations.check_copy_is_imported(tmp_path)
    return tmp_path


def mutant(old, new, asked=DOUBLE, which=None):
    return Mutant("double", "optzoo_jax/__init__.py", old, new, "a mistake", asked, which)


def test_the_script_tells_caught_from_survived_from_error(tiny):
    rows = [
        (mutant("2 * x", "x * x"), "caught", f"{DOUBLE}[1]"),
        (mutant("2 * x", "x * x", f"{DOUBLE}[1]"), "caught", f"{DOUBLE}[1]"),
        (mutant("x * 0", "x - x"), "SURVIVED", f"passes: {DOUBLE}"),
        (mutant("return", "return )"), "ERROR", "test_tiny.py"),
        (mutant("2 * x", "x", "tests/test_tiny.py::test_wrong"), "ERROR", "fails unbroken"),
    ]
    found = list(mutations.findings([row[0] for row in rows], tiny, jobs=2))
    for finding, (asked, verdict, by) in zip(found, rows, strict=True):
        assert finding.mutant == asked
        assert finding.verdict == verdict, finding
        assert by in finding.by


def test_a_mutant_names_its_place_exactly():
    text = "a b a"
    assert mutations.mutate(text, mutant("b", "c")) == "a c a"
    assert mutations.mutate(text, mutant("a", "c", which=1)) == "a b c"
    for old, which in [("a", None), ("d", None), ("a", 2)]:
        with pytest.raises(ValueError, match="times"):
            mutations.mutate(text, mutant(old, "c", which=which))


def test_the_exit_code_and_the_last_line_say_whether_all_were_caught(tiny, monkeypatch, capsys):
    monkeypatch.setattr(mutations, "ROOT", tiny)
    monkeypatch.setattr(mutations, "MUTANTS", [mutant("2", "3"), mutant("0", "1")])
    for second, code, last in [("caught", 0, "2 of 2"), ("SURVIVED", 1, "1 of 2"), ("ERROR", 1, "1 of 2")]:
        found = [mutations.Finding(m, v, "", 0.0) for m, v in zip(mutations.MUTANTS, ["caught", second], strict=True)]
        monkeypatch.setattr(mutations, "findings", lambda *arguments, found=found: found)
        assert mutations.main([]) == code
        assert capsys.readouterr().out.strip().endswith(f"{last} caught")


def test_every_test_that_a_mutant_asks_is_there():
    asked = sorted({m.asked for m in MUTANTS})
    arguments = ["-o", "addopts=", "-q", "--collect-only", "-p", "no:cacheprovider", *asked]
    code, output = mutations.python(mutations.ROOT, "-m", "pytest", *arguments)
    assert code == 0, output[-2000:]
