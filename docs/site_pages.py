"""The pages of the site, as Markdown: those of this folder, and those that are made of them and of the library.

A page of this folder that is long in a text editor is cut: of docs/methods.md comes a page a method, of docs/claims.md
a page a theme. Pieces, the reference and the command line are read from the library, and the notebooks from their
files. Links are written as the files lie in the repository; here they are turned to where their target is shown.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import importlib.util
import inspect
import io
import json
import posixpath
import re
from pathlib import Path
from typing import Any, NamedTuple

import optzoo_jax
from optzoo_jax import list_optimizers

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CUT = {"docs/methods.md": "methods", "docs/claims.md": "claims"}
BESIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
MODULES = ("like", "like.optax", "like.torch", "experiments")


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
    for name in methods():
        shown[f"methods/{name}.md"] += of_method(name)
    return {**shown, **pieces(), **reference()}


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

    return re.sub(r"\]\(((?:(?!://)[^)\s])*?(?:\.(?:md|ipynb|png|gif)(?:#[^)\s]+)?|#[^)\s]+))\)", to, page.text)


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


def methods() -> list[str]:
    """The methods that have a card."""
    return sorted(list_optimizers())


def public_names() -> list[str]:
    """The library's public names."""
    return sorted(optzoo_jax.__all__)


def module_of(name: str) -> str:
    """The module of the library that a public name is defined in, such as pieces.rates."""
    return getattr(optzoo_jax, name).__module__.removeprefix("optzoo_jax.")


def home(name: str) -> str:
    """The page that documents a public name."""
    if name in list_optimizers():
        return f"methods/{name}.md"
    folder, _, file = module_of(name).partition(".")
    if folder == "optimizers":
        return f"methods/{method_of(name)}.md"
    if folder == "pieces":
        return f"pieces/{file}.md"
    if folder == "wrappers":
        return "reference/wrappers.md"
    return (
        "reference/composition.md"
        if folder in ("arguments", "card", "piece", "precision")
        else "reference/questions.md"
    )


def method_of(step: str) -> str:
    """The method that a step belongs to: the one of its name, or else the first of its file."""
    own = step.removeprefix("scale_by_")
    return own if own in list_optimizers() else next(x for x in methods() if module_of(x) == module_of(step))


def documented(*names: str, of: str = "optzoo_jax") -> str:
    """The entries of the reference for names; where a module has the same name, by the module that it is defined in."""
    return "\n\n".join(
        f'<a id="{of}.{x}"></a>\n\n::: optzoo_jax.{module_of(x)}.{x}' if is_module_too(x) else f"::: {of}.{x}"
        for x in names
    )


def is_module_too(name: str) -> bool:
    """Whether a name of the library would be read as its module."""
    return any((ROOT / "optzoo_jax" / x).exists() for x in (name, f"{name}.py"))


def of_method(name: str) -> str:
    """The end of a method's page: how it is called."""
    steps = [x for x in public_names() if x != name and home(x) == f"methods/{name}.md"]
    return f"\n\n## Arguments\n\n{documented(name, *steps)}\n"


def first_line(thing: Any) -> str:
    """What a docstring begins with, for a cell of a table."""
    return starred((inspect.getdoc(thing) or "").split("\n")[0]).replace("|", "\\|")


def starred(text: str) -> str:
    """A star that is part of an equation, as Markdown that shows it."""
    return re.sub(r"(`[^`\n]*`|\*\*)|(?<!\n)(?<=\S)\*(?=[^\n])", lambda found: found[1] or r"\*", text)


def stream(name: str) -> str:
    """What flows in and out of a piece: in its words where it is one, and else at its defaults."""
    factory = getattr(optzoo_jax, name)
    if hasattr(factory, "definition"):
        said = factory.definition.stream
        return f"`{inspect.getdoc(said) if callable(said) else said}`"
    required = [p.name for p in inspect.signature(factory).parameters.values() if p.default is p.empty]
    if required in ([], ["learning_rate"]):
        return f"`{flow_in_words(optzoo_jax.composition_of(factory(*[0.1] * len(required))).flow)}`"
    return "what its arguments say"


def flow_in_words(flow: Any) -> str:
    """x → 1/x."""
    return f"{flow.needs or 'x'} → {flow.gives}"


def pieces() -> dict[str, str]:
    """A page of all pieces, and a page a stream."""
    streams: dict[str, list[str]] = {}
    for name in public_names():
        if home(name).startswith("pieces/"):
            streams.setdefault(module_of(name), []).append(name)
    rows, pages = [], {}
    for module, names in sorted(streams.items()):
        file = module.removeprefix("pieces.")
        doc = inspect.getdoc(importlib.import_module(f"optzoo_jax.{module}")) or ""
        table = [
            f"| [`{x}`](PLACE#optzoo_jax.{x}) | {stream(x)} | {first_line(getattr(optzoo_jax, x))} |" for x in names
        ]
        head = "| piece | in → out | what it does |\n|---|---|---|\n" + "\n".join(table)
        title = file.capitalize()
        rows.append(f"## {title}\n\n{doc.split(chr(10) * 2)[0]}\n\n{head.replace('PLACE', f'pieces/{file}.md')}")
        pages[f"pieces/{file}.md"] = f"# {title}\n\n{doc}\n\n{head.replace('PLACE', '')}\n\n{documented(*names)}\n"
    intro = (
        "# Pieces by stream\n\nA piece is the maths of one array. What flows through it has a unit: multiply every "
        "gradient by c, and `[g]` is multiplied by c, `[g²]` by c². x is whatever comes in. "
        "[Write your own](write_your_own_piece.md) where none of these is it."
    )
    return {"pieces.md": "\n\n".join([intro, *rows]) + "\n", **pages}


def reference() -> dict[str, str]:
    """An index of all public names, and the pages of those that are neither a method's nor a piece."""
    titles = {
        "reference/composition.md": ("Putting pieces together", ""),
        "reference/questions.md": ("Questions, the registry, many runs", ""),
        "reference/wrappers.md": ("Around optimizers", "Wrappers that have a paper are [methods](../methods.md)."),
    }
    pages = {
        place: f"# {title}\n\n{intro}\n\n{documented(*(x for x in public_names() if home(x) == place))}\n"
        for place, (title, intro) in titles.items()
    }
    from optzoo_jax import testing

    public = [x for x in vars(testing) if public_here(testing, x)]
    pages["reference/testing.md"] = (
        f"# Testing\n\n{prose(testing.__doc__)}\n\nThe laws are on [their own page](../laws.md).\n\n"
        f"{documented(*sorted(public), of='optzoo_jax.testing')}\n"
    )
    pages["reference/modules.md"] = modules()
    pages["reference/command_line.md"] = command_line()
    groups: dict[str, list[str]] = {}
    for name in public_names():
        groups.setdefault(kind_of(name), []).append(name)
    blocks = ["# Reference", "Every public name of `optzoo_jax`, and where it is documented."]
    for kind, names in groups.items():
        rows = [f"| [`{x}`]({home(x)}#optzoo_jax.{x}) | {first_line(getattr(optzoo_jax, x))} |" for x in names]
        blocks.append(f"## {kind}\n\n| name | |\n|---|---|\n" + "\n".join(rows))
    return {"reference.md": "\n\n".join(blocks) + "\n", **pages}


def modules() -> str:
    """What the modules that are imported by themselves say of themselves."""
    found = [f"optzoo_jax.{x}" for x in MODULES if (ROOT / "optzoo_jax" / x.split(".")[0]).is_dir()]
    there = [(x, importlib.util.find_spec(x)) for x in found]
    told = [f"## {x}\n\n{prose(importlib.import_module(x).__doc__)}" for x, spec in there if spec is not None]
    return "# Modules beside the library\n\n" + "\n\n".join(told) + "\n"


def kind_of(name: str) -> str:
    """The kind of a public name."""
    place = home(name)
    if place.startswith("methods/"):
        return "Methods" if name in list_optimizers() else "Steps of methods, before their learning rate"
    return {
        "pieces": "Pieces",
        "reference/wrappers.md": "Around optimizers",
        "reference/questions.md": "Questions",
    }.get(place if place.startswith("reference") else "pieces", "Putting pieces together")


def public_here(module: Any, name: str) -> bool:
    """Whether a module defines a name for its users."""
    thing = getattr(module, name)
    return not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__


def prose(docstring: str | None) -> str:
    """A docstring's indented programs as programs."""
    return re.sub(
        r"\n\n((?:    .*\n|\n(?=    ))+)",
        lambda block: f"\n\n```python\n{inspect.cleandoc(block[1])}\n```\n",
        (docstring or "").strip() + "\n",
    )


def command_line() -> str:
    """What `optzoo` and each of its commands say of themselves."""
    first = help_of(["--help"])
    commands = re.findall(r"[\w-]+", re.findall(r"{(.+?)}", first, flags=re.DOTALL)[0])
    said = {"optzoo": first, **{f"optzoo {command}": help_of([command, "--help"]) for command in commands}}
    blocks = ["# Command line", '`pip install "optzoo_jax[experiments]"` brings the command `optzoo`.']
    return "\n\n".join([*blocks, *(f"## {name}\n\n```text\n{text}\n```" for name, text in said.items())]) + "\n"


def help_of(arguments: list[str]) -> str:
    """What the command prints."""
    from optzoo_jax.experiments.command_line.optzoo import main

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main(arguments)
    return said.getvalue().strip()
