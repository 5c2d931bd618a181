"""The pages of the site, as Markdown: those of this folder, the notebooks, and the reference.

A page of this folder that is long is cut: of docs/methods.md comes a page a method, of docs/claims.md a page a theme.
Links are written as the files lie in the repository; here they are turned to where their target is shown.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
from pathlib import Path
from typing import NamedTuple

from site_reference import of_method, reference

from optzoo_jax import list_optimizers

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CUT = {"docs/methods.md": "methods", "docs/claims.md": "claims"}
BESIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}


class Page(NamedTuple):
    """Its text, and the file of the repository that its links are relative to."""

    text: str
    origin: str


def site_pages() -> dict[str, str]:
    """Every page: its place in the site → its Markdown."""
    pages, anchors = written(), {}
    for origin, folder in CUT.items():
        head, parts = cut(pages[f"{folder}.md"].text)
        pages[f"{folder}.md"] = Page(head, origin)
        for title, text in parts.items():
            place = f"{folder}/{slug(title)}.md"
            pages[place] = Page(f"# {title}\n\n{re.sub('^###', '##', text, flags=re.MULTILINE)}", origin)
            anchors[origin, slug(title)] = place
            anchors |= {
                (origin, slug(x)): f"{place}#{slug(x)}" for x in re.findall(r"^### (.+)$", text, flags=re.MULTILINE)
            }
    shown = {place: relinked(page, place, anchors) for place, page in pages.items()}
    shown["methods.md"] = f"---\nhide: [toc]\n---\n\n{shown['methods.md']}"  # its tables need the width
    for name in list_optimizers():
        shown[f"methods/{name}.md"] += of_method(name)
    return {**shown, **reference()}


def written() -> dict[str, Page]:
    """The pages that are files, notebooks among them."""
    pages = {path.name: Page(path.read_text(), f"docs/{path.name}") for path in sorted(DOCS.glob("*.md"))}
    pages |= {place: Page((ROOT / name).read_text(), name) for name, place in BESIDE.items()}
    pages |= {f"notebooks/{path.stem}.md": Page(notebook(path)[0], f"notebooks/{path.name}") for path in NOTEBOOKS}
    return pages


def cut(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the first heading of the second level, and the text under each."""
    head, *rest = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return head, dict(zip(rest[::2], rest[1::2], strict=True))


def slug(title: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))


def relinked(page: Page, place: str, anchors: dict[tuple[str, str], str]) -> str:
    """A page whose links lead to where their targets are shown."""

    def to(found: re.Match[str]) -> str:
        path, _, anchor = found[1].partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page.origin), path)) if path else page.origin
        if (target, anchor) in anchors:
            new = anchors[target, anchor]
        elif not path:
            return found[0]
        else:
            new = shown_at(target) + (f"#{anchor}" if anchor else "")
        return f"]({posixpath.relpath(new, posixpath.dirname(place) or '.')})"

    return re.sub(r"\]\(((?:(?!://)[^)\s])*?(?:\.(?:md|ipynb|png|gif|svg)(?:#[^)\s]+)?|#[^)\s]+))\)", to, page.text)


def shown_at(target: str) -> str:
    """Where the site has a file of the repository."""
    if target in BESIDE:
        return BESIDE[target]
    return target.removeprefix("docs/").replace(".ipynb", ".md")


def notebook(path: Path) -> tuple[str, list[bytes]]:
    """A notebook as a page: words, programs, what they print; and the pictures that they draw."""
    blocks, pictures = [], []
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        blocks.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            text = "".join(output.get("text", data.get("text/plain", ""))).rstrip()
            if "image/png" in data:
                pictures.append(base64.b64decode("".join(data["image/png"])))
                blocks.append(f"![What the program above draws]({path.stem}-{len(pictures)}.png)")
            elif text:
                blocks.append(f"```text\n{text}\n```")
    return "\n\n".join(blocks) + "\n", pictures


def pictures() -> dict[str, bytes]:
    """The pictures that notebooks draw."""
    return {
        f"notebooks/{path.stem}-{i}.png": picture
        for path in NOTEBOOKS
        for i, picture in enumerate(notebook(path)[1], start=1)
    }
