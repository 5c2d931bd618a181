"""What mkdocstrings shows of a function: its signature as it is called, and its docstring as Markdown.

Sections of one paragraph get a bold title. What a method's page has already, equations, variants and reference, is left
out.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from griffe import Extension, Function, Parameter, ParameterKind, Parameters
from site_reference import starred

import optzoo_jax

ONE_PARAGRAPH = r"^(Bound|Departures|Reference|Stream): "
ON_ITS_PAGE = r"(Full name|Difference[^:\n]*|Bound|Departures|Reference|Variants|Not claimed|No counterpart):"
KINDS = {kind.name: ParameterKind[kind.name.lower()] for kind in type(inspect.Parameter("x", 0).kind)}


class AsCalled(Extension):
    """Rewrites a function once it is read."""

    def on_function(self, *, func: Function, **_: Any) -> None:
        """mkdocstrings looks through a decorator at the body of a piece; its factory is what is called."""
        if func.name in optzoo_jax.__all__:
            public = getattr(optzoo_jax, func.name)
            if func.path in (f"optzoo_jax.{func.name}", f"{public.__module__}.{func.name}"):
                func.parameters = parameters(public)
        func.returns = None
        if func.docstring is not None:
            func.docstring.value = as_markdown(inspect.cleandoc(func.docstring.value))


def parameters(function: Any) -> Parameters:
    """The names and the defaults."""
    return Parameters(
        *(
            Parameter(p.name, kind=KINDS[p.kind.name], default=None if p.default is p.empty else repr(p.default))
            for p in inspect.signature(function).parameters.values()
        )
    )


def as_markdown(text: str) -> str:
    """A docstring, without what a method's page has of it."""
    blocks = re.split(r"\n\n(?=\S)", text)
    if any(re.match("Full name:|Difference", block) for block in blocks):
        blocks = [
            re.sub(r"\n\n    .*", "", block, flags=re.DOTALL) for block in blocks if not re.match(ON_ITS_PAGE, block)
        ]
    plain = [block if "\n    " in block else starred(block) for block in blocks]
    return re.sub(ONE_PARAGRAPH, r"**\1:** ", "\n\n".join(plain), flags=re.MULTILINE)
