"""A method's docstring is the source of its card, and what is wrong in it is said."""

import inspect
import re
from typing import Literal, get_args, get_type_hints

import pytest

import optzoo_jax as oz
from optzoo_jax.card import CARDS
from optzoo_jax.docstring import facts_of

NAMES = oz.list_optimizers()
WHOLE = """Mine: a step.

    m ← g
      of two lines

    θ ← θ − αm

A paragraph that is no section.

Full name: My own
method.

Difference from adam: one thing;
and another.
Bound: η·|m|.
Args:
  learning_rate: α ≥ 0: a number.

Variants:
  first: a: line (of mine).
  second: another, which
    goes on.

Not claimed:
  odd, scale: a reason.
No counterpart: mu_dtype: none.

Departures: none.

Reference: arXiv:1999.12345; Me & You, 2031, "In 1984", and 2032.

    no equation = this
"""


def test_every_section_is_read():
    assert facts_of("mine", WHOLE) == {
        "summary": "Mine: a step.",
        "equations": "m ← g\n  of two lines\nθ ← θ − αm",
        "full_name": "My own method",
        "year": 2031,
        "parent": "adam",
        "difference": "one thing; and another",
        "bound": "η·|m|",
        "variants": {"first": "a: line (of mine)", "second": "another, which goes on"},
        "not_claimed": {"odd": "a reason", "scale": "a reason"},
        "no_counterpart": {"mu_dtype": "none"},
        "departures": "none.",
        "reference": 'arXiv:1999.12345; Me & You, 2031, "In 1984", and 2032.',
    }
    assert list(facts_of("mine", WHOLE)["variants"]) == ["first", "second"]


def test_what_is_not_said_is_empty():
    words = {"summary": "", "equations": "", "full_name": "mine", "difference": "", "bound": "", "departures": "",
             "reference": ""}  # fmt: skip
    tables = {"variants": {}, "not_claimed": {}, "no_counterpart": {}}
    nothing = words | tables | {"year": 0, "parent": None}
    assert facts_of("mine", None) == facts_of("mine", "") == nothing
    assert facts_of("mine", "A step.") == nothing | {"summary": "A step."}
    assert facts_of("mine", "Mine: a step.")["full_name"] == "Mine"
    root = facts_of("mine", "A step.\n\nDifference: the root: of all.")
    assert (root["parent"], root["difference"]) == (None, "the root: of all")


WRONG = {
    "Variants:\n  first a line": (
        "mine: the section 'Variants' of its docstring has the entry 'first a line': write `name: words`"
    ),
    "Not claimed:\n  odd:": "mine: the section 'Not claimed' of its docstring has the entry 'odd:': write",
    "No counterpart:\n  : words": "mine: the section 'No counterpart' of its docstring has the entry ': words': write",
    "Variants:\n  a: b\nc": "mine: the section 'Variants' of its docstring has the entry 'c': write",
    "Bound:": "mine: the section 'Bound' of its docstring is empty: write it after the colon",
    "Variants:\n\n  first: a line": "mine: the section 'Variants' of its docstring is empty",
    "Full name:\n\nMine.": "mine: the section 'Full name' of its docstring is empty",
    "Difference to adam: one": (
        "mine: its docstring has a section 'Difference to adam': have one section 'Difference from <method>'"
    ),
    "Difference from the paper: one": "mine: its docstring has a section 'Difference from the paper'",
    "Difference from sgd: one.\n\nDifference from adam: two.": (
        "mine: its docstring has a section 'Difference from adam': have one section"
    ),
}


@pytest.mark.parametrize("section", WRONG)
def test_a_malformed_section_names_the_method_the_section_and_the_remedy(section):
    with pytest.raises(ValueError, match=re.escape(WRONG[section])):
        facts_of("mine", f"Mine: a step.\n\n{section}\n\nReference: me.")


@pytest.mark.parametrize("name", NAMES)
def test_variants_are_the_words_of_the_argument(name):
    hint = get_type_hints(oz.card(name).factory).get("variant")
    assert tuple(oz.card(name).variants) == get_args(hint)


@pytest.mark.parametrize("annotation", [Literal["two", "one"], Literal["one", "two", "three"], str])
def test_variants_that_are_not_those_of_the_argument_are_refused(annotation):
    def mine(learning_rate, variant: annotation = "one"):
        """Mine.

        Variants:
          one: a line.
          two: another.
        """
        return oz.identity()

    with pytest.raises(ValueError, match=r"mine: the section 'Variants' of its docstring has \['one', 'two'\], and"):
        oz.optimizer()(mine)
    assert "mine" not in CARDS


def test_an_argument_of_the_decorator_says_what_the_docstring_does_not():
    @oz.optimizer(learning_rate=0.1, full_name="The second of mine", year=2000, parent="sgd", difference="none")
    def mine_too(learning_rate):
        """Mine too: a step.

        Reference: me, 1999.
        """
        return oz.identity()

    card = CARDS.pop("mine_too")
    assert (card.full_name, card.year, card.parent, card.difference) == ("The second of mine", 2000, "sgd", "none")
    assert (card.reference, card.kind, card.degree, card.calls) == ("me, 1999.", "optimizer", 0, {})
    assert card.factory is mine_too
    with pytest.raises(TypeError, match="colour"):
        oz.optimizer(colour="red")(lambda learning_rate: oz.identity())


@pytest.mark.parametrize("name", oz.list_optimizers(kind="*optimizer"))
def test_the_help_has_every_argument_once(name):
    """The decay's stand at the end of the method's own, with the method's defaults."""
    card = oz.card(name)
    _, _, rest = inspect.getdoc(card.factory).partition("\nArgs:\n")
    args, _, tail = rest.partition("\n\n")
    assert re.findall(r"^  (\w+):", args, flags=re.MULTILINE) == list(card.arguments)
    assert f"None for no decay. Default: {card.arguments['weight_decay']}." in args
    assert f'Default: "{card.arguments["weight_decay_mode"]}".' in args
    assert "Reference:" in tail
