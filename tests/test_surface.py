"""What is public, with its arguments and their defaults, is what was recorded: python tests/test_surface.py records it.

A name that goes, an argument that moves or a default that changes breaks somebody's program, and so is never an
accident.
"""

import inspect
import json
import pydoc
import re
from pathlib import Path

import tomllib

import optzoo_jax as oz

RECORD = Path(__file__).parent / "surface.json"


def arguments(f):
    """The parameters as they are called, without their types."""
    plain = [p.replace(annotation=p.empty) for p in inspect.signature(f).parameters.values()]
    return str(inspect.Signature(plain))


def surface():
    return {name: arguments(getattr(oz, name)) for name in sorted(oz.__all__)}


def rates():
    """The learning rates that methods are tried at first."""
    return {name: oz.card(name).learning_rate for name in sorted(oz.list_optimizers())}


def test_public_names_arguments_and_defaults():
    assert surface() == json.loads(RECORD.read_text())["arguments"]


def test_what_is_imported_is_declared():
    """A type checker takes what a typed package imports, and does not name in `__all__`, for its own affair."""
    imported = {name for name, x in vars(oz).items() if not name.startswith("_") and not inspect.ismodule(x)}
    assert sorted(oz.__all__) == sorted(imported)


def test_no_inner_module_is_shown():
    assert {name for name in dir(oz) if not name.startswith("__")} == set(oz.__all__)
    assert re.search(r"adamw\(\s*learning_rate", pydoc.plain(pydoc.render_doc(oz)))


def test_the_version_is_the_distribution_s():
    """It is written once, where the build looks for it."""
    project = tomllib.loads((RECORD.parent.parent / "pyproject.toml").read_text())
    source = RECORD.parent.parent / project["tool"]["hatch"]["version"]["path"]
    assert project["project"]["dynamic"] == ["version"]
    assert re.findall(r'^__version__ = "(\d+\.\d+\.\d+)"$', source.read_text(), re.MULTILINE) == [oz.__version__]


def test_the_first_learning_rates():
    assert rates() == json.loads(RECORD.read_text())["learning rates"]


if __name__ == "__main__":
    RECORD.write_text(json.dumps({"arguments": surface(), "learning rates": rates()}, indent=1) + "\n")
