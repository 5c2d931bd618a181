"""Pieces of every granularity, written with public names alone: the page's programs, optax's numbers, clear errors."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "write_your_own_piece.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)

RNG = np.random.default_rng(0)
P = {"w": jnp.asarray(RNG.normal(size=(6, 4))), "b": jnp.asarray(RNG.normal(size=4))}
G = [jax.tree.map(lambda p: jnp.asarray(RNG.normal(size=p.shape)), P) for _ in range(8)]


def test_the_page_has_its_programs():
    assert len(PROGRAMS) == 12


def test_the_programs_of_the_page_run():
    """All in one process: what a program is named after is its place on the page."""
    code = "\n".join(f"def program_{i}():\n{indented(text)}\nprogram_{i}()" for i, text in enumerate(PROGRAMS))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def indented(text):
    return "".join(f"    {line}\n" if line else "\n" for line in text.split("\n"))


@oz.piece("gradient [g] → step [1]", mu=oz.zeros)
def lion_step(g, mu, b1=0.9, b2=0.99):
    return jnp.sign(b1 * mu + (1 - b1) * g), b2 * mu + (1 - b2) * g


@oz.piece("step [1] → step [θ]", over="array")
def trust_ratio(u, params):
    p, n = oz.norm(params), oz.norm(u)
    return u * jnp.where((p > 0) & (n > 0), p / jnp.where(n > 0, n, 1.0), 1.0)


def scalar(x):
    return jnp.zeros((), x.dtype)


@oz.piece("gradient [g] → rate [1/g]", over="array", nu=scalar)
def tensor_rate(g, nu, t, b2=0.25, eps=1e-6):
    nu = jnp.where(t == 1, jnp.sum(g * g), b2 * nu + (1 - b2) * jnp.sum(g * g))
    return 1 / (jnp.sqrt(nu) + eps), nu


@oz.piece("x → x", over="tree")
def clip_global(xs, most=1.0):
    norm = jnp.sqrt(sum(jnp.vdot(x, x) for x in xs))
    return [jnp.where(norm < most, x, x / norm * most) for x in xs]


@oz.piece("x → x", over="array")
def mean(x):
    return jnp.mean(x)


def one(xs):
    return jnp.ones(())


@oz.piece("x → x", over="tree", largest=oz.shared(one), publishes=["size"])
def measure(xs, largest):
    largest = jnp.maximum(largest, jnp.sqrt(sum(jnp.vdot(x, x).real for x in xs)))
    return xs, largest, largest


@oz.piece("x → x", facts=["size"])
def over_its_size(x, size):
    return x / size


@oz.piece("x → x", facts=["weights"])
def weighted(x, weights):
    return x * weights


def start(p):
    return p


@oz.piece("x → x", anchor=oz.of_params(start))
def to_its_anchor(x, anchor, params, pull=0.1):
    return x + pull * (params - anchor), anchor


def run(tx, params=P, gradients=G, **extra):
    """The parameters after all steps."""
    update = jax.jit(lambda g, s, p: optax.with_extra_args_support(tx).update(g, s, p, **extra))
    state = tx.init(params)
    for g in gradients:
        u, state = update(g, state, params)
        params = optax.apply_updates(params, u)
    return params


def scheduled_b1(count):
    return 0.9 / (1 + count)


@optax.inject_hyperparams
def adam_with(b1):
    return optax.scale_by_adam(b1=b1)


TWINS = {
    "lion": (oz.descent(lion_step(), 1e-2), optax.lion(1e-2, weight_decay=0.0)),
    "lamb": (
        oz.chain(oz.scale_by_adam(eps=1e-6), trust_ratio(), oz.scale_by_learning_rate(1e-2)),
        optax.lamb(1e-2),
    ),
    "novograd's rate": (
        oz.descent(oz.precondition(oz.identity(), tensor_rate()), 1e-2),
        optax.chain(optax.scale_by_novograd(b1=0.0, b2=0.25, eps=1e-6), optax.scale(-1e-2)),
    ),
    "the global norm before adam": (
        oz.descent(oz.chain(clip_global(0.5), oz.scale_by_adam()), 1e-2),
        optax.chain(optax.clip_by_global_norm(0.5), optax.adam(1e-2)),
    ),
    "the global norm between": (
        oz.descent(oz.chain(oz.scale_by_momentum(0.9), clip_global(0.5), oz.scale_by_adam()), 1e-2),
        optax.chain(optax.trace(0.9), optax.clip_by_global_norm(0.5), optax.adam(1e-2)),
    ),
    "the global norm in a branch": (
        oz.descent(oz.precondition(clip_global(0.5), oz.chain(clip_global(0.5), oz.inverse_rms(0.9))), 1e-2),
        optax.chain(optax.clip_by_global_norm(0.5), optax.scale_by_adam(b1=0.0, b2=0.9), optax.scale(-1e-2)),
    ),
    "a foreign link between": (
        oz.descent(oz.chain(oz.ema(0.9), oz.debias(0.9), optax.clip(0.5), oz.scale_by_adam()), 1e-2),
        optax.chain(optax.ema(0.9), optax.clip(0.5), optax.adam(1e-2)),
    ),
    "a scheduled decay": (
        oz.adam(1e-2, b1=scheduled_b1),
        optax.chain(adam_with(scheduled_b1), optax.scale(-1e-2)),
    ),
}


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", TWINS)
def test_it_has_optaxs_numbers(name):
    ours, theirs = TWINS[name]
    chex.assert_trees_all_close(run(ours), run(theirs), rtol=1e-12)


def test_an_average_takes_the_shape_of_its_stream():
    rate = oz.chain(oz.square(), mean(), oz.ema(0.9), oz.debias(0.9), oz.inverse_root(1e-8))
    tx = oz.descent(oz.precondition(oz.identity(), rate), 1e-2)
    shapes = jax.tree.map(jnp.shape, tx.init(P).slots, is_leaf=lambda x: hasattr(x, "shape"))
    assert shapes == ({"mu": {"w": (), "b": ()}},)
    v, theta = 0.0, np.asarray(P["w"])
    for t, g in enumerate(G, start=1):
        v = 0.9 * v + 0.1 * np.mean(np.asarray(g["w"]) ** 2)
        theta = theta - 1e-2 * np.asarray(g["w"]) / (np.sqrt(v / (1 - 0.9**t)) + 1e-8)
    np.testing.assert_allclose(run(tx)["w"], theta, rtol=1e-12)


def test_what_is_made_of_branches_of_two_shapes_has_the_larger():
    for branches in ((mean(), oz.identity()), (oz.identity(), mean())):
        tx = oz.chain(oz.join(lambda a, b: a * b, *branches, units="product"), oz.ema(0.9))
        chex.assert_trees_all_equal_shapes(tx.init(P).slots[0]["mu"], P)


def test_one_array_of_another_shape_than_its_state_is_named():
    tx, other = oz.adamw(1e-3, weight_decay=0.1), {"w": P["w"], "b": jnp.ones(5)}
    for g, params, what in ((other, other, "state"), (P, other, "parameters")):
        with pytest.raises(ValueError, match=rf"the {what} and the gradients are different pytrees, first at \['b'\]"):
            tx.update(g, tx.init(P), params)


def test_a_number_of_the_tree_is_published_to_later_pieces():
    tx = oz.chain(measure(), oz.precondition(oz.identity(), oz.inverse_rms(0.9)), over_its_size())
    state, largest = tx.init(P), 1.0
    for g in G:
        u, state = tx.update(g, state)
        largest = max(largest, float(optax.tree.norm(g)))
    assert state.slots[0]["largest"].shape == ()
    assert float(state.slots[0]["largest"]) == pytest.approx(largest, rel=1e-12)
    plain = oz.precondition(oz.identity(), oz.inverse_rms(0.9))
    s = plain.init(P)
    for g in G:
        v, s = plain.update(g, s)
    chex.assert_trees_all_close(u, jax.tree.map(lambda x: x / largest, v), rtol=1e-12)


def test_an_argument_of_update_is_each_arrays_own_or_one_for_all():
    weights = jax.tree.map(lambda p: 1 + jnp.arange(float(p.size)).reshape(p.shape), P)
    for given in (weights, 2.0, jnp.asarray(3.0)):
        u, _ = weighted().update(G[0], weighted().init(P), weights=given)
        each = given if given is weights else {"w": given, "b": given}
        expected = {name: G[0][name] * each[name] for name in G[0]}
        chex.assert_trees_all_close(u, expected)


def test_a_slot_may_start_from_the_parameter():
    tx = oz.descent(to_its_anchor(), 1.0)
    params = jax.tree.map(jnp.ones_like, P)
    u, _ = tx.update(G[0], tx.init(jax.tree.map(jnp.zeros_like, P)), params)
    chex.assert_trees_all_close(u, jax.tree.map(lambda g: -(g + 0.1), G[0]))


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32, jnp.complex64])
def test_slots_of_other_shapes_keep_their_dtypes(dtype):
    params = jax.tree.map(lambda p: p.astype(dtype), P)
    rate = oz.chain(oz.square(), mean(), oz.ema(0.9), oz.inverse_root(1e-8))
    tx = oz.descent(oz.chain(measure(), oz.precondition(oz.identity(), rate)), 1e-2)
    state = tx.init(params)
    updates, new = jax.jit(tx.update)(params, state, params)
    assert {x.dtype for x in jax.tree.leaves(updates)} == {jnp.dtype(dtype)}
    chex.assert_trees_all_equal_dtypes(state, new)
    assert {x.dtype for x in jax.tree.leaves(state.slots)} <= {jnp.dtype(jnp.float32), jnp.dtype(jnp.float64)}


def test_pack_refuses_what_looks_at_more_than_a_number():
    for tx in (TWINS["lamb"][0], TWINS["the global norm between"][0], TWINS["a foreign link between"][0]):
        with pytest.raises(TypeError, match=r"pack: (trust_ratio|clip_global|clip) is not known"):
            oz.pack(tx)


def test_pack_takes_an_elementwise_piece_of_ones_own():
    chex.assert_trees_all_close(run(oz.pack(TWINS["lion"][0])), run(TWINS["lion"][0]), rtol=1e-14)


def lies_in_shape(x):
    return x.sum()


def lies_by_a_norm(x):
    return x / jnp.sqrt(jnp.sum(x * x))


def lies_by_position(x):
    return x * jnp.arange(x.size, dtype=x.dtype).reshape(x.shape)


def lies_by_an_index(x):
    return x * jax.lax.broadcasted_iota(x.dtype, x.shape, 0)


def lies_by_order(x):
    return jnp.flip(x)


def lies_by_a_running_sum(x):
    return jnp.cumsum(x.ravel()).reshape(x.shape)


def lies_in_a_loop(x):
    return jax.lax.fori_loop(0, 3, lambda i, y: y - jnp.mean(y), x)


LIES = (
    lies_in_shape, lies_by_a_norm, lies_by_position, lies_by_an_index, lies_by_order, lies_by_a_running_sum,
    lies_in_a_loop,
)  # fmt: skip


@pytest.mark.parametrize("body", LIES, ids=lambda f: f.__name__)
def test_a_piece_that_is_not_elementwise_must_say_so(body):
    lies = oz.piece("x → x")(body)
    with pytest.raises(ValueError, match=rf"{body.__name__} says over='element'.*over='array'"):
        lies().update(P, lies().init(P))
    if body is not lies_in_shape:
        honest = oz.piece("x → x", over="array")(body)
        honest().update(P, honest().init(P))


def test_every_built_in_piece_that_says_element_is():
    """Their loops and branches too: none has one, so that all are traced inline."""
    from optzoo_jax.walk import _flags, may_be_inlined

    for x in vars(oz).values():
        if hasattr(x, "definition") and x.definition.over == "element":
            required = [p.name for p in inspect.signature(x).parameters.values() if p.default is p.empty]
            node = oz.composition_of(x(**dict.fromkeys(required, 0.1)))
            numbers = {**node.arguments, **{name: once_of(name) for name in x.definition.once}}
            assert may_be_inlined(x, _flags(numbers)), x.__name__


def once_of(name):
    return (1.0, 1.0) if name in ("bounds", "rectification", "ahead_weights", "scheduled_weights") else 1.0


def test_wrong_bodies_are_named_with_the_remedy():
    def update(piece):
        return piece.update(P, piece.init(P))

    @oz.piece("x → x", mu=oz.zeros)
    def forgets(x, mu):
        return x

    with pytest.raises(
        TypeError, match=r"forgets returns 1 value, and its decorator asks for the stream and the new mu"
    ):
        update(forgets())

    @oz.piece("x → x")
    def gives_more(x):
        return x, x

    with pytest.raises(TypeError, match=r"gives_more returns 2 values.*the stream alone"):
        update(gives_more())

    with pytest.raises(TypeError, match="not_asked has the slot mu, and no parameter of that name"):

        @oz.piece("x → x", mu=oz.zeros)
        def not_asked(x):
            return x

    @oz.piece("x → x")
    def without_a_first_value(x, mu):
        return x, mu

    with pytest.raises(TypeError, match=r"without_a_first_value: missing a required argument: 'mu'.*mu=zeros"):
        without_a_first_value()

    @oz.piece("x → x", facts=["temperature"])
    def wants_a_fact(x, temperature):
        return x * temperature

    with pytest.raises(
        TypeError, match=r"wants_a_fact reads temperature.*update\(gradients, state, params, temperature="
    ):
        update(wants_a_fact())

    @oz.piece("x → x", over="array", mu=oz.zeros)
    def changes_shape(x, mu):
        return x, mu.sum()

    with pytest.raises(
        ValueError, match=r"changes_shape: its slot mu begins with the shape \(4,\), and becomes one of"
    ):
        update(changes_shape())

    @oz.piece("x → x", over="array")
    def leaves_in_another_shape(x):
        return x.sum()

    with pytest.raises(ValueError, match=r"leaves_in_another_shape.*an update has the shape of its parameter"):
        update(leaves_in_another_shape())

    with pytest.raises(TypeError, match=r"soften: by=<lambda> gives <lambda> at a count.*call it: by=<lambda>\(…\)"):
        update(soften(lambda count: lambda count: 0.1))
    with pytest.raises(TypeError, match=r"soften: by=cosine_decay_schedule is no schedule.*call it"):
        update(soften(optax.cosine_decay_schedule))

    with pytest.raises(ValueError, match="params"):
        trust_ratio().update(G[0], trust_ratio().init(P))
    with pytest.raises(ValueError, match="over='rows' is none of"):
        oz.piece("x → x", over="rows")


def step_and_two(t):
    return t.astype(float), 2


@oz.piece("x → x", facts=[step_and_two])
def times_both(x, step_and_two):
    step, two = step_and_two
    return x * step * two


def test_a_fact_may_be_numbers_that_are_known_and_some_that_are_not():
    assert times_both().update(jnp.ones(1), times_both().init(jnp.ones(1)))[0].tolist() == [2]


@oz.piece("x → x")
def soften(x, by=0.5):
    return x * by


@oz.piece("gradient [g] → rate [1]")
def ones(g):
    return jnp.ones_like(g)


@oz.piece("x → x", over="tree")
def as_they_are(xs):
    return xs


def test_the_gradient_is_what_entered_the_precondition_or_else_the_walk():
    """In a direction too, and behind what looks at the tree."""
    for tx, share in [
        (oz.chain(soften(), oz.gradient()), 1),
        (oz.chain(soften(), as_they_are(), oz.gradient()), 1),
        (oz.chain(soften(), oz.precondition(oz.chain(soften(), oz.gradient()), ones())), 0.5),
        (oz.chain(soften(), oz.precondition(oz.chain(as_they_are(), soften(), oz.gradient()), ones())), 0.5),
    ]:
        u, _ = tx.update(G[0], tx.init(P))
        chex.assert_trees_all_close(u, jax.tree.map(lambda g, share=share: share * g, G[0]), rtol=1e-12)


def test_streams_stay_wide_before_and_after_what_looks_at_the_tree():
    g = jnp.ones(3, jnp.float16)
    tx = oz.chain(soften(1e-9), as_they_are(), soften(1e9))
    u, _ = tx.update(g, tx.init(g))
    assert u.dtype == jnp.float16
    assert u.tolist() == [1, 1, 1]


def test_a_link_from_elsewhere_is_fed_what_an_optax_chain_would_feed_it():
    seen = []
    tx = oz.chain(soften(), optax.stateless(lambda u, p: seen.append(u.dtype) or u), soften())
    g = jnp.ones(3, jnp.float16)
    tx.update(g, tx.init(g))
    assert seen == [jnp.float16]


@pytest.mark.usefixtures("standard_promotion")
def test_an_update_is_as_exact_as_the_wider_of_gradient_and_parameter():
    one = {dtype: jnp.ones(3, dtype) for dtype in (jnp.bfloat16, jnp.float32)}
    for g, p in (one.values(), reversed(one.values())):
        assert oz.sgd(0.1).update(g, oz.sgd(0.1).init(p), p)[0].dtype == jnp.float32


def test_an_argument_with_the_gradients_names_and_other_shapes_is_one_for_all():
    @oz.piece("x → x", over="array", facts=["options"])
    def chosen(x, options):
        return x * options["w"]

    options = {"w": 2.0, "b": jnp.ones(4)}
    chex.assert_trees_all_close(
        chosen().update(G[0], chosen().init(P), options=options)[0], jax.tree.map(lambda g: 2 * g, G[0])
    )


def test_what_looks_at_arrays_publishes_to_what_stands_behind_the_tree():
    @oz.piece("x → x", publishes=["double"])
    def doubled(x):
        return x, 2 * x

    @oz.piece("x → x", facts=["double"])
    def take(x, double):
        return double

    tx = oz.chain(doubled(), as_they_are(), take())
    chex.assert_trees_all_close(tx.update(G[0], tx.init(P))[0], jax.tree.map(lambda g: 2 * g, G[0]))


def test_a_whole_number_is_the_length_of_a_loop():
    """Outside jit too, where other numbers are handed to the program."""

    @oz.piece("x → x")
    def repeated(x, factor=2.0, times=1):
        for _ in range(times):
            x = factor * x
        return x

    assert [repeated(times=n).update(jnp.ones(1), repeated().init(jnp.ones(1)))[0].item() for n in (1, 3)] == [2, 8]


def test_a_name_that_is_taken_is_refused():
    before = oz.card("adam")
    with pytest.raises(ValueError, match="the name 'adam' is taken"):

        @oz.optimizer(learning_rate=1e-3)
        def adam(learning_rate):
            """Mine."""
            return oz.identity()

    assert oz.card("adam") is before


def test_a_schedule_may_stand_for_any_number():
    """Every hyperparameter of every method, at a schedule that stands still."""
    for name in oz.list_optimizers(kind="optimizer"):
        card = oz.card(name)
        plain = {"learning_rate": card.learning_rate}
        if "base_learning_rate" in card.arguments:
            plain["base_learning_rate"] = card.learning_rate
        counted = ("slow_step_size", *plain)
        numbers = {k: v for k, v in card.arguments.items() if type(v) is float and k not in counted}
        still = {k: lambda count, v=v: jnp.asarray(v) for k, v in numbers.items()}
        expected = run(card.factory(**plain), gradients=G[:3])
        chex.assert_trees_all_close(run(card.factory(**plain, **still), gradients=G[:3]), expected, rtol=1e-9)
