"""Writes what the cards and the measurements know into docs: `python docs/generate.py`.

With --check it writes nothing, names the stale files and exits with 1.
"""

from __future__ import annotations

import argparse
import ast
import collections
import functools
import inspect
import json
import runpy
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from optzoo_jax import Card, card, in_words, list_optimizers
from optzoo_jax.experiments.advice.measured import in_json, of_race
from optzoo_jax.experiments.advice.words import in_markdown as advice
from optzoo_jax.experiments.bench import twins
from optzoo_jax.experiments.bench.rows import bench_rows
from optzoo_jax.experiments.bench.trees import gpt2, size_of
from optzoo_jax.experiments.claims.page import markdown
from optzoo_jax.experiments.protocol.record import Race, read
from optzoo_jax.experiments.report.markdown import race_page, race_picture
from optzoo_jax.like import optax as like
from optzoo_jax.testing import INVARIANCES, LAWS, factories
from optzoo_jax.testing.pairs import NOT_KEPT, WRAPPERS, refusal

ROOT = Path(__file__).resolve().parent.parent
MEASURED_RACE = ROOT / "docs" / "measured" / "race.zip"
BEGIN, END = "<!-- written by docs/generate.py -->", "<!-- until here -->"


def table() -> str:
    """A row a method: when it came, what it is made of, what sets it apart."""
    rows = [
        "| method | year | direction · rate | what sets it apart | state, bytes a parameter (+: of its sides) |",
        "|---|---|---|---|---|",
    ]
    for name in list_optimizers():
        c = card(name)
        parent = f"{c.parent}, but " if c.parent else ""
        words = f"`{in_words(name)}`" if c.parts else ""
        rows.append(f"| [`{name}`](#{name}) | {c.year} | {words} | {parent}{c.difference} | {c.bytes_in_words} |")
    return "\n".join(rows)


def page() -> str:
    """docs/methods.md: everything that the cards say."""
    intro = (
        "# Methods\n\nWritten by `docs/generate.py` from the methods' cards; their docstrings are the source.\n\n"
        "α learning rate, θ parameters, g the gradient at θ, t = 1, 2, …; every state starts at 0 unless said. Every "
        "optimizer also takes `weight_decay`, `weight_decay_mode`, `mask` and `base_learning_rate`. In the table `→` "
        "puts pieces in a row, and `·` a direction times a rate."
    )
    return "\n\n".join([intro, table(), *sizes(), *(section(card(name)) for name in list_optimizers())]) + "\n"


def sizes() -> list[str]:
    """What each optimizer is made of and what it keeps, beside optax's, and where that is more."""
    names = list_optimizers(kind="*optimizer")
    titles = ["method", "pieces", "lines", "slots", "bytes", "optax's bytes"]
    table = columns(titles, [row_of_sizes(card(name)) for name in names])
    intro = (
        "Pieces: the leaves of its composition at its defaults, its learning rate among them. Lines: of code in its "
        "function and the helpers beside it, docstrings aside. Both count what moves vectors beside a method for "
        "matrices. Slots: what is kept of a matrix, in brackets for its rows, columns or sides; one number for it "
        f"is not shown. Bytes: of state, for each of the {size_of(gpt2()):,} parameters of GPT-2 small, in float32; "
        "optax's, of what optax or optax.contrib has under that name. Shapes alone are needed to count them."
    )
    stored = [(key, words) for key, words in twins.WHY.items() if key in twins.STORED.values()]
    return [
        intro,
        table,
        "No state is larger than optax's by more than 8 bytes in all, except (bytes a parameter, and optax's):",
        reasons(twins.LARGER_STATES),
        "For no compiled step does XLA:CPU set aside over 512 bytes more than for optax's, tried on four arrays, two "
        "of one shape, except (in sizes of the parameters, and optax's):",
        reasons(twins.LARGER_STEPS),
        "For none whose method treats each number by itself does it set aside an array at all, except one of the size "
        "of the parameters for these:",
        "\n".join(f"* {code([n for n, why in twins.STORED.items() if why == key])}: {words}." for key, words in stored),
    ]


def reasons(larger: Mapping[str, twins.Larger]) -> str:
    """What takes more than optax's does, by reasons."""
    lines = []
    for why, words in twins.WHY.items():
        figures = [f"`{name}` {x.ours:g} ({x.theirs:g})" for name, x in larger.items() if x.why == why]
        lines += [f"* {', '.join(figures)}: {words}."] if figures else []
    return "\n".join(lines)


def row_of_sizes(c: Card) -> list[str]:
    """A method in the table of sizes."""
    make = twins.twin(c.name)
    beside = f"({code(dict.fromkeys(c.slots_beside))})" if c.slots_beside else ""
    slots = ", ".join(filter(None, [code(c.slots), beside])) or "–"
    kept = [twins.beside_twin(c.name), *([make(c.learning_rate)] if make else [])]
    ours, theirs = ([f"{round(twins.gpt2_bytes(tx) / size_of(gpt2()), 4):g}" for tx in kept] + ["–"])[:2]
    return [f"[`{c.name}`](#{c.name})", str(len(c.parts)), str(lines_of(c)), slots, ours, theirs]


def code(names: Iterable[str]) -> str:
    """Names as code."""
    return ", ".join(f"`{name}`" for name in names)


def lines_of(c: Card) -> int:
    """The lines of code of a method's function, its docstring and comments aside, and those of helpers beside it."""
    body = inspect.unwrap(c.factory)
    used = [body.__globals__.get(name) for name in body.__code__.co_names]
    helpers = [x for x in used if inspect.isfunction(x) and x.__module__.startswith("optzoo_jax.optimizers.")]
    return sum(map(code_lines, [body, *(x for x in helpers if x.__name__ not in list_optimizers())]))


def code_lines(function: Callable) -> int:
    """The lines of a function's statements, without those that are a comment or empty."""
    source = textwrap.dedent(inspect.getsource(function))
    tree: Any = ast.parse(source).body[0]
    statements = tree.body[1:] if ast.get_docstring(tree) else tree.body
    lines = source.splitlines()[statements[0].lineno - 1 : statements[-1].end_lineno]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)


def laws() -> str:
    """docs/laws.md: what holds for every method, and which invariances hold for which."""
    intro = (
        "# Laws\n\nWritten by `docs/generate.py`. What holds for every optimizer of this library; "
        "`optzoo_jax.testing.check_transformation(tx)` checks your own in one line of your tests, and "
        "`python -m optzoo_jax.testing` prints the table of methods and laws."
    )
    names = [name for name in list_optimizers() if card(name).kind != "stopping rule"]
    rows = [f"| method | {' | '.join(INVARIANCES)} |", "|---" * (len(INVARIANCES) + 1) + "|"]
    for name in names:
        cells = ("✓" if law not in card(name).not_claimed else "–" for law in INVARIANCES)
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
    reasons = [f"* `{name}`, {law}: {why}" for name in names for law, why in card(name).not_claimed.items()]
    bounds = [f"* `{name}`: {card(name).bound}" for name in names if card(name).bound]
    blocks = [
        intro,
        "## Of any transformation",
        listed(LAWS),
        "## Of its factory",
        listed(factories.LAWS),
        "## Invariances",
        listed(INVARIANCES),
        "At ε = 0 and without decay:",
        "\n".join(rows),
        "Not claimed, and why:",
        "\n".join(reasons),
        "## Wrappers",
        "Around Adam, with ε = 0 for the invariances:",
        *laws_of_wrappers(),
        "## Wrappers of wrappers",
        "Where there is a ✓, the one of the row around the one of the column gives the numbers that the two alone "
        "would give, around momentum, Adam and RAdam, in float32 and bfloat16: under jit, scan and vmap, its state a "
        "fixed point, and that of shapes the real one. The others are refused when they are built.",
        *pairs(),
        "## Frameworks",
        *frameworks(),
        "## Bounds on the size of an update",
        "\n".join(bounds),
    ]
    return "\n\n".join(blocks) + "\n"


def laws_of_wrappers() -> list[str]:
    """The table of laws and wrappers, and why some are not kept."""
    laws = [*LAWS, *INVARIANCES]
    rows = [(law, *("–" if law in NOT_KEPT[name] else "✓" for name in WRAPPERS)) for law in laws]
    reasons = [f"* `{name}`, {law}: {why}" for name in WRAPPERS for law, why in NOT_KEPT[name].items()]
    return [columns(["law", *(f"`{name}`" for name in WRAPPERS)], rows), "\n".join(reasons)]


def pairs() -> list[str]:
    """The table of the library's wrappers around each other, and why some are refused."""
    found = {(outer, inner): refusal(outer, inner) for outer in WRAPPERS for inner in WRAPPERS}
    rows = [(f"`{o}`", *("✓" if found[o, i] is None else "–" for i in WRAPPERS)) for o in WRAPPERS]
    reasons = dict.fromkeys(f"* {why}" for why in found.values() if why)
    return [columns(["around ↓", *(f"`{name}`" for name in WRAPPERS)], rows), "\n".join(reasons)]


def by(shape: Sequence[int]) -> str:
    """A shape in words."""
    return " × ".join(map(str, shape))


def frameworks() -> list[str]:
    """The table of what trains in which framework, and what goes otherwise there: the tests' own lists."""
    tried = runpy.run_path(str(ROOT / "tests" / "frameworks" / "subjects.py"))
    subjects, names, otherwise = (tried[name] for name in ("SUBJECTS", "FRAMEWORKS", "OTHERWISE"))

    narrow = code(name for name, subject in subjects.items() if subject.dtype == jnp.bfloat16)
    small = code(name for name, subject in subjects.items() if subject.shape == tried["SMALL"])
    intro = (
        "Where there is a ✓, six steps give bit by bit what they give to a tree of arrays in a loop by hand, and "
        "`step`, `current_learning_rate`, `eval_params`, `explain` and `state_bytes` say the same. In the middle the "
        "run goes to the host and back. plain: one compiled loop; pickled. linen: a `TrainState`; "
        "`flax.serialization`. nnx: `nnx.Optimizer` under `nnx.jit`; `nnx.split`, NumPy's arrays, `nnx.merge`. "
        "Equinox: a file of its leaves. Behind a comma stands a variant, or what is inside; wrappers are around Adam, "
        f"`lookahead` around RAdam. The model is a layer of {by(tried['LARGE'])} in float32; in bfloat16 for {narrow}, "
        f"which are about rounding; and of {by(tried['SMALL'])} for {small}, which has its Hessian."
    )
    table = [
        (f"`{name}`", *("–" if (name, framework) in otherwise else "✓" for framework in names)) for name in subjects
    ]
    reasons = [f"* `{name}`, {framework}: {why}." for (name, framework), why in otherwise.items()]
    return [
        intro,
        columns(["trained", *names], table),
        "Where there is none, this gives the same numbers and answers:",
        "\n".join(reasons),
    ]


def performance() -> str:
    """The measured part of docs/performance.md, from committed results."""
    result = measured("bench")
    seconds = sum(row["seconds"] for row in result["rows"])
    table = bench_rows(result["rows"])[0]
    intro = f"`optzoo bench` on {where(result)}, float32, in {seconds / 60:.0f} min ({seconds:.0f} s). {table.title}."
    return "\n\n".join([intro, columns(table.columns, table.rows), *table.notes])


def performance_notes() -> str:
    """The measured part of docs/performance_notes.md."""
    changed = bench_rows(measured("bench")["rows"])[1]
    return f"{changed.title}:\n\n{columns(changed.columns, changed.rows)}"


def claims() -> str:
    """The measured part of docs/claims.md, from committed numbers."""
    result = measured("claims")
    return f"`optzoo claims` on {where(result)}, float32.\n\n{markdown(result['claims'])}"


def measured(name: str) -> dict[str, Any]:
    """Committed results."""
    return json.loads((ROOT / "docs" / "measured" / f"{name}.json").read_text())


def where(result: dict[str, Any]) -> str:
    """What results were measured on, and with what."""
    origin = result["provenance"]
    versions = ", ".join(f"{name} {origin['versions'][name]}" for name in ("jax", "jaxlib", "optax"))
    return f"{origin['cores']} cores ({', '.join(origin['devices'])}; {origin['platform']}), {versions}"


def race() -> str:
    """The measured part of docs/race.md."""
    again = MEASURED_RACE.with_name("race-2.zip")
    default = read(MEASURED_RACE)
    return f"{race_page(default, read(again) if again.exists() else None)}\n\n{race_sizes(default)}"


def race_sizes(usual: Race) -> str:
    """How long a race of each size took, from what each said of itself."""
    default = {**usual.facts, "methods": collections.Counter(problem for problem, _ in usual.cells)}
    quick, *full = measured("sizes")
    rows = [
        [
            f"`optzoo race --{x['size']}`".replace(" --default", ""),
            f"{x['study'] + 1}",
            f"{len(x['methods'])}",
            f"{sum(x['methods'].values())}",
            f"{x['budget']['trials']}",
            f"{x['budget']['fresh']}",
            ", ".join(x["budget"]["schedules"]),
            f"{x['seconds']:,.0f}",
        ]
        for x in (quick, default, *full)
    ]
    names = ("size", "study", "problems", "methods on them", "trials", "fresh seeds", "schedules", "seconds")
    about = (
        f"Each was run whole on {default['provenance']['cores']} cores, and says its seconds itself. With `--full` the "
        "second study leaves out the two costliest problems."
    )
    return f"## Three sizes\n\n{about}\n\n{columns(names, rows)}"


@functools.cache
def measured_race() -> dict[str, Any]:
    """What advice needs of the same race."""
    return of_race(MEASURED_RACE)


def choosing() -> str:
    """The measured part of docs/choosing.md."""
    return advice(measured_race())


def mixes() -> str:
    """docs/mixes.md: the lines of tests/mixes.py, and what they stand on."""
    source = (ROOT / "tests" / "mixes.py").read_text()

    def text(node: ast.AST) -> str:
        return ast.get_source_segment(source, node) or ""

    values, shown = {}, []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            values[text(node.targets[0])] = node.value
        if isinstance(node, ast.Assign | ast.FunctionDef) and text(node).split(" ")[0] not in ("MOST", "MIXES"):
            shown.append(text(node))
    steps, most, table = text(values["STEPS"]), ast.literal_eval(values["MOST"]), values["MIXES"]
    lines = [(key.value, text(made.body)) for key, made in zip(table.keys, table.values, strict=True)]
    rows = ["| mix | its line |", "|---|---|", *(f"| {name} | `{line}` |" for name, line in lines)]
    intro = (
        "# Mixes\n\nWritten by `docs/generate.py` from `tests/mixes.py`; `tests/test_mixes.py` trains with each.\n\n"
        "A piece of one method goes into the place of another's, a step into a wrapper, and matrices have one method "
        "while the rest has another. Each mix is a line. Under `jit`, in one compiled loop in float32, it trains a "
        f"network of two layers, kernels and biases, in {steps} steps until less than {most:.0%} of the targets' "
        "variance is left. Before training more than all of it is; and gradient descent at rates of 0.01 and 0.03 does "
        "not get there."
    )
    code = "```python\n" + "\n".join(shown).replace("\ndef ", "\n\n\ndef ") + "\n```"
    said = "All names are of `optzoo_jax`, but for `optax`, `operator` and these:"
    return "\n\n".join([intro, said, code, "\n".join(rows)]) + "\n"


def from_optax() -> str:
    """The tables of docs/from_optax.md: what like.optax makes of our pieces, and which methods differ from optax's."""
    found = {**like.ours(), **{f"contrib.{name}": f for name, f in like.contrib.ours().items()}}
    made = [(f"`{name}`", line_of(f.__wrapped__.__doc__)) for name, f in sorted(found.items())]
    kept = {**like.kept(), **{f"contrib.{name}": why for name, why in like.contrib.kept().items()}}
    different = [card(name) for name in sorted(list_optimizers()) if "optax." in card(name).summary]
    return "\n\n".join(
        [
            "## Functions that are ours",
            "In `like.optax`; every other name of optax is its own function.",
            columns(["name", "what it is, and when optax's own takes the call"], made, right=False),
            "## Methods that stay optax's own",
            "In `like.optax`, though this library has the method:",
            columns(
                ["name", "what optax's does"], [(f"`{name}`", why) for name, why in sorted(kept.items())], right=False
            ),
            "## Methods that differ",
            "By the library's own names; each links to its page.",
            columns(
                ["method", "its first line"],
                [(f"[`{c.name}`](methods.md#{c.name})", line_of(c.summary)) for c in different],
                right=False,
            ),
        ]
    )


def line_of(docstring: str) -> str:
    """A docstring as a cell of a table."""
    return " ".join(docstring.split()).replace("|", "\\|")


def columns(names: Sequence[str], rows: Iterable[Sequence[str]], *, right: bool = True) -> str:
    """A table, whose columns after the first stand to the right where they are numbers."""
    rule = ["---", *["---:" if right else "---"] * (len(names) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (names, rule, *rows))


def listed(table: Mapping[str, Callable]) -> str:
    """Each law with its statement."""
    return "\n".join(f"* **{name}**: {' '.join((law.__doc__ or '').split())}" for name, law in table.items())


def section(c: Card) -> str:
    """One method."""
    blocks = [f"## {c.name}", f"**{c.full_name}** ({c.year}). {c.summary}", fenced(c.equations)]
    if c.parts:
        blocks.append(f"Parts: `{in_words(c.name)}`")
    blocks.append(f"Call: `{signature(c)}`")
    beside = f"; beside it {code(c.slots_beside)}, for rows, columns or sides of a matrix" if c.slots_beside else ""
    facts = [f"State: {code(c.slots) or 'none'}; {c.bytes_per_parameter} bytes a float32 parameter{beside}."]
    if c.learning_rate is not None:
        facts.append(f"A learning rate to start from: {c.learning_rate:g}.")
    if c.parent:
        facts.append(f"Differs from [{c.parent}](#{c.parent}): {c.difference}.")
    blocks.append(" ".join(facts))
    if c.variants:
        blocks.append("\n".join(f"* variant `{v}`: {line}" for v, line in c.variants.items()))
    if c.calls:
        blocks.append("\n".join(["Whose numbers | call", "---|---", *(f"{k} | `{call(c, k)}`" for k in c.calls)]))
    if c.no_counterpart:
        lines = (f"* optax's `{argument}`: {instead}" for argument, instead in c.no_counterpart.items())
        blocks.append("\n".join(["Arguments of optax without a counterpart:", "", *lines]))
    if c.departures:
        blocks.append(f"Departures: {c.departures}")
    return "\n\n".join([*blocks, f"Reference: {c.reference}"])


def signature(c: Card) -> str:
    """The call with its defaults, without the four arguments that all share."""
    shared = ("weight_decay", "weight_decay_mode", "mask", "base_learning_rate")
    own = [p for p in inspect.signature(c.factory).parameters.values() if p.name not in shared]
    written = [p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in own]
    first_keyword = next((i for i, p in enumerate(own) if p.kind is p.KEYWORD_ONLY), None)
    if first_keyword is not None:
        written.insert(first_keyword, "*")
    return f"{c.name}({', '.join(written)})"


def call(c: Card, whose: str) -> str:
    """The call that gives somebody's numbers."""
    arguments = [f"{k}={v!r}" for k, v in c.calls[whose].items()]
    first = {"wrapper": ["inner"], "optimizer": ["learning_rate"], "second-order optimizer": ["learning_rate"]}
    return f"{c.name}({', '.join([*first.get(c.kind, []), *arguments])})"


def fenced(text: str) -> str:
    """A code block."""
    return f"```text\n{text.strip()}\n```"


def filled(path: Path, text: str) -> str:
    """A page whose part between the two lines is `text`."""
    page = path.read_text()
    if BEGIN not in page or END not in page:
        raise ValueError(f"{path.name} needs the lines {BEGIN!r} and {END!r}, between which the tables go")
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


def pages() -> dict[Path, str]:
    """What each generated file should say."""
    filled_in = {
        "docs/performance.md": performance,
        "docs/performance_notes.md": performance_notes,
        "docs/claims.md": claims,
        "docs/race.md": race,
        "docs/choosing.md": choosing,
        "docs/from_optax.md": from_optax,
    }
    return {
        **{ROOT / name: filled(ROOT / name, text()) for name, text in filled_in.items()},
        ROOT / "docs" / "methods.md": page(),
        ROOT / "docs" / "laws.md": laws(),
        ROOT / "docs" / "mixes.md": mixes(),
        ROOT / "optzoo_jax" / "experiments" / "advice" / "measured.json": in_json(measured_race()),
        ROOT / "docs" / "pictures" / "race.svg": race_picture(read(MEASURED_RACE)),
    }


def main() -> int:
    """Writes the pages, or checks them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file is stale")
    check = parser.parse_args().check
    stale = {path: text for path, text in pages().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        name = path.relative_to(ROOT)
        print(f"{name} is stale: run `python docs/generate.py`" if check else f"wrote {name}")
        if not check:
            path.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
