"""What a name may be, and which one is near where there is no such name."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def known(what: str, name: str, choices: Collection[str]) -> str:
    """The name, where it is one of the choices.

    Args:
      what: how the complaint begins, such as "no problem is called"; the name follows.
      name: the user's word.
      choices: the names that there are.

    Raises:
      ValueError: where it is none of them, with all of them and the nearest one.
    """
    if name in choices:
        return name
    near = difflib.get_close_matches(name, choices, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{what} {name!r}; it is one of {', '.join(map(repr, choices))}.{hint}")
