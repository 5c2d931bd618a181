"""The reference, as Markdown for mkdocstrings: every public name, on the page of its method, its stream or its kind."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import io
import re
from pathlib import Path
from typing import Any

import optzoo_jax
from optzoo_jax import experiments, list_optimizers, testing
from optzoo_jax.experiments.command_line.optzoo import main

LIBRARY = Path(optzoo_jax.__file__).parent
KINDS = {
    "methods": "Methods",
    "pieces": "Pieces",
    "composition": "Putting pieces together",
    "wrappers": "Around optimizers",
    "questions": "Questions, the registry, many runs",
}
BESIDE = {**dict.fromkeys(("arguments", "card", "piece", "precision"), "composition"), "wrappers": "wrappers"}
PIECES = """# Pieces by stream

A piece is the maths of one array. What flows through it has a unit: multiply every gradient by c, and `[g]` is
multiplied by c, `[g²]` by c². x is whatever comes in. [Write your own](write_your_own_piece.md) where none of these is
it."""
MODULES = ("like", "like.optax", "like.torch")


def reference() -> dict[str, str]:
    """Its pages: their places in the site → their Markdown."""
    return {
        "reference.md": index(),
        **pieces(),
        **{f"reference/{file}.md": beside(file) for file in ("composition", "wrappers", "questions")},
        "reference/testing.md": laws(),
        "reference/experiments.md": of_experiments(),
        "reference/modules.md": modules(),
        "reference/command_line.md": command_line(),
    }


def public_names() -> list[str]:
    """The library's public names."""
    return sorted(optzoo_jax.__all__)


def module_of(name: str) -> str:
    """The module of the library that a public name is defined in, such as pieces.rates."""
    return getattr(optzoo_jax, name).__module__.removeprefix("optzoo_jax.")


def home(name: str) -> str:
    """The page that documents a public name."""
    folder, _, file = module_of(name).partition(".")
    if name in list_optimizers() or folder == "optimizers":
        return f"methods/{method_of(name)}.md"
    return f"pieces/{file}.md" if folder == "pieces" else f"reference/{BESIDE.get(folder, 'questions')}.md"


def kind_of(name: str) -> str:
    """The kind of a public name."""
    folder, file = home(name).removesuffix(".md").split("/")
    if folder == "methods" and name not in list_optimizers():
        return "Steps of methods, before their learning rate"
    return KINDS[file if folder == "reference" else folder]


def method_of(name: str) -> str:
    """The method that a name belongs to: itself, or that of the step's name, or else the first of its file."""
    known = sorted(list_optimizers(), key=lambda x: (x != name, x != name.removeprefix("scale_by_"), x))
    return next(x for x in known if module_of(x) == module_of(name))


def documented(*names: str, of: str = "optzoo_jax") -> str:
    """The entries of the reference for names; where a module has the same name, by the module that it is defined in."""
    return "\n\n".join(
        f'<a id="{of}.{x}"></a>\n\n::: optzoo_jax.{module_of(x)}.{x}' if is_module_too(x) else f"::: {of}.{x}"
        for x in names
    )


def is_module_too(name: str) -> bool:
    """Whether a name of the library would be read as its module."""
    return any((LIBRARY / x).exists() for x in (name, f"{name}.py"))


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
    files = sorted({home(x) for x in public_names() if home(x).startswith("pieces/")})
    blocks, pages = [PIECES], {}
    for place in files:
        file = place.removeprefix("pieces/").removesuffix(".md")
        names = [x for x in public_names() if home(x) == place]
        said = (importlib.import_module(f"optzoo_jax.pieces.{file}").__doc__ or "").strip()
        first, _, _ = said.partition("\n\n")
        blocks.append(f"## {file.capitalize()}\n\n{first}\n\n{table(names, place)}")
        pages[place] = f"# {file.capitalize()}\n\n{said}\n\n{table(names)}\n\n{documented(*names)}\n"
    return {"pieces.md": "\n\n".join(blocks) + "\n", **pages}


def table(names: list[str], place: str = "") -> str:
    """A row a piece, which leads to its entry on a page, the same where none is named."""
    rows = [f"| [`{x}`]({place}#optzoo_jax.{x}) | {stream(x)} | {first_line(getattr(optzoo_jax, x))} |" for x in names]
    return "\n".join(["| piece | in → out | what it does |", "|---|---|---|", *rows])


def index() -> str:
    """All public names, kind by kind."""
    blocks = ["# Reference", "Every public name of `optzoo_jax`, and where it is documented."]
    for kind in dict.fromkeys(map(kind_of, public_names())):
        names = [x for x in public_names() if kind_of(x) == kind]
        rows = [f"| [`{x}`]({home(x)}#optzoo_jax.{x}) | {first_line(getattr(optzoo_jax, x))} |" for x in names]
        blocks.append(f"## {kind}\n\n| name | |\n|---|---|\n" + "\n".join(rows))
    return "\n\n".join(blocks) + "\n"


def beside(file: str) -> str:
    """A page of names that are neither a method's nor a piece."""
    names = [x for x in public_names() if home(x) == f"reference/{file}.md"]
    return f"# {KINDS[file]}\n\n{documented(*names)}\n"


def laws() -> str:
    """What tests optimizers."""
    public = [x for x in vars(testing) if getattr(getattr(testing, x), "__module__", "") == testing.__name__]
    entries = documented(*sorted(x for x in public if not x.startswith("_")), of="optzoo_jax.testing")
    return f"# Testing\n\n{prose(testing.__doc__)}\n\nWhat the laws are: [Laws](../laws.md).\n\n{entries}\n"


def of_experiments() -> str:
    """What races are made with."""
    names = sorted(experiments.__all__)
    where = {name: f"{getattr(experiments, name).__module__}.{name}" for name in names}
    entries = [f'<a id="optzoo_jax.experiments.{name}"></a>\n\n::: {where[name]}' for name in names]
    return "\n\n".join([f"# Experiments\n\n{prose(experiments.__doc__)}", *entries]) + "\n"


def modules() -> str:
    """What the modules that are imported by themselves say of themselves."""
    found = [f"optzoo_jax.{x}" for x in MODULES if (LIBRARY / x.split(".")[0]).is_dir()]
    there = [(x, importlib.util.find_spec(x)) for x in found]
    told = [f"## {x}\n\n{prose(importlib.import_module(x).__doc__)}" for x, spec in there if spec is not None]
    return "# Modules beside the library\n\n" + "\n\n".join(told) + "\n"


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
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main(arguments)
    return said.getvalue().strip()
