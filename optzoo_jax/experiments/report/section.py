"""What a part of the page is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any, NamedTuple


class Section(NamedTuple):
    """A part of the page, in a file of its own; `page.py` joins them.

    Attributes:
      title: its heading, plain text; the page makes an h2 of it, and the section's id and its link at the top.
      html: what stands below the heading; text of others is escaped already, and its own headings begin at h3.
      data: plain data, None for numbers that are not finite.
      script: the body of a function that runs once when the whole page is there, with three names in its scope:
        `section`, the element; `data`, as above; and `report`, which is what all scripts share (static/page.js).
      style: its own CSS, in the colours of static/page.css.
    """

    title: str
    html: str
    data: Mapping[str, Any] = MappingProxyType({})
    script: str = ""
    style: str = ""


def section_id(section: Section) -> str:
    """The id of the section's element: the title in small letters with hyphens."""
    return "-".join(section.title.lower().split())


def static(name: str) -> str:
    """The text of a file in static/."""
    return resources.files(__name__.rpartition(".")[0]).joinpath("static", name).read_text(encoding="utf-8")
