"""Any direction with any rate: jits, trains, and keeps its units; misplaced parts raise."""

import ast
import itertools
import re
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz
from optzoo_jax.piece import masked

# A rate chain is built for a scale c of the gradients, and every dimensional constant goes with it: [g] → c·eps.
DIRECTIONS = {
    "identity": lambda: oz.identity(),
    "raw_ema": lambda: oz.raw_ema(0.9),
    "debiased_ema": lambda: oz.debiased_ema(0.9),
    "scale_by_momentum": lambda: oz.scale_by_momentum(0.5),
    "nesterov": lambda: oz.nesterov(0.5),
    "nesterov_ema": lambda: oz.nesterov_ema(0.9),
    "scheduled_nesterov_ema": lambda: oz.scheduled_nesterov_ema(0.9),
}
MOMENTS = {
    "second_moment": lambda c: oz.chain(oz.second_moment(0.99), oz.debias(0.99)),
    "first_gradient": lambda c: oz.second_moment(0.99, initial="first_gradient"),
    "sum_of_squares": lambda c: oz.sum_of_squares(0.01 * c**2),
    "yogi_moment": lambda c: oz.chain(oz.yogi_moment(0.99, initial=1e-4 * c**2), oz.debias(0.99)),
    "belief": lambda c: oz.chain(oz.residual(), oz.belief_moment(0.99, eps_root=1e-3 * c**2), oz.debias(0.99)),
    "centered": lambda c: oz.chain(oz.second_moment(0.99), oz.centered(oz.raw_ema(0.99))),
}
AFTER_MOMENT = {"running_max": lambda c: oz.running_max()}
RATE = 0.02
# The step has no units, so α [θ] is the rate's [θ/g] over 1/[g]: a bound given in rates falls as 1/c.
ON_RATE = {
    "rectify": lambda c: oz.rectify(0.99),
    "dfc_friction": lambda c: oz.dfc_friction(scale=c),
    "bound_lr": lambda c: oz.bound_lr(RATE, 0.5 * RATE / c, 1e-2),
    "momental_bound": lambda c: oz.momental_bound(0.9),
}
SUBSETS = [s for n in range(5) for s in itertools.combinations(ON_RATE, n)]


def subsets(direction):
    """What is chained behind a moment. A running maximum sees the moment alone: one direction is enough for it."""
    maxima = AFTER_MOMENT if direction == "raw_ema" else ()
    return [*SUBSETS, *((p, *s) for p in maxima for s in SUBSETS)]


def build(direction, moment, parts, c=1.0):
    links = [MOMENTS[moment](c)]
    links += [AFTER_MOMENT[p](c) for p in parts if p in AFTER_MOMENT]
    links += [oz.inverse_root(1e-3 * c)]
    links += [ON_RATE[p](c) for p in parts if p in ON_RATE]
    return oz.precondition(DIRECTIONS[direction](), oz.chain(*links))


def train_all(direction, moment, c):
    """300 steps of every subset on c/2·Σ hᵢθᵢ², from 1: for each its losses / c and its parameters.

    All in one program: it compiles in a quarter of the time that a program for each takes.
    """
    h = jnp.array([1.0, 3.0, 10.0])
    optimizers = [
        oz.descent(build(direction, moment, parts, c), RATE, rate_inside="bound_lr" in parts)
        for parts in subsets(direction)
    ]

    def step_one(optimizer, theta, state):
        updates, state = optimizer.update(c * h * theta, state, theta)
        theta = optax.apply_updates(theta, updates)
        return (theta, state), (0.5 * jnp.sum(h * theta**2), theta)

    def step(carry, _):
        results = [step_one(tx, *one) for tx, one in zip(optimizers, carry, strict=True)]
        return [carry for carry, _ in results], [seen for _, seen in results]

    start = jnp.ones(3)
    return jax.lax.scan(step, [(start, tx.init(start)) for tx in optimizers], None, 300)[1]


@pytest.mark.tier2
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_combination_trains_and_keeps_its_units(direction, moment):
    """Gradients and constants scaled by 1000 together leave the path as it is; unrectified warm-up steps are [g]."""
    train = jax.jit(lambda c: train_all(direction, moment, c))
    for parts, (loss, path), (_, scaled_path) in zip(subsets(direction), train(1.0), train(1e3), strict=True):
        assert np.all(np.isfinite(loss)), parts
        assert loss[-1] < 0.7 * loss[0], parts
        if "rectify" not in parts:
            np.testing.assert_allclose(path, scaled_path, rtol=1e-7, err_msg=str(parts))


ONLY_IN_A_RATE = {
    "bound_lr": lambda: oz.bound_lr(1e-3),
    "rectify": lambda: oz.rectify(0.999),
    "dfc_friction": lambda: oz.dfc_friction(),
    "adadb_friction": lambda: oz.adadb_friction(),
    "momental_bound": lambda: oz.momental_bound(),
    "update_rms": lambda: oz.update_rms(),
    "inverse_root": lambda: oz.inverse_root(),
    "running_max": lambda: oz.running_max(),
    "residual": lambda: oz.residual(),
    "centered": lambda: oz.chain(oz.second_moment(), oz.residual()),
}


@pytest.mark.parametrize("name", ONLY_IN_A_RATE)
@pytest.mark.usefixtures("standard_promotion")
def test_outside_precondition_is_an_error_with_the_remedy(name):
    tx = optax.chain(optax.scale_by_adam(), ONLY_IN_A_RATE[name]())
    with pytest.raises(TypeError, match=r"precondition\(direction, (rate|chain)"):
        tx.init(jnp.ones(3))


@pytest.mark.usefixtures("standard_promotion")
def test_branches_from_elsewhere():
    """precondition takes any transformation: optax's own give the same numbers."""
    rate = oz.chain(oz.second_moment(0.999), oz.debias(0.999), oz.inverse_root(1e-8), oz.dfc_friction())
    ours = oz.precondition(oz.debiased_ema(0.9), rate)
    theirs = oz.precondition(optax.ema(0.9), rate)
    params = {"a": jnp.ones((2, 3)), "b": jnp.ones(4)}
    states = ours.init(params), theirs.init(params)
    for i in range(5):
        g = jax.tree.map(lambda p, i=i: jnp.cos(i + jnp.arange(p.size, dtype=p.dtype)).reshape(p.shape), params)
        (u, a), (w, b) = ours.update(g, states[0], params), theirs.update(g, states[1], params)
        states = a, b
        chex.assert_trees_all_close(u, w, rtol=1e-12)


def test_chain_is_optax_chain():
    """The same numbers in one walk as in several, also with a foreign link between."""
    links = (oz.scale_by_momentum(0.9), oz.scale_by_learning_rate(0.1))
    g = jnp.arange(3.0)
    fused, separate = oz.chain(*links), optax.chain(*links)
    clipped = oz.chain(optax.clip(10.0), *links)
    a, b, c = fused.init(g), separate.init(g), clipped.init(g)
    for _ in range(3):
        u, a = fused.update(g, a)
        v, b = separate.update(g, b)
        w, c = clipped.update(g, c)
        chex.assert_trees_all_equal(u, v, w)
    assert oz.step(a) == 3


@oz.piece("x → x", over="tree", total=oz.zeros)
def added_up(xs, total):
    total = [old + x for old, x in zip(total, xs, strict=True)]
    return total, total


@pytest.mark.parametrize(
    "make", [lambda: oz.scale_by_momentum(0.5), added_up, lambda: oz.chain(oz.scale_by_momentum(0.5), added_up())]
)
def test_what_a_mask_leaves_out_passes_and_keeps_nothing(make):
    """All arrays are of one shape, and the first is left out."""
    tx, g = masked(make(), {"a": False, "b": True}), {"a": jnp.ones(2), "b": jnp.ones(2)}
    alone, b = make(), {"b": g["b"]}
    state, expected = tx.init(g), alone.init(b)
    of_b = [x.shape for x in jax.tree.leaves(expected)]
    for _ in range(3):
        assert [x.shape for x in jax.tree.leaves(state)] == of_b
        u, state = tx.update(g, state)
        v, expected = alone.update(b, expected)
        chex.assert_trees_all_equal(u, {"a": g["a"], "b": v["b"]})


def test_one_trace_per_shape():
    tx = oz.adabelief(1e-3)

    @jax.jit
    @chex.assert_max_traces(n=1)
    def step(g, state, params):
        return tx.update(g, state, params)

    params = {"w": jnp.ones((3, 2)), "b": jnp.ones(2)}
    state = tx.init(params)
    for _ in range(3):
        _, state = step(params, state, params)


def test_description_is_the_tree_of_parts():
    assert oz.describe(oz.chain(optax.clip(1.0), oz.adam(1e-3, eps=1e-6))) == (
        "chain()\n"
        "├─ clip()   made elsewhere\n"
        "└─ adam(learning_rate=0.001, b1=0.9, b2=0.999, eps=1e-06, eps_root=0.0, bias_correction=True)"
        "   gradient [g] → update [θ]\n"
        "   ├─ precondition()   gradient [g] → step [1]\n"
        "   │  ├─ direction: debiased_ema(decay=0.9, bias_correction=True)   x → x\n"
        "   │  │  ├─ raw_ema(decay=0.9, initial=0.0)   x → x\n"
        "   │  │  └─ debias(decay=0.9, power=1.0)   x → x\n"
        "   │  └─ rate: inverse_rms(decay=0.999, eps=1e-06, eps_root=0.0, bias_correction=True)"
        "   x → rate 1/x\n"
        "   │     ├─ second_moment(decay=0.999, initial=0.0)   gradient x → moment x²\n"
        "   │     ├─ debias(decay=0.999, power=1.0)   x → x\n"
        "   │     └─ inverse_root(eps=1e-06, eps_root=0.0)   moment x² → rate 1/x\n"
        "   └─ scale_by_learning_rate(learning_rate=0.001)   x → update x·[α]"
    )


@pytest.mark.parametrize("over", ["element", "tree"])
def test_a_row_that_sits_out_the_first_step_counts_from_the_second(over):
    def body(x, t):
        return jax.tree.map(lambda y: y * t.astype(y.dtype), x)

    tx = oz.from_the_second_step(oz.piece("x → x", over=over)(body)())
    state, found = tx.init(jnp.ones(2)), []
    for _ in range(4):
        update, state = tx.update(jnp.ones(2), state)
        found.append(update.tolist())
    assert found == [[0, 0], [1, 1], [2, 2], [3, 3]]


def test_a_row_that_sits_out_the_first_step_says_so():
    tx = oz.from_the_second_step(oz.raw_ema(0.9))
    assert oz.describe(tx) == "from_the_second_step()\n└─ raw_ema(decay=0.9, initial=0.0)   x → x"
    assert oz.in_words(tx) == "raw_ema"


@pytest.mark.parametrize("name", oz.list_optimizers(kind="*optimizer"))
def test_every_method_can_be_described(name):
    lines = oz.describe(name).split("\n")
    assert lines[0].startswith(f"{name}(learning_rate=")
    assert len(lines) >= 3


@pytest.mark.parametrize("name", oz.list_optimizers(kind="*optimizer"))
def test_a_method_is_a_composition(name):
    """A named optimizer has no maths of its own: what does something is a public piece, or a public row of pieces."""
    nodes = [oz.composition_of(oz.card(name).example())]
    while nodes:
        node = nodes.pop()
        if not node.children:
            assert getattr(oz, node.name) is node.factory
            assert node.definition.body.__module__.startswith("optzoo_jax.pieces.")
        elif not getattr(getattr(oz, node.name, None), "__module__", "").startswith("optzoo_jax.pieces."):
            nodes += [child for _, child in node.children]


# Where a file of an optimizer may have its names from; of these two modules, which.
PLACES = (
    r"__future__|typing|collections\.abc|"
    r"optzoo_jax\.(arguments|card|piece|versions|(pieces|optimizers|wrappers)(\.\w+)?)"
)
VALUES = {"math": ["inf"], "operator": ["add"]}


def maths_in(source):
    """What of a file does more than to compose: arithmetic, functions of arrays, pieces of its own."""
    tree = ast.parse(source)
    hints = [x.annotation for x in ast.walk(tree) if isinstance(x, ast.arg | ast.AnnAssign) and x.annotation]
    hints += [x.returns for x in ast.walk(tree) if isinstance(x, ast.FunctionDef) and x.returns]
    types = {id(x) for hint in hints for x in ast.walk(hint)}
    nodes = [x for x in ast.walk(tree) if id(x) not in types]
    imports = {alias.name for x in nodes if isinstance(x, ast.Import) for alias in x.names}
    froms = [(x.module, alias.name) for x in nodes if isinstance(x, ast.ImportFrom) for alias in x.names]
    decay = {x.kwarg.arg for x in nodes if isinstance(x, ast.arguments) and x.kwarg}  # arguments, by name
    modules = {name for module, name in froms if module == "optzoo_jax.pieces"}
    found = [f"import {name}" for name in imports - set(VALUES)]
    found += [f"{module}.{name}" for module, name in froms if not re.fullmatch(PLACES, module) or name == "piece"]
    for x in nodes:
        allowed = not isinstance(x, ast.BinOp | ast.AugAssign | ast.Lambda)
        if isinstance(x, ast.UnaryOp):
            allowed = isinstance(x.operand, ast.Constant)
        elif isinstance(x, ast.Attribute):  # of a module; an array has methods
            of = getattr(x.value, "id", None)
            allowed = of in modules or x.attr in VALUES.get(of, []) or (of in decay and x.attr == "get")
        elif isinstance(x, ast.Call):
            allowed = not ast.unparse(x.func).startswith("operator.")
        found += [] if allowed else [ast.unparse(x)]
    return found


FILES = sorted((Path(oz.__file__).parent / "optimizers").glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_an_optimizer_only_composes(file):
    """Variants, too, which the test above does not build."""
    assert maths_in(file.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "import jax.numpy as jnp",
        "import numpy",
        "from jax import lax",
        "from optzoo_jax.precision import norm",
        "from optzoo_jax.piece import piece",
        "import operator; join(operator.mul, raw_ema(), sign())",
        "import operator; x = operator.add(b1, b2)",
        "rate = 1 - b1",
        "rate = -b1",
        "join(lambda m, v: m, raw_ema(), sign())",
        "def f(m): return m.sum()",
        "b1 *= 2",
    ],
)
def test_maths_in_a_file_is_found(line):
    assert len(maths_in(line)) == 1


@pytest.mark.parametrize("name", oz.list_optimizers(kind="*optimizer"))
def test_what_combines_branches_is_written_among_the_pieces(name):
    for join in oz.composition_of(oz.card(name).example()).joins:
        assert re.match(r"_operator$|optzoo_jax\.(?!optimizers)", join.maths.__module__), join.maths
