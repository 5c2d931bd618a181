"""Methods for matrices: against their equations, in any layout, in batches, and beside arrays that are none."""

import inspect
import re

import jax
import jax.numpy as jnp
import matrix_references as references
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import optzoo_jax as oz
from optzoo_jax.pieces.matrices import QUINTICS, power_of

STEPS = 12


def warm_up(count):
    return 0.03 * jnp.asarray(count, float)


def in_numpy(value):
    return (lambda t0: 0.03 * t0) if value is warm_up else value


# The twins of these, and their arguments.
CASES = [
    ("muon", {}),
    ("muon", {"nesterov": False, "momentum": 0.7, "scaling": "spectral", "weight_decay": 0.2}),
    ("muon", {"average": "trace", "norm": "clamp", "eps": 3.0, "scaling": "match_rms_adamw"}),
    ("muon", {"average": "trace", "nesterov": False, "eps": 0.1, "orthogonalize": "svd", "learning_rate": warm_up}),
    ("muon", {"ns_coeffs": ((3.0, -3.2, 1.2), (2.0, -1.5, 0.5)), "ns_steps": 4, "eps": 0.1}),
    ("scion", {"learning_rate": warm_up, "scale": 3.0}),
    ("scion", {"norm": "sign", "constrained": False, "momentum": 0.3}),
    ("scion", {"norm": "bias_rms"}),
    ("normuon", {"weight_decay": 0.2}),
    ("normuon", {"momentum": 0.5, "b2": 0.7, "eps": 1e-2, "learning_rate": warm_up}),
    ("soap", {"precondition_frequency": 3, "weight_decay": 0.2, "learning_rate": warm_up}),
    ("soap", {"shampoo_beta": 0.7, "b1": 0.8, "b2": 0.9, "eps": 1e-3, "precondition_frequency": 1}),
    ("shampoo", {}),
    ("shampoo", {"exponent": -0.5, "eps": 0.1, "learning_rate": warm_up}),
    ("galore", {"update_interval": 5}),
    ("galore", {"rank": 1, "scale": 1.0, "b1": 0.5, "b2": 0.7, "eps": 1e-3, "learning_rate": warm_up}),
]
# (output, input); for soap first gradients of full rank, without which its equations say nothing of the basis.
SHAPES = {"soap": [(4, 4)]}


def run(tx, params, grads):
    """The parameters after every step, compiled."""

    def step(carry, g):
        params, state = carry
        updates, state = tx.update(g, state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    return jax.jit(lambda p, g: jax.lax.scan(step, (p, tx.init(p)), g)[1])(params, grads)


def drawn(shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes], [rng.normal(size=(STEPS, *shape)) for shape in shapes]


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=lambda x: x if isinstance(x, str) else ",".join(x) or "plain")
def test_equations(name, kwargs):
    """In one tree: matrices of both orientations, stored either way, stacks of them, and vectors with a rule."""
    shapes = SHAPES.get(name, [(5, 3), (3, 5)])
    kwargs = {"learning_rate": 0.05, **kwargs}
    params, grads = drawn([*shapes, *shapes])
    both = {f"equinox{i}": (p, g) for i, (p, g) in enumerate(zip(params, grads, strict=True))}
    tree = {name: p for name, (p, _) in both.items()}
    stream = {name: g for name, (_, g) in both.items()}
    for (p, g), label in zip(list(both.values())[: len(shapes)], ("flax0", "flax1"), strict=False):
        tree[label], stream[label] = p.T, g.swapaxes(1, 2)
    tree["stack"] = np.stack([params[0], params[len(shapes)]], axis=1)
    stream["stack"] = np.stack([grads[0], grads[len(shapes)]], axis=2)
    axes = {"equinox": (0, 1), "flax": (-1, -2), "stack": (0, 2)}
    tx = getattr(oz, name)(**kwargs, matrix_axes=lambda path, x: axes[path.rstrip("0123456789")])
    found = run(tx, jax.tree.map(jnp.asarray, tree), jax.tree.map(jnp.asarray, stream))
    reference = getattr(references, name)
    in_words = {k: in_numpy(v) for k, v in kwargs.items()}
    expected = {name: reference(p, g, **in_words) for name, (p, g) in both.items()}
    for label, path in expected.items():
        np.testing.assert_allclose(found[label], path, rtol=1e-9, atol=1e-11)
        if (other := label.replace("equinox", "flax")) in found:
            np.testing.assert_allclose(found[other], path.swapaxes(1, 2), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found["stack"][:, :, 0], expected["equinox0"], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found["stack"][:, :, 1], expected[f"equinox{len(shapes)}"], rtol=1e-9, atol=1e-11)


# Of Amsel et al. 2025, Algorithm 1, without its safety: x/1.01 for x in each iteration but the last, and ‖X‖·1.01.
BEST = [
    (a * by, b * by**3, c * by**5)
    for (a, b, c), by in zip(QUINTICS["polar_express"], [1.01**2, *[1.01] * 6], strict=False)
]


def value(quintic, x):
    a, b, c = quintic
    return a * x + b * x**3 + c * x**5


def test_polar_express_is_the_best_for_the_interval_that_is_left():
    """Chebyshev: the error at both ends and between them is as large, in turn too small and too large.

    Where the interval is wide, its lower end is taken for .024 of the upper, and the polynomial scaled to the whole.
    """
    low, high = 1e-3, 1.0
    for a, b, c in BEST:
        inner = max(low, 0.02407327424182761 * high)
        turns = np.sqrt(np.roots([5 * c, 3 * b, a]))
        ys = value((a, b, c), np.array([inner, *sorted(turns), high]))
        scale = (ys[0] + ys[-1]) / 2
        np.testing.assert_allclose(ys / scale - 1, (ys[-1] / scale - 1) * np.array([-1, 1, -1, 1]), rtol=1e-5)
        low, high = value((a, b, c), low), ys[-1]
        np.testing.assert_allclose(1 - low, high - 1, rtol=1e-5)
    assert 1 - low < 1e-8


@pytest.mark.parametrize("steps", [1, 5, 9])
@pytest.mark.parametrize("shape", [(7, 4), (4, 7)])
def test_polar_express_is_that_of_the_singular_values(steps, shape):
    u, _, vh = np.linalg.svd(np.random.default_rng(0).normal(size=shape), full_matrices=False)
    sizes = s = np.geomspace(1, 2e-3, 4)
    s = s / (1.01 * np.sqrt(np.sum(s * s)))
    for k in range(steps):
        s = value(BEST[k], s / 1.01) if k < len(BEST) else value((1.875, -1.25, 0.375), s)
    tx = oz.orthogonalize(ns_coeffs="polar_express", steps=steps, eps=0.0)
    x = jnp.asarray((u * sizes) @ vh)
    np.testing.assert_allclose(tx.update(x, tx.init(x))[0], (u * s) @ vh, rtol=1e-9, atol=1e-11)
    if steps == 9:
        np.testing.assert_allclose(s, 1.0, rtol=1e-9)


def test_dion_has_a_row_for_each_of_five_iterations():
    """Ahn et al. 2025."""
    assert len(QUINTICS["dion"]) == 5
    (p,), (g,) = drawn([(5, 3)])
    call = {"matrix_axes": (0, 1), "ns_coeffs": "dion"}
    expected = references.muon(p, g, 0.05, ns_coeffs=QUINTICS["dion"])
    np.testing.assert_allclose(run(oz.muon(0.05, **call), jnp.asarray(p), jnp.asarray(g)), expected, rtol=1e-9)


@pytest.mark.parametrize("wrong", ["polar", (1.0, 2.0), [[1, 2, 3], [1]], ((1.0, 2.0, "a"),), (), 3.0])
def test_other_coefficients_are_refused_with_those_that_are(wrong):
    with pytest.raises(ValueError, match=r"ns_coeffs=.*'standard', 'dion', 'polar_express'"):
        oz.muon(0.05, ns_coeffs=wrong)


@pytest.mark.parametrize(
    ("name", "kwargs"), [("shampoo", {}), ("scion", {"norm": "sign"}), ("scion", {"norm": "bias_rms", "scale": 2.0})]
)
def test_vectors_by_their_own_rule(name, kwargs):
    (p,), (g,) = drawn([(4,)])
    found = run(getattr(oz, name)(0.05, **kwargs), jnp.asarray(p), jnp.asarray(g))
    np.testing.assert_allclose(found, getattr(references, name)(p, g, 0.05, **kwargs), rtol=1e-10)


@pytest.mark.parametrize("name", ["muon", "scion", "normuon", "soap", "shampoo", "galore"])
def test_signature_agrees_with_the_reference(name):
    ours = inspect.signature(getattr(oz, name)).parameters
    theirs = inspect.signature(getattr(references, name)).parameters
    assert all(ours[a].default == p.default for a, p in theirs.items() if p.default is not p.empty)
    shared = {"matrix_axes", "otherwise", "weight_decay", "weight_decay_mode", "mask", "base_learning_rate"}
    assert set(ours) - set(theirs) - shared <= {"learning_rate", "dtype"}


def test_the_rest_goes_to_adamw_to_a_step_or_to_an_optimizer():
    params = {"w": jnp.ones((3, 2)), "b": jnp.ones(3), "kernel": jnp.ones((2, 2, 3, 3))}
    grads = jax.tree.map(lambda p: jnp.stack([p, -2 * p, 3 * p]), params)
    alone = run(oz.muon(0.02, weight_decay=0.1, otherwise=None), {"w": params["w"]}, {"w": grads["w"]})
    rest, rest_grads = ({k: x[k] for k in ("b", "kernel")} for x in (params, grads))
    for otherwise, same in [
        ("adamw", oz.adamw(0.02, weight_decay=0.1)),
        (oz.scale_by_yogi(), oz.yogi(0.02, weight_decay=0.1)),
        (oz.sgd(0.5), oz.sgd(0.5)),
        (optax.sgd(0.5), oz.sgd(0.5)),
    ]:
        found = run(oz.muon(0.02, weight_decay=0.1, otherwise=otherwise), params, grads)
        np.testing.assert_allclose(found["w"], alone["w"], rtol=1e-12)
        expected = run(same, rest, rest_grads)
        for k in rest:
            np.testing.assert_allclose(found[k], expected[k], rtol=1e-12)


def products(tx, params):
    """How many matrix products the traced update has."""
    state = tx.init(params)
    return len(re.findall("dot_general", jax.jit(tx.update).lower(params, state, params).as_text()))


def test_matrices_of_one_shape_are_one_batch():
    """48 matrices of three shapes, one of them stored both ways: as many products as for three."""
    one = [jnp.ones((4, 4)), jnp.ones((4, 12)), jnp.ones((4, 16))]
    many = [jnp.ones(shape) for _ in range(12) for shape in [(4, 4), (4, 12), (4, 16), (16, 4)]]
    assert products(oz.muon(0.1), many) == products(oz.muon(0.1), one) == 45
    assert products(oz.soap(0.1), [*one, *one]) == products(oz.soap(0.1), one)
    assert products(oz.shampoo(0.1), [*one, *one]) == products(oz.shampoo(0.1), one)


@pytest.mark.tier2
@pytest.mark.parametrize("name", ["muon", "scion", "normuon", "soap", "shampoo", "galore"])
def test_a_matrix_that_is_not_finite_leaves_the_others_alone(name):
    """In one batch with it; and it is seen, as NaN."""
    tx = getattr(oz, name)(0.1)
    params = {"a": jnp.eye(3), "b": jnp.eye(3)}
    (_, _), (g, h) = drawn([(3, 3), (3, 3)])
    broken = run(tx, params, {"a": jnp.asarray(g).at[0, 0, 0].set(jnp.nan), "b": jnp.asarray(h)})
    whole = run(tx, params, {"a": jnp.asarray(g), "b": jnp.asarray(h)})
    assert jnp.isnan(broken["a"][1]).any()
    np.testing.assert_allclose(broken["b"], whole["b"], rtol=1e-12)


@pytest.mark.parametrize("name", ["muon", "scion", "normuon", "soap", "shampoo", "galore"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zeros_stay_finite_and_what_follows_them_too(name, dtype):
    params = {"a": jnp.zeros((3, 4), dtype), "b": jnp.zeros((2, 5, 3), dtype), "c": jnp.zeros(3, dtype)}
    grads = jax.tree.map(lambda p: jnp.zeros((6, *p.shape), dtype).at[3].set(1e-30).at[4:].set(1e30), params)
    tx = getattr(oz, name)(lambda count: 0.1 * count.astype(dtype))
    assert all(jnp.isfinite(x).all() for x in jax.tree.leaves(run(tx, params, grads)))


def test_eager_jitted_and_mapped_are_the_same():
    tx = oz.muon(0.1)
    params = {"w": jnp.ones((2, 3, 4)), "b": jnp.ones((2, 3))}
    grads = jax.tree.map(lambda p: jnp.sin(jnp.arange(float(p.size))).reshape(p.shape), params)
    mapped, _ = jax.vmap(lambda g, p: tx.update(g, tx.init(p), p))(grads, params)
    for i in range(2):
        p, g = (jax.tree.map(lambda x: x[i], tree) for tree in (params, grads))  # noqa: B023
        eager, compiled = tx.update(g, tx.init(p), p)[0], jax.jit(tx.update)(g, tx.init(p), p)[0]
        for k in p:
            np.testing.assert_allclose(eager[k], compiled[k], rtol=1e-12)
            np.testing.assert_allclose(mapped[k][i], compiled[k], rtol=1e-12)


def test_slots_are_shaped_like_their_parameters():
    params = {"w": jnp.ones((3, 4)), "b": jnp.ones(3)}
    assert oz.muon(0.1).init(params).slots[0]["mu"]["w"].shape == (3, 4)
    slots = oz.galore(0.1).init(params).slots
    assert [x["w"].shape for slot in slots[:3] for x in slot.values()] == [(3, 2), (2, 4), (2, 4)]
    first, second, *_ = oz.normuon(0.1).init(params).slots
    assert (first["mu"]["w"].shape, second["nu"]["w"].shape) == ((3, 4), (1, 4))  # one number an output


def test_explain_says_what_is_a_matrix():
    params = {"w": jnp.ones((3, 4)), "b": jnp.ones(3), "layers": jnp.ones((6, 3, 4))}
    axes = lambda path, x: (0, 1) if path == "w" else (1, 2) if path == "layers" else None  # noqa: E731
    rows = {row.path: row for row in oz.explain(oz.muon(0.1, matrix_axes=axes, otherwise=oz.sgd(0.1)), params)}
    assert {path: row.matrix for path, row in rows.items()} == {"w": "out, in", "b": "", "layers": "batch, out, in"}
    assert {path: row.optimizer for path, row in rows.items()} == {"w": "muon", "b": "sgd", "layers": "muon"}
    assert {path: row.decay for path, row in rows.items()} == dict.fromkeys(rows, False)
    decayed = oz.muon(0.1, weight_decay=0.1, matrix_axes=axes, otherwise=oz.sgd(0.1))
    assert [row.decay for row in oz.explain(decayed, params)] == [
        row.path != "b" for row in oz.explain(decayed, params)
    ]
    assert "out, in" in str(oz.explain(decayed, params))
    alone = oz.explain(oz.muon(0.1, weight_decay=0.1, otherwise=None), {"empty": jnp.ones((0, 4)), "w": params["w"]})
    assert [(row.optimizer, row.decay, row.matrix) for row in alone] == [("muon", True, ""), ("muon", True, "in, out")]


WRONG = {
    "no otherwise": (lambda p: oz.muon(0.1, otherwise=None).init(p), r"'?b'? of shape \(3,\) is no matrix"),
    "a rank too large": (lambda p: oz.galore(0.1, rank=4).init(p), "rank=4 is larger .* at most 3"),
    "no such axis": (lambda p: oz.muon(0.1, matrix_axes=(0, 2)).init(p), "has no two such axes"),
    "one axis twice": (lambda p: oz.muon(0.1, matrix_axes=(1, -1)).init(p), "has no two such axes"),
    "no pair": (lambda p: oz.muon(0.1, matrix_axes="in").init(p), "a pair of integers"),
    "a word": (lambda p: oz.muon(0.1, otherwise="adam"), "it is one of 'adamw'"),
    "not called": (lambda p: oz.muon(0.1, otherwise=oz.adam), "adam is no optimizer: call it"),
    "by itself": (lambda p: oz.orthogonalize().init(p), "is no matrix.*for_matrices"),
    "around adamw": (
        lambda p: oz.in_subspace(oz.adamw(0.1, weight_decay=0.1), 2),
        "decay_weights reads the parameters",
    ),
    "step and update": (lambda p: oz.scale_by_muon(otherwise=oz.adam(0.1)), "either both have the learning rate"),
    "momentum": (lambda p: oz.scion(0.1, momentum=0.0), "the weight of the new gradient"),
    "complex signs": (
        lambda p: run(oz.scion(0.1, norm="sign"), j(p), j({k: x[None] for k, x in p.items()})),
        "no sign",
    ),
}


def j(tree):
    return jax.tree.map(lambda x: jax.lax.complex(jnp.zeros_like(x), x), tree)


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case):
    call, words = WRONG[case]
    with pytest.raises((TypeError, ValueError), match=words):
        call({"w": jnp.ones((3, 4)), "b": jnp.ones(3)})


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", ["muon", "scion", "normuon", "soap", "shampoo", "galore"])
def test_a_turn_of_the_complex_plane_turns_the_step(name):
    """And for real matrices complex arithmetic gives the real numbers."""
    (p,), (g,) = drawn([(3, 3)])
    tx = getattr(oz, name)(0.1)
    real = run(tx, jnp.asarray(p), jnp.asarray(g))
    turned = run(tx, j(jnp.asarray(p)), j(jnp.asarray(g)))
    np.testing.assert_allclose(turned, j(real), rtol=1e-9, atol=1e-11)


def test_orthogonalize_in_bfloat16_is_near_and_svd_exact():
    (p,), _ = drawn([(8, 5)])
    x = jnp.asarray(p)
    step = lambda **kw: oz.orthogonalize(**kw).update(x, oz.orthogonalize(**kw).init(x))[0]  # noqa: E731
    np.testing.assert_allclose(step(dtype="bfloat16"), step(), atol=0.1)
    np.testing.assert_allclose(step(method="svd").T @ step(method="svd"), np.eye(5), atol=1e-12)
    singular = np.linalg.svd(np.asarray(step()), compute_uv=False)
    assert singular.min() > 0.6
    assert singular.max() < 1.3


def test_around_any_pieces():
    """in_basis and in_subspace are no methods' own: AdaBelief's pieces go into either."""
    belief = oz.chain(oz.residual(), oz.belief_moment(0.99), oz.inverse_root(1e-8))
    params = {"w": jnp.eye(4) + 1}
    (_,), (g,) = drawn([(4, 4)])
    for step in (
        oz.in_basis(oz.raw_ema(0.9), belief, 0.9, 2),
        oz.in_subspace(oz.precondition(oz.raw_ema(0.9), belief), 2, 3),
    ):
        path = run(oz.descent(step, 0.01), params, {"w": jnp.asarray(g)})["w"]
        assert jnp.isfinite(path).all()
        assert jnp.abs(path[-1] - path[0]).max() > 0


def test_what_stands_after_matrices_reads_the_gradient_that_entered():
    """Not the steps, which were put in their places."""
    seen = oz.piece("x → x")(gradient_beside)
    params = {"w": jnp.eye(3), "b": jnp.ones(3)}
    tx = oz.chain(oz.scale_by_muon(), seen())
    updates, _ = tx.update(params, tx.init(params), params)
    for name, g in params.items():
        np.testing.assert_array_equal(updates[name], g)


def gradient_beside(x, grad):
    return 0 * x + grad


def test_stacks_of_both_orientations_are_one_batch():
    """(layers, out, in) beside (layers, in, out): each as if it stood alone, through one program of the first shape."""
    (x, y), _ = drawn([(2, 5, 3), (2, 3, 5)])
    tree = {"x": jnp.asarray(x), "y": jnp.asarray(y)}
    tx = oz.for_matrices(oz.orthogonalize(), None, lambda path, a: (-2, -1))
    program = jax.jit(tx.update).lower(tree, tx.init(tree)).as_text()
    assert program.count("dot_general") == 3 * 5
    assert "5x5x" not in program, "products of the larger side"
    found, _ = tx.update(tree, tx.init(tree))
    for name, stack in (("x", x), ("y", y)):
        for layer, a in zip(found[name], stack, strict=True):
            np.testing.assert_allclose(layer, references.newton_schulz(a), rtol=1e-9, atol=1e-11)


@oz.piece("x → x", over="array", publishes=["largest"])
def find_largest(x):
    return x, jnp.max(jnp.abs(x))


@oz.piece("x → x", over="matrix", facts=["largest"])
def over_the_largest(x, largest):
    return x / largest


def test_what_is_published_may_be_one_number_a_matrix():
    """Matrices of one shape are one batch, and each has its own number."""
    (x, y), _ = drawn([(3, 2), (3, 2)])
    tree = {"x": jnp.asarray(x), "y": jnp.asarray(7 * y)}
    tx = oz.for_matrices(oz.chain(find_largest(), over_the_largest()), None)
    found, _ = tx.update(tree, tx.init(tree))
    np.testing.assert_allclose(found["x"], x / np.abs(x).max(), rtol=1e-12)
    np.testing.assert_allclose(found["y"], y / np.abs(y).max(), rtol=1e-12)


def test_slots_of_a_stack_are_one_a_layer():
    p = {"w": jnp.zeros((2, 3, 5))}
    state = jax.eval_shape(oz.scale_by_soap(matrix_axes=lambda path, x: (-1, -2)).init, p)
    shapes = {x.shape for x in jax.tree.leaves(state)}
    assert {(2, 3, 3), (2, 5, 5)} <= shapes
    assert all(shape in {(), (2, 3, 3), (2, 5, 5), (2, 3, 5), (2, 5, 3)} for shape in shapes)


def test_the_directions_of_a_matrix_of_low_rank_are_no_more_than_its_rank():
    """What rounding makes of singular values of 0 has no direction: its parts would be as large as the others."""
    rng = np.random.default_rng(3)
    for rows, columns in ((30, 40), (40, 30), (6, 5)):
        u, v = rng.normal(size=(rows, 2)), rng.normal(size=(columns, 2))
        x = jnp.asarray(1e6 * u @ v.T)
        tx = oz.orthogonalize(method="svd")
        singular = np.linalg.svd(tx.update(x, tx.init(x))[0], compute_uv=False)
        np.testing.assert_allclose(singular[:2], 1, rtol=1e-10)
        np.testing.assert_allclose(singular[2:], 0, atol=1e-10)


def test_a_complex_matrix_of_any_size_is_brought_to_one():
    (x, y), _ = drawn([(4, 3), (4, 3)])
    x, tx = jnp.asarray(x + 1j * y), oz.orthogonalize(eps=0.0)
    once = tx.update(x, tx.init(x))[0]
    np.testing.assert_allclose(tx.update(1e5 * x, tx.init(x))[0], once, rtol=1e-10)
    assert np.linalg.svd(once, compute_uv=False).max() < 1.3


def test_a_schedule_may_say_the_share_of_the_new_gradient():
    (p,), (g,) = drawn([(4, 3)])
    path = run(oz.scion(0.1, momentum=0.3), jnp.asarray(p), jnp.asarray(g))
    scheduled = run(oz.scion(0.1, momentum=lambda count: 0.3), jnp.asarray(p), jnp.asarray(g))
    np.testing.assert_allclose(scheduled, path, rtol=1e-12)


@pytest.mark.tier2
@pytest.mark.parametrize("name", ["muon", "soap", "galore"])
def test_inside_of_shard_map_and_vmap_it_is_the_same(name):
    """As a sweep over devices runs it."""
    (p, q), (g, h) = drawn([(4, 3), (3, 4)])
    params, grads = {"p": jnp.asarray(p), "q": jnp.asarray(q)}, {"p": jnp.asarray(g), "q": jnp.asarray(h)}
    mesh, spec = jax.make_mesh((1,), ("runs",), axis_types=(AxisType.Auto,)), PartitionSpec("runs")

    def train(rate):
        return run(getattr(oz, name)(rate), params, grads)

    rates = jnp.asarray([0.1, 0.2])
    found = jax.jit(jax.shard_map(jax.vmap(train), mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False))(rates)
    for i, rate in enumerate(rates):
        for label, path in train(rate).items():
            np.testing.assert_allclose(found[label][i], path, rtol=1e-9, atol=1e-11)


@pytest.mark.tier2
def test_the_matrices_of_gpt2_are_45_products():
    """As docs/performance.md says: three shapes, of which the widest and the tallest are one another's transposed."""
    width = 64
    shapes = [(width, 3 * width), (width, width), (width, 4 * width), (4 * width, width)]
    params = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in 12 * shapes]
    tx = oz.muon(0.02)
    lowered = jax.jit(tx.update).lower(params, jax.eval_shape(tx.init, params), params)
    assert lowered.as_text().count("stablehlo.dot_general") == 3 * 5 * 3


@pytest.mark.parametrize("spec", [("d", None), (None, "d"), ("d", "d2")])
def test_on_explicit_axes_a_matrix_is_what_it_is_elsewhere(spec):
    """With one device, too, JAX has to be told where a product is kept."""
    (p,), (g,) = drawn([(3, 4)])
    tx = oz.muon(0.1)
    expected, _ = tx.update(jnp.asarray(g[0]), tx.init(jnp.asarray(p)), jnp.asarray(p))
    mesh = jax.make_mesh((1, 1), ("d", "d2"), axis_types=(AxisType.Explicit,) * 2)
    with jax.set_mesh(mesh):
        sharding = NamedSharding(mesh, PartitionSpec(*spec))
        there, slope = (jax.device_put(jnp.asarray(x), sharding) for x in (p, g[0]))
        found, _ = jax.jit(tx.update)(slope, tx.init(there), there)
        assert found.sharding.spec == sharding.spec
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "values", [[1, 2, 5], [1, 1, 3], [2, 2, 2], [1, 1 + 4e-16, 3], [1, 1 + 1e-9, 3], [0, 1e-6, 1], [0, 0, 0]]
)
def test_the_derivative_of_a_power(values):
    """Against differences, also where eigenvalues are equal, or differ by rounding alone."""
    rng = np.random.default_rng(4)
    q, turn = np.linalg.qr(rng.normal(size=(3, 3)))[0], rng.normal(size=(3, 3))
    at = (jnp.asarray((q * np.asarray(values)) @ q.T), jnp.asarray(-0.3), jnp.asarray(0.5))
    ways = (jnp.asarray(turn + turn.T), jnp.asarray(1.0), jnp.asarray(1.0))
    for i in range(3):
        way = [x if j == i else 0 * x for j, x in enumerate(ways)]
        power, slope = jax.jvp(power_of, at, tuple(way))
        np.testing.assert_allclose(power, power_of(*at), rtol=1e-12, atol=1e-14)
        ahead, behind = (power_of(*(x + h * w for x, w in zip(at, way, strict=True))) for h in (1e-5, -1e-5))
        if i or min(values) > 0:  # an eigenvalue of 0 is cut there
            np.testing.assert_allclose(slope, (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-7)
        assert jnp.isfinite(slope).all()


@pytest.mark.parametrize("size", [5, 20, 60])
def test_a_power_of_what_rounding_leaves_of_zero_is_zero(size):
    """Of a matrix of rank 2, at powers that would make it the largest of all."""
    vectors = np.linalg.qr(np.random.default_rng(size).normal(size=(size, 2)))[0]
    m = jnp.asarray((vectors * np.asarray([4.0, 9.0])) @ vectors.T)
    expected = (vectors * np.asarray([1 / 2, 1 / 3])) @ vectors.T
    np.testing.assert_allclose(power_of((m + m.T) / 2, -0.5, 0.0), expected, atol=1e-12)


@pytest.mark.parametrize("norm", ["add", "clamp"])
@pytest.mark.parametrize("eps", [1e-7, 0.0])
def test_the_derivative_of_the_orthogonal_factor_of_zeros_is_finite(norm, eps):
    tx = oz.orthogonalize(norm=norm, eps=eps)
    assert jnp.isfinite(jax.grad(lambda g: jnp.sum(tx.update(g, tx.init(g))[0]))(jnp.zeros((3, 2)))).all()
