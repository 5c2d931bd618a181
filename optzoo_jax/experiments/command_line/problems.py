"""What a problem is called on the command line: a name, or an object of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optzoo_jax.experiments.arguments.imported import imported
from optzoo_jax.experiments.problems import load_problem

if TYPE_CHECKING:
    from optzoo_jax.experiments.methods.entries import Entry
    from optzoo_jax.experiments.problems.problem import Problem

HELP = "a name, or one of your own: FILE.py:NAME or MODULE:NAME, a Problem or a function that makes one"


def problem_of(text: str) -> Problem:
    """The problem of a name, or of `module:name` or `file.py:name`: a `Problem` or a function without arguments.

    Raises:
      ValueError: for what is none.
    """
    from optzoo_jax.experiments.problems.problem import Problem

    where, colon, name = text.rpartition(":")
    if not colon:
        return load_problem(text)
    found = imported("--problem", where, name)
    found = found() if callable(found) and not isinstance(found, Problem) else found
    if not isinstance(found, Problem):
        raise ValueError(f"--problem: {text} is {type(found).__name__}, not a Problem or a function that makes one.")
    return found


def entry_of(text: str) -> Entry:
    """The entry of a method's name, or of `module:factory`.

    Raises:
      ValueError: for what is none.
    """
    from optzoo_jax.experiments.methods.entries import entry
    from optzoo_jax.experiments.methods.user_optimizer import user_entry

    return user_entry(text) if ":" in text else entry(text)
