"""What a part of the page is."""

from __future__ import annotations

from typing import Any, NamedTuple


class Section(NamedTuple):
    """A part of the page, in a file of its own; `page.py` joins them.

    Attributes:
      title: its heading, plain text; the page makes an h2 of it, and the section's id and its link at the top.
      html: what stands below the heading; text of others is escaped already, and its own headings begin at h3.
      data: plain data, not finite numbers as None; the script finds it as `data[id]`, with `id` as in `section_id`.
      script: plain JavaScript, run once after the whole page is there.
      style: its own CSS, in the page's custom properties.
    """

    title: str
    html: str
    data: dict[str, Any] = {}
    script: str = ""
    style: str = ""


def section_id(section: Section) -> str:
    """The id of the section's element and the key of its data: the title in small letters with hyphens."""
    return "-".join(section.title.lower().split())
