'''What the docstring of a method says, section by section: the words of its card.

    """Adam: an average of the gradients over the root of the average of their squares.

        m ← β₁m + (1−β₁)g …                      the equations: indented, before the first section

    Full name: Adaptive moment estimation.       left out where it is what the first line begins with
    Difference from rmsprop: an average of ….    Difference: … for a method without a parent
    Bound: what an update may not exceed, where the paper proves it.
    Args: …

    Variants:                                    one for each word of the argument variant, the default first
      survey: the formula, in a line.
    Not claimed:                                 an invariance that does not hold, and the mathematical reason
      scale: ….
    No counterpart:                              an argument of optax that is not here, and what to do instead
      mu_dtype: ….
    Departures: ….
    Reference: authors, year, "title".           the method is of the first year in it
    """

A section ends with an empty line, and each may be left out.
'''

import inspect
import re
import textwrap
from typing import Any

_TITLE = re.compile(
    r"^(Usage|Args|Raises|Full name|Difference[^:\n]*|Bound|Variants|Not claimed|No counterpart|Departures|Reference):",
    re.MULTILINE,
)


def facts_of(method: str, docstring: str | None) -> dict[str, Any]:
    """The fields of a card that are words, from a method's docstring; what it does not say is empty.

    Raises:
      ValueError: where a section is not as it should be, with what to write there.
    """
    head, *rest = _TITLE.split(inspect.cleandoc(docstring or ""))
    sections = {title: text.split("\n\n")[0] for title, text in zip(rest[::2], rest[1::2], strict=True)}

    def line(title: str) -> str:
        words = " ".join(sections.get(title, "").split())
        if title in sections and not words:
            raise ValueError(
                f"{method}: the section {title!r} of its docstring is empty: write it after the colon, with no empty "
                "line between, or leave the title out."
            )
        return words

    def entries(title: str) -> dict[str, str]:
        found = {}
        for entry in re.split(r"\n(?=\S)", textwrap.dedent(sections[title]).strip()) if line(title) else ():
            names, _, words = (" ".join(part.split()) for part in entry.partition(":"))
            if not names or not words:
                raise ValueError(
                    f"{method}: the section {title!r} of its docstring has the entry {entry!r}: write `name: words`, "
                    "an entry a line, and indent a line that goes on with the one before."
                )
            found |= dict.fromkeys(names.split(", "), words.removesuffix("."))
        return found

    difference, *more = [title for title in sections if title.startswith("Difference")] or ["Difference"]
    parent = re.fullmatch(r"Difference(?: from (\w+))?", difference)
    if parent is None or more:
        raise ValueError(
            f"{method}: its docstring has a section {[difference, *more][-1]!r}: have one section 'Difference from "
            "<method>', or 'Difference' for a method without a parent."
        )
    summary = head.split("\n")[0]
    year = re.search(r"(?<!arXiv:)\b(?:19|20)\d\d\b", line("Reference"))
    return {
        "summary": summary,
        "equations": textwrap.dedent("\n".join(text for text in head.split("\n") if text.startswith("    "))),
        "full_name": line("Full name").removesuffix(".") or (summary.split(":")[0] if ":" in summary else method),
        "year": int(year[0]) if year else 0,
        "parent": parent[1],
        "difference": line(difference).removesuffix("."),
        "bound": line("Bound").removesuffix("."),
        "variants": entries("Variants"),
        "not_claimed": entries("Not claimed"),
        "no_counterpart": entries("No counterpart"),
        "departures": line("Departures"),
        "reference": line("Reference"),
    }
