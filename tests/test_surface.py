"""What is public, with its arguments and their defaults, is what was recorded: python tests/test_surface.py records it.

A name that goes, an argument that moves or a default that changes breaks somebody's program, and so is never an
accident.
"""

import inspect
import json
from pathlib import Path

import optzoo_jax as oz

RECORD = Path(__file__).parent / "surface.json"


def arguments(f):
    """The parameters as they are called, without their types."""
    plain = [p.replace(annotation=p.empty) for p in inspect.signature(f).parameters.values()]
    return str(inspect.Signature(plain))


def surface():
    public = {name: x for name, x in vars(oz).items() if callable(x) and not name.startswith("_")}
    return {name: arguments(public[name]) for name in sorted(public)}


def rates():
    """The learning rates that methods are tried at first."""
    return {name: oz.card(name).learning_rate for name in sorted(oz.list_optimizers())}


def test_public_names_arguments_and_defaults():
    assert surface() == json.loads(RECORD.read_text())["arguments"]


def test_the_first_learning_rates():
    assert rates() == json.loads(RECORD.read_text())["learning rates"]


if __name__ == "__main__":
    RECORD.write_text(json.dumps({"arguments": surface(), "learning rates": rates()}, indent=1) + "\n")
