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


@pytest.mark.tier2
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
        oz.descent(oz.chain(oz.raw_ema(0.9), oz.debias(0.9), optax.clip(0.5), oz.scale_by_adam()), 1e-2),
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
    rate = oz.chain(oz.square(), mean(), oz.raw_ema(0.9), oz.debias(0.9), oz.inverse_root(1e-8))
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
        tx = oz.chain(oz.join(lambda a, b: a * b, *branches, units="product"), oz.raw_ema(0.9))
        chex.assert_trees_all_equal_shapes(tx.init(P).slots[0]["mu"], P)


def test_what_is_made_of_branches_of_one_shape_may_have_another():
    """A row of a matrix; and of complex numbers a real one."""
    rows = oz.join(lambda a, b: (a + b).sum(0, keepdims=True), oz.identity(), oz.identity(), over="array")
    tx = oz.precondition(oz.identity(), oz.chain(rows, oz.raw_ema(0.9)))
    state = tx.init(P["w"])
    assert optax.tree.get(state, "mu").shape == (1, 4)
    assert tx.update(P["w"], state)[0].shape == (6, 4)
    sizes = oz.join(lambda a, b: jnp.abs(a) + jnp.abs(b), oz.identity(), oz.identity())
    real = optax.tree.get(oz.chain(sizes, oz.raw_ema(0.9)).init(jnp.ones(3, jnp.complex64)), "mu")
    assert real.dtype == jnp.float32


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


def test_a_parameter_that_is_a_number_by_itself_is_in_a_list_too():
    @oz.piece("x → step [θ]", over="tree")
    def to_zero(xs, params):
        return [p + 0 * x for x, p in zip(xs, params, strict=True)]

    p = jnp.asarray(2.0)
    for tx, expected in ((to_zero(), 2.0), (oz.newton(1.0), -2 / 3)):  # L'/L'' of θ⁴ is θ/3
        u, _ = tx.update(4 * p**3, tx.init(p), p, value_fn=lambda q: q**4)
        assert float(u) == pytest.approx(expected, rel=1e-6)


def test_a_slot_may_start_from_the_parameter():
    tx = oz.descent(to_its_anchor(), 1.0)
    params = jax.tree.map(jnp.ones_like, P)
    u, _ = tx.update(G[0], tx.init(jax.tree.map(jnp.zeros_like, P)), params)
    chex.assert_trees_all_close(u, jax.tree.map(lambda g: -(g + 0.1), G[0]))


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32, jnp.complex64])
def test_slots_of_other_shapes_keep_their_dtypes(dtype):
    params = jax.tree.map(lambda p: p.astype(dtype), P)
    rate = oz.chain(oz.square(), mean(), oz.raw_ema(0.9), oz.inverse_root(1e-8))
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


ELEMENTWISE = {
    "gammainc": lambda x: jax.scipy.special.gammainc(x, x),
    "gammaincc": lambda x: jax.scipy.special.gammaincc(x, x),
    "the derivative of gammainc": lambda x: jax.jvp(lambda a: jax.scipy.special.gammainc(a, x), (x,), (x,))[1],
    "polygamma": lambda x: jax.scipy.special.polygamma(2, x),
    "zeta": lambda x: jax.scipy.special.zeta(1 + x, x),
    "i0e": jax.scipy.special.i0e,
    "i1e": jax.scipy.special.i1e,
    "betainc": lambda x: jax.scipy.special.betainc(x, x, 0.5),
    "log2": jnp.log2,
    "the derivative of tanh": lambda x: jax.jvp(jnp.tanh, (x,), (x,))[1],
    "population_count": lambda x: jax.lax.population_count(x.astype(jnp.int32)).astype(x.dtype),
    "clz": lambda x: jax.lax.clz(x.astype(jnp.int32)).astype(x.dtype),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_function_of_each_number_is_elementwise(name):
    """Special functions, and what a newer JAX has made an operation of its own."""

    def body(x):
        return ELEMENTWISE[name](x)

    x = jnp.asarray([0.5, 1.5, 3.0])
    tx = oz.piece("x → x")(body)()
    np.testing.assert_allclose(tx.update(x, tx.init(x))[0], ELEMENTWISE[name](x), rtol=1e-6)


def lies_in_shape(x):
    return x.sum()


def lies_by_a_norm(x):
    return x / jnp.sqrt(jnp.sum(x * x))


def lies_by_position(x):
    return x * jnp.arange(x.size, dtype=x.dtype).reshape(x.shape)


def lies_by_an_index(x):
    return x * jax.lax.broadcasted_iota(x.dtype, x.shape, 0)


def lies_by_one_number(x):
    return x - jax.lax.dynamic_slice(x, [0] * x.ndim, [1] * x.ndim)


def lies_by_order(x):
    return jnp.flip(x)


def lies_by_a_running_sum(x):
    return jnp.cumsum(x.ravel()).reshape(x.shape)


def lies_by_its_size(x):
    return x * x.size**-0.5


def lies_in_a_loop(x):
    return jax.lax.fori_loop(0, 3, lambda i, y: y - jnp.mean(y), x)


LIES = (
    lies_in_shape,
    lies_by_a_norm,
    lies_by_position,
    lies_by_an_index,
    lies_by_one_number,
    lies_by_order,
    lies_by_a_running_sum,
    lies_by_its_size,
    lies_in_a_loop,
)


@pytest.mark.parametrize("body", LIES, ids=lambda f: f.__name__)
def test_a_piece_that_is_not_elementwise_must_say_so(body):
    lies = oz.piece("x → x")(body)
    with pytest.raises(ValueError, match=rf"{body.__name__} says over='element'.*over='array'\.$"):
        lies().update(P, lies().init(P))
    if body is not lies_in_shape:
        honest = oz.piece("x → x", over="array")(body)
        honest().update(P, honest().init(P))


def test_every_built_in_piece_that_says_element_is():
    """Their loops and branches too: none has one, so that all are traced inline."""
    from optzoo_jax.program import flags_of, may_be_inlined

    for x in vars(oz).values():
        if hasattr(x, "definition") and x.definition.over == "element":
            required = [p.name for p in inspect.signature(x).parameters.values() if p.default is p.empty]
            node = oz.composition_of(x(**dict.fromkeys(required, 0.1)))
            numbers = {**node.arguments, **{name: once_of(name) for name in x.definition.once}}
            assert may_be_inlined(x, flags_of(numbers)), x.__name__


def once_of(name):
    return (1.0, 1.0) if name in ("slowed", "bounds", "rectification", "ahead_weights", "scheduled_weights") else 1.0


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

    for given, shown in ((lambda count: 0.1, "<lambda>"), (None, "None")):
        with pytest.raises(
            TypeError, match=rf"soften: by=<lambda> gives {shown} at a count.*call it: by=<lambda>\(…\)"
        ):
            update(soften(lambda count, given=given: given))
    with pytest.raises(TypeError, match=r"soften: by=cosine_decay_schedule is no schedule.*call it"):
        update(soften(optax.cosine_decay_schedule))

    with pytest.raises(ValueError, match="params"):
        trust_ratio().update(G[0], trust_ratio().init(P))
    with pytest.raises(ValueError, match=r"over='rows' is unknown.*'element', 'array', 'matrix', 'tree'"):
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


@pytest.mark.tier2
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


@oz.piece("x → x", over="array", publishes=["told"])
def tells(x, number=1.0):
    return x, number * jnp.ones((), x.dtype)


@oz.piece("x → x", facts=["told"])
def hears(x, told):
    return x * told


@oz.piece("x → x", over="tree")
def waits(xs):
    return xs


def test_what_is_published_last_is_read():
    """Also where another piece over the tree stands between, and where update gives the name a value too."""
    x = jnp.arange(1.0, 4.0)
    for tx, factor, extra in (
        (oz.chain(tells(2.0), hears(), tells(10.0), hears()), 20, {}),
        (oz.chain(tells(2.0), waits(), hears(), tells(10.0), waits(), hears()), 20, {}),
        (oz.chain(hears(), tells(10.0), waits(), hears()), 20, {"told": 2.0}),
    ):
        np.testing.assert_array_equal(tx.update(x, tx.init(x), **extra)[0], factor * x)


def test_what_a_published_number_is_read_by_may_stand_before_a_slot():
    @oz.piece("x → x", over="array", facts=["told"])
    def mean_of(x, told):
        return jnp.mean(x) * told

    tx = oz.precondition(oz.identity(), oz.chain(tells(2.0), mean_of(), oz.raw_ema(0.5)))
    assert tx.init(P).slots[0]["mu"]["w"].shape == ()
    np.testing.assert_allclose(tx.update(P, tx.init(P))[0]["b"], P["b"] * jnp.mean(P["b"]), rtol=1e-12)


def first_by_size(x):
    return jnp.full(x.shape, 1.0 / x.size)


def first_by_place(x):
    return jnp.arange(x.size, dtype=x.dtype).reshape(x.shape)


def first_by_the_largest(p):
    return jnp.full_like(p, jnp.max(p))


@pytest.mark.parametrize("first", [first_by_size, first_by_place, oz.of_params(first_by_the_largest)])
def test_a_first_value_that_is_not_elementwise_is_refused(first):
    @oz.piece("x → x", m=first)
    def f(x, m):
        return x * m, m

    with pytest.raises(ValueError, match="f says over='element'"):
        f().update(P, f().init(P))


def test_slots_follow_what_a_piece_that_reads_all_facts_makes_of_the_stream():
    @oz.piece("x → x", over="array")
    def first_of_all(x, t, params, grad):
        return x[:1]

    @oz.piece("x → x", over="array")
    def spread_again(x, params):
        return jnp.broadcast_to(x, params.shape)

    tx = oz.descent(oz.chain(first_of_all(), oz.raw_ema(0.9), spread_again()), 0.1)
    state = tx.init(jnp.ones(3))
    assert optax.tree.get(state, "mu").shape == (1,)
    assert tx.update(jnp.ones(3), state, jnp.ones(3))[0].shape == (3,)


def test_beside_a_real_parameter_the_square_of_a_complex_one_is_real():
    tx = oz.join(jnp.negative, oz.chain(oz.square(), oz.raw_ema(0.9), oz.inverse_root(1e-8)))
    state = tx.init({"a": jnp.ones(2, jnp.float32), "b": jnp.ones(2, jnp.complex64)})
    assert {x.dtype for x in optax.tree.get(state, "mu").values()} == {jnp.dtype("float32")}


def test_a_slot_of_another_shape_is_one_of_an_array_or_of_the_tree():
    def one(x, n):
        return x, n + 1

    with pytest.raises(ValueError, match=r"its slot n begins with the shape \(\).*over='array'"):
        oz.piece("x → x", n=scalar)(one)().init(P)
    tx = oz.piece("x → x", over="array", n=scalar)(one)()
    assert tx.update(P, tx.init(P))[1].slots[0]["n"] == {"w": 1, "b": 1}

    @oz.piece("x → x", over="tree", n=scalar)
    def norms(xs, n):
        return xs, [oz.norm(x) for x in xs]

    assert norms().update(P, norms().init(P))[1].slots[0]["n"]["b"] == pytest.approx(float(jnp.linalg.norm(P["b"])))


@pytest.mark.parametrize("maths", [lambda a, b: a - jnp.mean(b), lambda a, b: jnp.flip(a) + b])
def test_the_maths_of_join_is_elementwise_or_says_so(maths):
    branches = (oz.raw_ema(0.5), oz.raw_ema(0.9))
    with pytest.raises(ValueError, match=r"join\(<lambda>, …\) says over='element'.*over='array'\.$"):
        oz.join(maths, *branches).update(P, oz.join(maths, *branches).init(P))
    honest = oz.join(maths, *branches, over="array")
    honest.update(P, honest.init(P))
    with pytest.raises(TypeError, match="pack: join"):
        oz.pack(honest)
    with pytest.raises(ValueError, match=r"join: units='Product' is unknown.*Did you mean 'product'"):
        oz.join(maths, *branches, units="Product")
    with pytest.raises(TypeError, match="nothing to join"):
        oz.join(maths)


def test_pack_refuses_a_vector_of_numbers():
    with pytest.raises(TypeError, match=r"pack: scale_by_learning_rate: learning_rate is an array of shape \(4,\)"):
        oz.pack(oz.sgd(jnp.full(4, 0.1)))


@oz.piece("x → x", over="array")
def halved(x, steps=5):
    return jax.lax.fori_loop(0, steps, lambda i, y: y / 2, x)


@pytest.mark.parametrize("steps", [2, np.int64(2), jnp.asarray(2), lambda count: count + 2])
def test_whole_numbers_stay_whole(steps):
    x = jnp.ones(3)
    for update in (halved(steps).update, jax.jit(halved(steps).update)):
        np.testing.assert_array_equal(update(x, halved(steps).init(x))[0], 0.25)
    np.testing.assert_array_equal(oz.sweep(lambda tx: tx.update(x, tx.init(x))[0], halved, steps=[1, 2])[1], 0.25)


def test_a_number_of_turns_may_be_an_integer_of_numpy():
    """Python unrolls the loop, and so it may not be traced."""
    updates = [tx.update(P, tx.init(P))[0] for tx in (oz.centralize(np.int64(0)), oz.centralize(0))]
    chex.assert_trees_all_equal(*updates)
    x = {"w": jnp.arange(6.0).reshape(2, 3)}
    turned = [tx.update(x, tx.init(x))[0] for tx in (oz.orthogonalize(steps=np.int64(3)), oz.orthogonalize(steps=3))]
    chex.assert_trees_all_equal(*turned)


def test_a_key_is_a_slot_a_fact_and_an_argument():
    @oz.piece("x → x", over="tree", key=oz.shared(lambda xs: jax.random.key(0)))
    def noise(xs, key):
        key, sub = jax.random.split(key)
        return [x + jax.random.normal(sub, x.shape, x.dtype) for x in xs], key

    @oz.piece("x → x", over="array", facts=["key"])
    def more_noise(x, key):
        return x + jax.random.normal(key, x.shape, x.dtype)

    tx = oz.chain(noise(), more_noise(), oz.raw_ema(0.9))
    for update in (tx.update, jax.jit(tx.update)):
        u, state = update(P, tx.init(P), key=jax.random.key(1))
        assert not jnp.array_equal(u["w"], P["w"])
        assert jax.dtypes.issubdtype(state.slots[0]["key"].dtype, jax.dtypes.prng_key)


def test_a_function_of_the_parameters_may_stand_before_a_slot():
    @oz.piece("x → x", over="tree", facts=["value_fn"])
    def by_the_loss(xs, params, value_fn):
        return [x * value_fn(params) for x in xs]

    tx = oz.chain(by_the_loss(), oz.raw_ema(0.0))
    u, _ = tx.update(P, tx.init(P), P, value_fn=lambda p: jnp.sum(p["b"]))
    chex.assert_trees_all_close(u, jax.tree.map(lambda x: x * jnp.sum(P["b"]), P))


def test_a_copy_of_the_parameters_survives_their_donation():
    tx, params = to_its_anchor(), jax.tree.map(jnp.array, P)
    step = jax.jit(lambda p, s: (tx.update(p, s, p)[0], s), donate_argnums=(0, 1))
    chex.assert_trees_all_close(step(params, tx.init(params))[0], P)


def test_a_link_from_elsewhere_in_a_rate_keeps_its_moment():
    """In float16 the square of 1e-4 is 0."""
    g = jnp.full(3, 1e-4, jnp.float16)
    rates = [oz.chain(oz.second_moment(0.9), link, oz.inverse_root(1e-8)) for link in (oz.identity(), optax.identity())]
    ours, theirs = (oz.precondition(oz.identity(), rate) for rate in rates)
    np.testing.assert_array_equal(ours.update(g, ours.init(g))[0], theirs.update(g, theirs.init(g))[0])


def test_mixed_16_bit_dtypes_meet_in_float32():
    tx, p = oz.adam(0.1), jnp.ones(3, jnp.bfloat16)
    assert tx.update(p.astype(jnp.float16), tx.init(p), p)[0].dtype == jnp.float32


def test_an_optimizer_made_elsewhere_is_not_guessed():
    @oz.optimizer(learning_rate=0.1)
    def unknown_to_all(learning_rate):
        """Adam."""
        return optax.adam(learning_rate)

    with pytest.raises(TypeError, match="unknown_to_all returns what ends in a transformation from elsewhere"):
        unknown_to_all(0.1)

    @oz.optimizer(learning_rate=0.1)
    def clipped(learning_rate):
        """Adam, clipped."""
        return oz.chain(optax.clip(1.0), oz.adam(learning_rate))

    assert clipped(0.1).update(jnp.ones(2), clipped(0.1).init(jnp.ones(2)))[0][0] == pytest.approx(-0.1, rel=1e-6)
    with pytest.raises(TypeError, match=r"clipped: weight_decay=0.1 is left unused"):
        clipped(0.1, weight_decay=0.1)


def fast(t, s=10.0):
    return t / s


def slow(t, s=20.0):
    return t / s


def test_what_a_body_may_not_look_like():
    with pytest.raises(TypeError, match="s has two defaults"):

        @oz.piece("x → x", facts=[fast, slow])
        def two_defaults(x, fast, slow):
            return x * fast / slow

    for body in (lambda *x: x, lambda x, **more: x, lambda: 1):
        with pytest.raises(TypeError, match="a body takes the stream first"):
            oz.piece("x → x")(body)
    for words, slots, facts in (("slot mu", {"mu": oz.zeros}, []), ("fact fast", {}, [fast])):
        with pytest.raises(TypeError, match=f"<lambda> has the {words}, with a default that nothing would read"):
            oz.piece("x → x", facts=facts, **slots)(lambda x, mu=0.0, fast=1.0: (x, mu))
    with pytest.raises(TypeError, match="grad is a fact"):
        oz.piece("x → x", grad=oz.zeros)(lambda x, grad: (x, grad))
    with pytest.raises(TypeError, match="returns nothing"):
        oz.piece("x → x")(lambda x: None)().update(P, oz.piece("x → x")(lambda x: None)().init(P))
    with pytest.raises(TypeError, match="is no hyperparameter"):
        soften(by={"a": 1})


def test_a_state_of_another_optimizer_is_named():
    for state in (oz.adam(0.1).init(P), optax.adam(0.1).init(P), {"count": 0, "slots": []}):
        with pytest.raises(TypeError, match=r"was not made by init of momentum\(.*\[\{'trace'\}\]"):
            oz.momentum(0.1).update(P, state, P)


def test_jnps_own_functions_are_first_values():
    @oz.piece("x → x", mu=jnp.zeros_like)
    def averaged(x, mu, b=0.9):
        return b * mu + x, b * mu + x

    assert list(inspect.signature(averaged).parameters) == ["b"]
    chex.assert_trees_all_close(averaged().update(P, averaged().init(P))[0], P)


def test_beside_a_piece_over_the_tree_a_huge_gradient_is_cut_too():
    """It stands between the programs of the arrays, which would cut it otherwise."""
    tx = oz.precondition(oz.chain(oz.raw_ema(0.0), as_they_are()), oz.inverse_rms(0.0))
    huge = jax.tree.map(lambda x: jnp.full_like(x, 1e30, dtype=jnp.float32), P)
    steps, _ = tx.update(huge, tx.init(P))
    assert all(0.1 < float(u.max()) < 10 for u in jax.tree.leaves(steps))
