"""What the step of each method is made of: no more than structure.json has, whatever the parts are written in.

    python tests/test_compiled_steps.py --write [METHOD …]

records it anew, of all methods or of those that are named.
"""

import contextlib
import functools
import json
import re
import sys
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import optax
import pytest
from compilation import AS_IT_COMES
from tiers import CLASSICAL, in_both_tiers

import optzoo_jax as oz

FILE = Path(__file__).parent / "structure.json"
RECORD = json.loads(FILE.read_text())


def by_name(name, **arguments):
    return functools.partial(oz.get, name, learning_rate=oz.card(name).learning_rate, **arguments)


def half_cosine(count):
    return 1e-3 * (1 + jnp.cos(jnp.minimum(count / 1000, 1) * jnp.pi)) / 2


FIRST_ORDER = oz.list_optimizers(kind="optimizer")
# Name → () → the method. The first variant is the method itself.
METHODS = {
    **{name: by_name(name) for name in FIRST_ORDER},
    **{f"{name}[{v}]": by_name(name, variant=v) for name in FIRST_ORDER for v in list(oz.card(name).variants)[1:]},
    "adamw(weight_decay)": by_name("adamw", weight_decay=0.01),
    "adam(l2)": by_name("adam", weight_decay=0.01, weight_decay_mode="l2"),
    "adamw(schedule)": lambda: oz.adamw(half_cosine),
    "lookahead(adam)": lambda: oz.lookahead(by_name("adam")()),
}


def array(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


COMPILED = {"one array": [array(2**20)], "10 arrays": [array(8 + i, 8) for i in range(10)]}
# As the layers of a deep network repeat their shapes; and where no array is like another.
LOWERED = {
    "1,000 arrays of 10 shapes": [array(8 + i % 10, 8) for i in range(1000)],
    "30 arrays of 30 shapes": [array(8 + i, 8) for i in range(30)],
}
PARAMS = COMPILED | LOWERED


@contextlib.contextmanager
def as_jax_comes():
    """Where the other tests have 64 bits and strict promotion."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def figures(make, shapes):
    """Figure → a number, of which less is better: of the compiled step where `shapes` is in COMPILED, else its lines.

    Args:
      make: () → the method.
      shapes: the name of the parameters.
    """
    with as_jax_comes():
        lowered = lowered_step(make(), PARAMS[shapes])
        if shapes in LOWERED:
            return {"lines": lowered.as_text().count("\n")}
        program = lowered.compile(AS_IT_COMES)
    text = program.as_text()
    outputs = len(jax.tree.leaves(lowered.out_info))
    return {
        "temporaries": program.memory_analysis().temp_size_in_bytes,
        "bytes accessed": int(program.cost_analysis()["bytes accessed"]),
        "kernels": kernels(text),
        # Those that donated arrays have no place for. In a state with fewer arrays fewer are written in place, too.
        "outputs not in place": outputs - text.partition("\n")[0].count("-alias)"),
    }


def lowered_step(tx, params):
    """One step, parameters and state donated; the gradients stay."""

    def step(params, state, grads):
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    return jax.jit(step, donate_argnums=(0, 1)).lower(params, jax.eval_shape(tx.init, params), params)


def kernels(text):
    """Fusions, copies, and whatever stands alone: each instruction of the entry that something is computed for."""
    entry = text.partition("\nENTRY")[2]
    instructions = re.findall(r" = (?:\(.*?\)|\S+) ([\w-]+)\(", entry)
    assert len(instructions) == entry.count(" = ")
    return sum(i not in ("parameter", "constant", "tuple", "get-tuple-element", "bitcast") for i in instructions)


def growth(today, recorded):
    """What has grown, in words."""
    return [
        f"{n - recorded[figure]:,} more {figure} ({n:,}, recorded {recorded[figure]:,})"
        for figure, n in today.items()
        if n > recorded[figure]
    ]


def hold(name, shapes):
    grown = growth(figures(METHODS[name], shapes), RECORD["methods"][name][shapes])
    assert not grown, f"{name}, {shapes}: {'; '.join(grown)}"


same_release = pytest.mark.skipif(RECORD["jaxlib"] != version("jaxlib"), reason="recorded with another jaxlib")


@same_release
@pytest.mark.tier2
@pytest.mark.parametrize("shapes", COMPILED)
@pytest.mark.parametrize("name", in_both_tiers(METHODS))
def test_a_compiled_step_is_made_of_no_more_than_was_recorded(name, shapes):
    hold(name, shapes)


# In tier 1 one of each kind, since lowering is the same code for all, and takes a second each. A thousand arrays are
# lowered for the classical ones alone: what is new in another shows in thirty.
FIRST = ("momentum", "adam", "adamw(schedule)", "lookahead(adam)")
MANY, SOME = LOWERED
IN_LINES = [
    pytest.param(name, shapes, marks=() if name in FIRST else pytest.mark.tier2)
    for name in METHODS
    for shapes in (MANY, SOME)
    if shapes == SOME or re.split(r"[\[(]", name)[0] in (*CLASSICAL, "lookahead")
]


@pytest.mark.tier2
@same_release
@pytest.mark.parametrize(("name", "shapes"), IN_LINES)
def test_a_step_lowers_to_no_more_lines_than_were_recorded(name, shapes):
    hold(name, shapes)


def test_all_methods_are_recorded():
    recorded = RECORD["methods"]
    assert list(recorded) == list(METHODS), f"record the new ones: python {Path(__file__).name} --write METHOD …"
    assert all(list(of) == list(PARAMS) for of in recorded.values())


def reads_the_past():
    """The past is read by the parameters' kernel and overwritten by its own: XLA:CPU copies it first."""

    def update(updates, past, params=None):
        return jax.tree.map(lambda u, old: u - jnp.sin(old), updates, past), updates

    return optax.GradientTransformation(lambda params: jax.tree.map(jnp.zeros_like, params), update)


def keeps_what_it_had_no_place_for():
    return optax.GradientTransformation(lambda params: (), lambda updates, state, params=None: (updates, updates))


@pytest.mark.parametrize(
    ("make_more", "shapes", "expected"),
    [
        (reads_the_past, "one array", {"temporaries", "bytes accessed", "kernels"}),
        (reads_the_past, "30 arrays of 30 shapes", {"lines"}),
        (keeps_what_it_had_no_place_for, "one array", {"bytes accessed", "outputs not in place"}),
    ],
)
def test_what_a_step_does_more_is_noticed(make_more, shapes, expected):
    make = METHODS["adam"]
    before = figures(make, shapes)
    after = figures(lambda: optax.chain(make(), make_more()), shapes)
    grown = growth(after, before)
    assert all(any(f"more {figure} (" in line for line in grown) for figure in expected), grown
    assert not growth(before, before)


def write(names):
    methods = RECORD["methods"] if names else {}
    for name in names or METHODS:
        methods[name] = {shapes: figures(METHODS[name], shapes) for shapes in PARAMS}
        print(name, methods[name])
    rows = [f"  {json.dumps(name)}: {{\n{programs(methods[name])}\n  }}" for name in METHODS if name in methods]
    FILE.write_text(f'{{\n "jaxlib": "{version("jaxlib")}",\n "methods": {{\n' + ",\n".join(rows) + "\n }\n}\n")


def programs(of_method):
    """A line a program: what has changed is seen in a diff."""
    return ",\n".join(f"   {json.dumps(shapes)}: {json.dumps(found)}" for shapes, found in of_method.items())


if __name__ == "__main__":
    if sys.argv[1:2] != ["--write"] or not set(sys.argv[2:]) <= set(METHODS):
        sys.exit(f"{__doc__}\nMETHOD is one of {', '.join(METHODS)}.")
    write(sys.argv[2:])
