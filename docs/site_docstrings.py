"""Docstrings as Markdown, for mkdocstrings: sections of one paragraph get a bold title, a method's equations are left
to its page, where they stand already."""

from __future__ import annotations

import inspect
import re
from typing import Any

from griffe import Extension, Function

ONE_PARAGRAPH = r"^(Full name|Difference[^:\n]*|Bound|Departures|Reference|Stream): "
FOR_ITS_PAGE = r"^(Full name|Difference[^:\n]*|Bound|Departures|Reference|Variants|Not claimed|No counterpart):"


class Docstrings(Extension):
    """Rewrites the docstring of a function."""

    def on_function(self, *, func: Function, **_: Any) -> None:
        """Once it is known."""
        if func.docstring is None:
            return
        text = inspect.cleandoc(func.docstring.value)
        if re.search(FOR_ITS_PAGE, text, flags=re.MULTILINE) and func.path.split(".")[1] in ("optimizers", "wrappers", "stopping"):
            text = without_what_the_page_has(text)
        func.docstring.value = re.sub(ONE_PARAGRAPH, r"**\1:** ", text, flags=re.MULTILINE)


def without_what_the_page_has(text: str) -> str:
    """The first line, the words that are no equation, Args and Raises."""
    blocks = re.split(r"\n\n(?=\S)", text)
    kept = [block for block in blocks if not re.match(FOR_ITS_PAGE, block)]
    return "\n\n".join(re.sub(r"\n\n    .*", "", block, flags=re.DOTALL) if "\n\n    " in block else block for block in kept)
