"""Faults are found wherever the source has something to break, cover every part, and caught is told from survived."""

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import fault_operators as operators
import faults
import pytest

import optzoo_jax as oz

SOURCES = faults.trees(faults.ROOT)
FAULTS = faults.all_faults(SOURCES)
OF = {fault.of for fault in FAULTS}
VARIANTS = [f"{name}:{variant}" for name in oz.list_optimizers() for variant in oz.card(name).variants]
PIECES = [name for name, x in vars(oz).items() if getattr(x, "__module__", "").startswith("optzoo_jax.pieces")]


@pytest.mark.parametrize("name", [*oz.list_optimizers(), *VARIANTS, *PIECES])
def test_something_is_broken_in(name):
    assert name in OF


def test_every_function_with_maths_is_broken():
    for module, tree in SOURCES.items():
        broken = {fault.function for fault in FAULTS if fault.module == module}
        for place in operators.places(module, tree):
            if place.fault.kind in operators.MATHS and place.fault.address not in faults.EQUIVALENT:
                assert place.fault.function in broken, place.fault.address


def test_what_is_written_by_hand_is_still_there():
    assert faults.stale(SOURCES) == []


def test_there_are_some_hundred_and_none_twice():
    assert 200 <= len(FAULTS) <= 1200
    assert Counter(fault.address for fault in FAULTS).most_common(1)[0][1] == 1


def test_a_broken_module_is_another_program():
    for fault in FAULTS[::10]:
        before, after = SOURCES[fault.module], faults.tree_with(fault, SOURCES)
        assert ast.dump(before) != ast.dump(after), fault
        compile(after, fault.module, "exec")


# Source → what it may become, each kind once.
CHANGES = {
    "a + b": {"a - b", "a", "b"},
    "a / b": {"a * b", "a"},
    "a @ b": {"a", "b"},
    "1 - b": {"1 + b", "b"},
    "x ** 2.0": {"x"},
    "-x": {"x"},
    "not x": {"x"},
    "a < b": {"a <= b", "a > b"},
    "a is None": {"a is not None"},
    "a and b": {"a or b"},
    "a if c else b": {"a", "b"},
    "jnp.maximum(a, 0)": {"jnp.minimum(a, 0)"},
    "jnp.sqrt(a)": {"a"},
    "jnp.where(c, a, b)": {"jnp.where(c, b, a)", "a", "b"},
    "f(a, b, k=c)": {"f(b, a, k=c)", "f(a, b)"},
    "chain(a, b)": {"chain(b)", "chain(a)", "chain(b, a)"},
    "0.5": {"0.45"},
    "3": {"4"},
    "True": {"False"},
    "'word'": set(),
}


@pytest.mark.parametrize("source", CHANGES)
def test_an_expression_becomes(source):
    node = ast.parse(source, mode="eval").body
    assert {ast.unparse(new) for _, new in operators.changes(node)} == CHANGES[source]


METHOD = '''
from optzoo_jax.card import optimizer

Formula = Literal["this", "that"]

@optimizer(learning_rate=0.1, kind="2000", calls={"torch": {"eps": 0.5}})
def method(eps=1.0, *, variant: Formula = "this"):
    """A docstring - with a sign."""
    if eps < 0:
        raise ValueError(f"no {-eps}")

    def maths(g, m):
        m = m + g
        return -m, m

    return maths
'''


def test_a_function_is_broken_in_its_defaults_card_variants_and_slots():
    tree = ast.parse(METHOD)
    found = {p.fault.address: p.fault.mistake for p in operators.places("optzoo_jax.method", tree)}
    assert found["method:method:variant:0"] == "this computes what that does"
    assert found["method:method:default:0"] == "eps=1.0 by default → 0.9"
    assert found["method:method:default:1"] == "variant='this' by default → 'that'"
    assert found["method:method:entry:0"] == "without 'eps': 0.5"
    assert found["method:method:check:0"] == "no error where eps < 0"
    assert found["method:method.maths:slot:0"] == "m stays what it was"
    assert found["method:method.maths:sign:0"] == "-m → m"
    assert not [mistake for mistake in found.values() if "2000" in mistake or "docstring" in mistake]
    kept = ast.unparse(operators.broken(tree, "optzoo_jax.method", "method:method.maths:slot:0"))
    assert "m_before = m\n        m = m + g\n        return (-m, m_before)" in kept
    with pytest.raises(ValueError, match="there is no such place"):
        operators.broken(tree, "optzoo_jax.method", "method:method.maths:slot:1")


def test_a_replacement_names_its_place_exactly():
    tree = ast.parse("def f(a):\n    b = (a+1)\n    return g(a + 1) - g(a)\n\ndef h(a):\n    return a + 1")
    twice = operators.replaced(tree, "f", "a + 1", "a", which=1)
    assert ast.unparse(twice).startswith("def f(a):\n    b = a + 1\n    return g(a) - g(a)")
    assert "pass" in ast.unparse(operators.replaced(tree, "f", "b = a + 1", "pass"))
    for function, old, which in [("f", "a + 1", None), ("f", "a + 2", None), ("f", "a + 1", 2), ("i", "a", None)]:
        with pytest.raises(ValueError, match=r"times|no function"):
            operators.replaced(tree, function, old, "c", which)


# A library of one line and its tests, so that the machinery is judged in seconds and without JAX.
TINY = {
    "pyproject.toml": "[tool.pytest.ini_options]\nmarkers = ['tier2: later']\n",
    "optzoo_jax/__init__.py": "",
    "optzoo_jax/maths.py": "def double(x):\n    return 2 * x + x * 0\n\ndef unasked(x):\n    return x / 2\n",
    "tests/test_tiny.py": """
import pytest
from optzoo_jax.maths import double, unasked

@pytest.mark.parametrize("x", [1, 3])
def test_double(x):
    assert double(x) == 2 * x

@pytest.mark.tier2
def test_half():
    assert unasked(2) == 1

def test_wrong():
    assert double(1) == 3
""",
}
JUDGE = """
import json, sys, pathlib
sys.path.insert(0, {tests!r})
import faults
root = pathlib.Path({root!r})
sources = faults.trees(root)
found = faults.measured_map(root, sources, 2)
judged = list(faults.findings(faults.made(sources), root, sources, found, {{}}, 2))
rows = [[finding.fault.address, finding.verdict, finding.by] for finding in judged]
addresses = sorted(fault.address for fault in faults.made(sources))
by_hints = {{}}
for test in {hints!r}:
    hints = dict.fromkeys(addresses, "tests/test_tiny.py::" + test)
    by_hints[test] = sorted(f.fault.address for f in faults.by_hints(faults.made(sources), root, sources, hints, 2))
print(json.dumps([found.entered, found.failed, rows, by_hints]))
"""


def test_caught_is_told_from_survived(tmp_path):
    """In a process of its own: this one has JAX's threads, and is not to be forked."""
    for name, text in TINY.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    hints = ["test_double[3]", "test_wrong", "test_gone"]
    program = JUDGE.format(tests=str(Path(faults.__file__).parent), root=str(tmp_path.resolve()), hints=hints)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    entered, failed, rows, by_hints = json.loads(done.stdout.splitlines()[-1])
    tests = [f"tests/test_tiny.py::{name}" for name in ("test_double[1]", "test_double[3]", "test_wrong")]
    assert sorted(entered["maths:double"]) == tests
    assert failed == [tests[2]]
    verdicts = {address: (verdict, by) for address, verdict, by in rows}
    assert "maths:unasked:arithmetic:0" in verdicts
    for address, (verdict, by) in verdicts.items():
        caught = address.startswith("maths:double")
        assert verdict == ("caught" if caught else "SURVIVED"), address
        assert by in tests[:2] if caught else by == "all tests pass"
    # A hint is a test that fails for the fault, not one that fails always or is not there.
    assert by_hints == {
        hints[0]: sorted(address for address in verdicts if address.startswith("maths:double")),
        hints[1]: [],
        hints[2]: [],
    }


def test_what_has_caught_a_fault_is_its_hint():
    """Without the faults that are not made any more, and with a test that can be asked where a file was not read."""
    tests = ["tests/test_a.py::test_1", "tests/test_b.py::test_2", "tests/test_b.py::test_3"]
    by = [tests[2], "tests/test_b.py (collecting)", "tests/conftest.py (importing)"]
    seen = [faults.Finding(fault, faults.CAUGHT, test, 0.0) for fault, test in zip(FAULTS, by, strict=False)]
    seen.append(faults.Finding(FAULTS[3], faults.SURVIVED, "all tests pass", 0.0))
    addresses = [fault.address for fault in FAULTS[:4]]
    kept = faults.written(seen, {"gone": tests[0], addresses[0]: tests[0]}, set(addresses), tests)
    assert json.loads(kept) == dict(zip(addresses, [tests[2], tests[1], tests[0]], strict=False))


def test_the_exit_code_and_the_last_line_say_whether_all_were_caught(monkeypatch, capsys, tmp_path):
    two = FAULTS[:2]
    monkeypatch.setattr(faults, "all_faults", lambda sources: two)
    monkeypatch.setattr(faults, "map_of", lambda *arguments, **options: faults.Map({}, {}, []))
    monkeypatch.setattr(faults.runs, "warm", lambda: None)
    monkeypatch.setattr(faults, "by_hints", lambda *arguments: iter([]))
    cases = [("caught", 0, "2 of 2"), ("SURVIVED", 1, "1 of 2"), ("ERROR", 1, "1 of 2"), ("caught", 1, "2 of 2")]
    for i, (second, code, last) in enumerate(cases):
        monkeypatch.setattr(faults, "stale", lambda sources, gone=["a row"] * (i == 3): gone)
        found = [faults.Finding(f, v, "a test", 0.0) for f, v in zip(two, ["caught", second], strict=True)]
        monkeypatch.setattr(faults, "findings", lambda *arguments, found=found: iter(found))
        assert faults.main(["--out", str(tmp_path / "table.md")]) == code
        assert capsys.readouterr().out.strip().endswith(f"{last} caught")
        assert (tmp_path / "table.md").read_text().startswith(f"{last} faults caught.")
