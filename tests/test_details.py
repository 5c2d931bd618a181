"""Single details that the laws and the recorded trajectories do not reach: defaults, whose call is whose, edges."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import references
from trajectories import run, stream

import optzoo_jax as oz
from optzoo_jax.pieces.rectification import rho
from optzoo_jax.precision import cut, cut_apart

RNG = np.random.default_rng(17)
G, START = RNG.normal(size=(8, 4)), RNG.normal(size=4)

SCALE_BY = [name for name in vars(oz) if name.startswith("scale_by_") and hasattr(oz, name.removeprefix("scale_by_"))]


@pytest.mark.parametrize("name", [name for name in SCALE_BY if name != "scale_by_momentum"])
def test_scale_by_has_the_defaults_of_its_method(name):
    method = oz.card(name.removeprefix("scale_by_")).arguments
    step = inspect.signature(getattr(oz, name)).parameters
    for argument, parameter in step.items():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return  # scale_by_amsbound passes all on to scale_by_adabound
        if argument in method and argument not in ("learning_rate", "base_learning_rate"):
            assert parameter.default == method[argument], argument


@pytest.mark.parametrize("name", ["scale_by_adabound", "scale_by_amsbound", "scale_by_adamod"])
def test_a_step_with_the_rate_in_it_has_the_rate_1(name):
    assert inspect.signature(getattr(oz, name)).parameters["learning_rate"].default == 1.0


# As the papers and the packages have them; the optimizers' other defaults are held to tests/references.py.
DEFAULTS = {
    "lookahead": {"sync_period": 5, "slow_step_size": 0.5, "inner_state": "keep"},
    "add_gradient_noise": {"eta": 0.3, "gamma": 0.55},
    "early_stopping": {"min_delta": 0.0},
    "newton": {"learning_rate": 1.0, "damping": 0.0, "solver": "dense", "weight_decay": None},
    "adadelta": {"learning_rate": 1.0},
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name):
    assert {k: v for k, v in oz.card(name).arguments.items() if k in DEFAULTS[name]} == DEFAULTS[name]


RATES = {
    **dict.fromkeys(["adam", "adamw", "amsgrad", "radam", "adabelief", "diffgrad", "adadb", "rmsprop"], 1e-3),
    **dict.fromkeys(["adabound", "amsbound", "adamod", "ranger"], 1e-3),
    **dict.fromkeys(["adadelta", "newton"], 1.0),
    **dict.fromkeys(["adagrad", "yogi"], 1e-2),
    **dict.fromkeys(["momentum", "nag", "sgdw"], 3e-2),
    **dict.fromkeys(["sgd", "ema_momentum"], 1e-1),
    "nadam": 2e-3,
}


@pytest.mark.parametrize("name", RATES)
def test_where_to_start(name):
    assert oz.card(name).learning_rate == RATES[name]


DECAY = {"weight_decay": 0.1}
L2 = {**DECAY, "weight_decay_mode": "l2"}
# method, whose numbers, what is passed beside the rate, and the equations' arguments that this must mean
CALLS = [
    *[(name, "torch", DECAY, L2) for name in ("adam", "nadam")],
    ("adagrad", "torch", DECAY, {**L2, "eps": 1e-10, "eps_root": 0.0}),
    ("rmsprop", "torch", DECAY, {**L2, "decay": 0.99, "eps": 1e-8, "eps_root": 0.0}),
    ("amsgrad", "torch", DECAY, {**L2, "variant": "torch"}),
    ("radam", "authors", DECAY, {**DECAY, "variant": "authors", "threshold": 5.0}),
    ("amsgrad", "authors", {}, {"variant": "paper"}),
    ("adadelta", "authors", {}, {"rho": 0.95}),
    ("adamw", "authors", DECAY, {**DECAY, "weight_decay_mode": "independent"}),
    ("yogi", "authors", {}, {"variant": "authors", "initial_accumulator_value": 1e-6}),
    ("diffgrad", "authors", {}, {"variant": "authors"}),
    ("adamod", "authors", {"bias_correction": False}, {"bias_correction": False, "variant": "authors"}),
    *[(name, "survey", {}, {"variant": "survey"}) for name in ("adabound", "amsbound")],
    *[("yogi", "survey", start, start) for start in [{"initial_accumulator_value": 0.1}]],
    *[("rmsprop", "survey", both, both) for both in [{"centered": True, "bias_correction": True, "eps_root": 0.1}]],
]


@pytest.mark.parametrize(("name", "like", "given", "meant"), CALLS, ids=[f"{name}-{like}" for name, like, *_ in CALLS])
def test_a_call_means_what_its_source_computes(name, like, given, meant):
    found = run(oz.get(name, like=like, learning_rate=0.02, **given), stream(G), jnp.asarray(START), 8)
    expected = getattr(references, name)(START, lambda p, t0: G[t0], 8, 0.02, **meant)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def steps(tx, gradients, **view):
    """The updates from a list of gradients, one by one."""
    found, state = [], tx.init(jnp.zeros_like(gradients[0]))
    for g in gradients:
        u, state = tx.update(g, state, jnp.zeros_like(g), **view)
        found.append(u)
    return np.stack(found)


def test_bias_correction_is_exact_in_float32():
    """1 − 0.999ᵗ by subtraction is off by 2e-5."""
    with jax.enable_x64(False):
        found = steps(oz.debias(0.999), [jnp.ones(1)] * 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], 1 / (1 - 0.999 ** np.arange(1.0, 4.0)), rtol=5e-7)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64", "complex64"])
def test_state_is_wide_and_updates_have_the_dtype_of_the_gradient(dtype, standard_promotion):
    params = jnp.ones(3, dtype)
    tx = oz.diffgrad(0.1)
    state = tx.init(params)
    u, after = tx.update(params, state, params)
    wide = jnp.promote_types(dtype, jnp.float32)
    assert u.dtype == params.dtype
    for slot, expected in [("mu", wide), ("previous_grad", wide), ("nu", jnp.finfo(wide).dtype)]:
        assert optax.tree.get(state, slot).dtype == optax.tree.get(after, slot).dtype == expected, slot


@pytest.mark.parametrize("make", [lambda: oz.adam(0.1, eps=0.0), lambda: oz.adabelief(0.1, eps=0.0, eps_root=0.0)])
def test_gradients_whose_squares_overflow_make_steps_of_the_usual_size(make):
    """adabelief squares the difference of two such gradients, the average of many and one that turns."""
    usual = [jnp.ones(1, jnp.float32)] * 20 + [-jnp.ones(1, jnp.float32)]
    huge = [1e30 * g for g in usual]
    np.testing.assert_allclose(steps(make(), huge), steps(make(), usual), rtol=1e-5)


def test_complex_gradients_whose_squares_overflow(standard_promotion):
    found = steps(oz.adam(0.1, eps=0.0), [jnp.array([1e30 + 1e30j], jnp.complex64)])
    np.testing.assert_allclose(found, [[-0.1 * np.exp(0.25j * np.pi)]], rtol=1e-5)


def test_sums_and_averages_of_squares_saturate():
    huge = [jnp.array([1e30], jnp.float32)] * 20  # cut, 16 of their squares are the largest number
    assert np.all(np.isfinite(steps(oz.second_moment(0.9), huge)))
    assert np.all(np.isfinite(steps(oz.sum_of_squares(), huge)))
    assert np.all(steps(oz.adagrad(0.1), huge) < 0)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.complex64])
def test_a_sum_of_all_that_came_is_exact_and_saturates(dtype):
    most = float(jnp.finfo(jnp.float32).max)
    for sign in (1.0, -1.0):
        came = [jnp.array([x, 2.5], jnp.float32) for x in (sign * most, sign * most, -sign * most, 3.0)]
        turned = [jax.lax.complex(0 * x, x) if dtype == jnp.complex64 else x for x in came]
        found = steps(oz.accumulate(), turned)
        found = found.imag if dtype == jnp.complex64 else found
        np.testing.assert_array_equal(found, [[sign * most, 2.5], [sign * most, 5], [0, 7.5], [3, 10]])


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64, jnp.complex64])
def test_a_cut_for_a_sum_is_the_cut(dtype):
    x = jnp.asarray([0.0, 1.5, -2.5, 4.7e18, -4.7e18, 1e30, -1e30, jnp.inf, -jnp.inf, jnp.nan], dtype)
    np.testing.assert_array_equal(cut_apart(x), cut(x))


@pytest.mark.parametrize(
    "make",
    [oz.adam, oz.adabelief, oz.diffgrad, oz.adadb, oz.adadelta, oz.amsbound, lambda a: oz.rmsprop(a, centered=True)],
)
def test_rotated_complex_gradients_rotate_the_steps(make, standard_promotion):
    """Sizes are |g|² and |g_{t−1} − g_t|, the sign test is Re(g·ḡ_{t−1}): none knows where the real axis is."""
    g, turn = G + 1j * G[::-1], np.exp(2j)
    found = steps(make(0.1), [jnp.asarray(x) for x in g])
    np.testing.assert_allclose(steps(make(0.1), [jnp.asarray(x) for x in turn * g]), turn * found, rtol=1e-9)


@oz.piece("gradient [g] → direction [g]")
def one(g):
    return jnp.ones_like(g.real)


@oz.piece("gradient [g] → rate [1/g]")
def a_rate_of_one(g):
    return jnp.ones_like(g.real)


def as_a_step(on_rate):
    """What becomes of a rate of 1, as a step, since the direction is 1 too."""
    return oz.precondition(one(), oz.chain(a_rate_of_one(), on_rate))


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.complex64])
def test_a_turn_of_a_tiny_gradient_is_seen(dtype):
    """In float32 the product of ±1e-30 is −0, which is not below 0."""
    xi = steps(as_a_step(oz.adadb_friction(lam=0.5)), [jnp.full(1, g, dtype) for g in (1e-30, -1e-30)])[-1]
    np.testing.assert_allclose(xi, 0.5, rtol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_python_numbers_are_parameters_and_gradients_too(name):
    tx = getattr(oz, name)(0.1)
    alone, _ = tx.update(0.5, tx.init(2.0), 2.0)
    array, _ = tx.update(jnp.array(0.5), tx.init(jnp.array(2.0)), jnp.array(2.0))
    assert float(alone) == float(array) != 0


def test_a_second_moment_starts_where_it_is_told():
    np.testing.assert_allclose(steps(oz.second_moment(0.9, initial=0.5), [jnp.array([3.0])]), [[0.9 * 0.5 + 0.1 * 9]])


def test_rectification_starts_at_or_above_the_threshold():
    """A threshold that ρ₆ hits exactly: the authors' ≥ takes it, the paper's > does not."""
    threshold, two = float(rho(jnp.asarray(6), 0.999)[0]), [jnp.array([2.0])] * 6
    above = steps(as_a_step(oz.rectify(0.999, threshold=threshold)), two)
    at_or_above = steps(as_a_step(oz.rectify(0.999, threshold=threshold, inclusive=True)), two)
    held = steps(oz.hold_until_rectified(0.999, threshold=threshold), two)
    np.testing.assert_array_equal(above, 1)
    assert at_or_above[-1] != 1
    np.testing.assert_array_equal(held[:, 0], [0, 0, 0, 0, 0, 2])
    authors, torch = (
        steps(oz.scale_by_radam(threshold=x, variant=variant), two)
        for x, variant in [(threshold, "authors"), (threshold - 1e-9, "torch")]
    )
    np.testing.assert_array_equal(authors[:, 0], [0, 0, 0, 0, 0, torch[-1, 0]])


@pytest.mark.parametrize("decay", [0.9, 0.999, 0.9999])
def test_the_length_of_the_average_is_exact_in_float32(decay):
    """As printed, ρₜ is early the small difference of two numbers near 2/(1 − β)."""
    for t in (1, 2, 5, 100, 10**6, 2**31 - 1):
        power = np.longdouble(decay) ** t
        expected = 2 / (1 - np.longdouble(decay)) - 1 - 2 * t * power / (1 - power)
        with jax.enable_x64(False):
            found = rho(jnp.asarray(t, jnp.int32), decay)[0]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, np.float64(expected), rtol=2e-6, err_msg=str(t))
        known, traced = rho(jnp.asarray(t), decay)[0], rho(jnp.asarray(t), jnp.asarray(decay))[0]
        np.testing.assert_allclose(traced, known, rtol=1e-9)


@pytest.mark.usefixtures("standard_promotion")
def test_a_norm_has_a_value_and_a_derivative_everywhere():
    assert float(oz.norm(jnp.full(4, 1e30, jnp.float32))) == pytest.approx(2e30, rel=1e-6)
    assert float(oz.norm(jnp.array([3j, -4 + 0j]))) == 5
    assert oz.norm(jnp.zeros(2)) == 0
    assert jax.grad(oz.norm)(jnp.zeros(2)).tolist() == [0, 0]
    np.testing.assert_allclose(jax.grad(oz.norm)(jnp.array([3.0, 4.0])), [0.6, 0.8], rtol=1e-12)
    assert not jnp.isfinite(oz.norm(jnp.array([jnp.inf, 1.0])))


def test_scale_by_amsbound_is_the_step_of_amsbound():
    free = {"lower": lambda t: 0.0, "upper": lambda t: jnp.inf}
    falling = [jnp.array([0.5**i]) for i in range(5)]
    found = steps(oz.scale_by_amsbound(0.02, b2=0.5, **free), falling)
    np.testing.assert_allclose(found, -steps(oz.amsbound(0.02, b2=0.5, **free), falling), rtol=1e-12)


@pytest.mark.parametrize("b2", [0.999, 0.6])
def test_gradients_through_rectified_updates_are_finite(b2):
    """Before the threshold rₜ is the root of a negative number; at β₂ = 0.6, where ρ_∞ = 4, it is 0/0."""

    def loss(scale):
        g = stream(scale * jnp.asarray(G))
        return jnp.sum(run(oz.radam(0.02, b2=b2), g, jnp.asarray(START), 8, traced=True)[-1])

    assert jnp.isfinite(jax.grad(loss)(1.0))


def test_bounds_that_have_closed_follow_the_schedule():
    def warm_up(t):
        return 0.005 * (1 + jnp.asarray(t, float))

    closed = {"gamma": 5.0, "base_learning_rate": 0.02}
    found = run(oz.adabound(warm_up, **closed), stream(G), jnp.asarray(START), 8)
    expected = references.adabound(START, lambda p, t0: G[t0], 8, warm_up, **closed)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_damping_reaches_conjugate_gradients_too():
    h, start = np.arange(1.0, 5.0), jnp.asarray(START)
    tx = oz.newton(damping=0.7, solver="cg")
    u, _ = tx.update(h * start, tx.init(start), start, value_fn=lambda p: 0.5 * jnp.sum(h * p**2))
    np.testing.assert_allclose(u, -h * START / (h + 0.7), rtol=1e-4)
    assert "newton_step(damping=0.7, solver='cg')" in oz.describe(tx)


def test_the_weights_to_evaluate_are_the_slow_ones():
    start = jnp.asarray(START)
    tx = optax.chain(optax.clip(1e9), oz.lookahead(oz.sgd(0.1), 2))
    u, state = tx.update(jnp.ones(4), tx.init(start), start)
    np.testing.assert_array_equal(oz.eval_params(state, start + u), start)
    assert oz.eval_params(oz.sgd(0.1).init(start), start) is start


def test_slow_weights_go_with_parameters_that_are_moved():
    """Also such as are put in after init."""
    start, tx = jnp.asarray(START), oz.lookahead(oz.sgd(0.1), 3)
    u, state = tx.update(jnp.ones(4), tx.init(jnp.zeros(4)), start)
    np.testing.assert_array_equal(oz.eval_params(state, start + u), start)
    np.testing.assert_allclose(oz.eval_params(state, start + u + 7), start + 7, rtol=1e-15)


def test_an_equal_value_is_no_improvement():
    stopper = oz.early_stopping(patience=1)
    state = stopper.update(stopper.update(stopper.init(), 1.0), 1.0)
    assert bool(state.stop)


@pytest.mark.parametrize("name", [name for name in oz.list_optimizers() if name != "early_stopping"])
def test_a_first_state_can_be_donated(name):
    """No buffer is in it twice, which XLA refuses to take over."""
    state = oz.card(name).example().init({"w": jnp.ones((3, 2)), "b": jnp.ones(2)})
    buffers = [x.unsafe_buffer_pointer() for x in jax.tree.leaves(state)]
    assert len(set(buffers)) == len(buffers)
