"""Methods that look at an array, or at all of them, and wrappers, against their equations in plain NumPy."""

import functools
import inspect

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import references_over_arrays as references
from compilation import AS_IT_COMES

import optzoo_jax as oz
from optzoo_jax.pieces import schedules

STEPS, SHAPES = 25, [(3, 4), (5,), (2, 3, 2)]
NAMES = """lamb lars novograd stable_adamw adafactor came sm3 adam_mini prodigy dadapt_adam dog dowg sophia adahessian
    schedule_free_sgd schedule_free_adamw""".split()
RATES = {"prodigy": 1.0, "dadapt_adam": 1.0, "dog": 0.5, "dowg": 0.5, "lars": 1.0, "schedule_free_sgd": 0.1}

# A range for every number of every method, in which it matters.
RANGES = {
    "b1": (0.3, 0.95), "b2": (0.5, 0.99), "b3": (0.6, 0.99), "momentum": (0.2, 0.95), "eps": (1e-4, 0.1),
    "trust_coefficient": (0.01, 0.1), "decay_exponent": (0.4, 1.0), "eps1": (1e-4, 0.1), "eps2": (0.1, 2.0),
    "d": (0.3, 1.0), "d0": (1e-2, 1e-1), "d_coef": (0.5, 2.0), "growth_rate": (1.02, 1.5), "reps_rel": (1e-2, 1e-1),
    "rho": (2.0, 20.0), "power": (0.3, 1.0),
}  # fmt: skip
FLAGS = {
    "lars": [{"variant": "optax"}, {"variant": "paper"}],
    "adafactor": [
        {"beta2_decay": -0.5},
        {"variant": "paper"},
        {"variant": "torch"},
        {"variant": "torch", "eps1": None},
    ],
    "adam_mini": [{"block": "tensor"}, {"block": "row"}, {"block": "row", "output_axis": 0}],
    "prodigy": [{"bias_correction": False}, {"bias_correction": True}],
    "dadapt_adam": [{"bias_correction": False}, {"bias_correction": True}],
    "sophia": [{"update_interval": 1}, {"update_interval": 4}],
    "schedule_free_sgd": [{}, {"warmup_steps": 6}],
    "schedule_free_adamw": [{}, {"warmup_steps": 6}],
}
CASES = [(name, flags) for name in NAMES for flags in FLAGS.get(name, [{}])]
# A first d that is a schedule is no first d: what begins with it is compared to it later.
FIRST = ("d0", "reps_rel")


def gradients(rng):
    """Of noise, with a number that never moves, a step of zeros, and steps that are huge and tiny."""
    g = [rng.normal(size=(STEPS, *shape)) for shape in SHAPES]
    g[0][:, 0, 0] = 0
    for x in g:
        x[9] = 0
        x[4] *= 1e3
        x[14:17] *= 1e-3
    return g


def moved(x, y, count):
    """From x to y, and no number of the program."""
    return x + (y - x) * jnp.asarray(count, float) / STEPS


def warmup(rate, count):
    """From 0, so that nothing may divide by it."""
    return rate * jnp.minimum(jnp.asarray(count, float) / 5, 1)


def numbers(rng, name, scheduled):
    """A number for every argument that has a range, as such or as a schedule that moves around it."""
    found, rate = {}, RATES.get(name, 0.03)
    for argument in inspect.signature(getattr(references, name)).parameters:
        if argument in RANGES:
            low, high = RANGES[argument]
            x, y = rng.uniform(low, high, 2)
            found[argument] = functools.partial(moved, x, y) if scheduled and argument not in FIRST else float(x)
    found["learning_rate"] = functools.partial(warmup, rate) if scheduled else rate
    return found


def trajectory(tx, g, start, **extra):
    """The parameters after every step, and those to evaluate."""
    g, extra = [jnp.asarray(x) for x in g], {name: [jnp.asarray(x) for x in xs] for name, xs in extra.items()}

    def step(carry, t0):
        params, state = carry
        now = {name: [x[t0] for x in xs] for name, xs in extra.items()}

        def grad_fn(params):
            return [x[t0] + 0.3 * p for x, p in zip(g, params, strict=True)]

        updates, state = tx.update(grad_fn(params), state, params, grad_fn=grad_fn, **now)
        params = optax.apply_updates(params, updates)
        joined = [jnp.concatenate([x.ravel() for x in xs]) for xs in (params, oz.eval_params(state, params))]
        return (params, state), joined

    params = [jnp.asarray(p) for p in start]
    run = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(STEPS))[1], compiler_options=AS_IT_COMES)
    return [np.asarray(x) for x in run((params, tx.init(params)))]


def problem(seed):
    rng = np.random.default_rng(seed)
    g, start = gradients(rng), [rng.normal(size=shape) for shape in SHAPES]
    return g, start, lambda ps, t0: [x[t0] + 0.3 * p for x, p in zip(g, ps, strict=True)]


def both(name, settings, seed=0):
    """The parameters after every step, and those to evaluate; and what the equations give."""
    g, start, grad_fn = problem(seed)
    extra = {}
    if name in ("sophia", "adahessian"):
        rng = np.random.default_rng(seed + 1)
        h = [np.abs(rng.normal(size=(STEPS, *shape))) * 3 for shape in SHAPES]
        extra = {"hessian_diagonal": h}
    found = trajectory(getattr(oz, name)(**settings), g, start, **extra)
    given = {"hessians": [[x[t] for x in h] for t in range(STEPS)]} if extra else {}
    expected = getattr(references, name)(start, grad_fn, STEPS, **settings, **given)
    return found, expected if isinstance(expected, tuple) else (expected, expected)


def assert_close(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("name", "flags"), CASES, ids=lambda x: x if isinstance(x, str) else str(x))
def test_equations(name, flags):
    """With every number a schedule, and weight decay."""
    decay = {"weight_decay": functools.partial(moved, 0.1, 0.4)}
    assert_close(*both(name, {**numbers(np.random.default_rng(1), name, scheduled=True), **decay, **flags}))


@pytest.mark.tier2
@pytest.mark.parametrize("scheduled", [False, True], ids=["numbers", "schedules"])
@pytest.mark.parametrize("mode", [None, "l2", "decoupled", "independent"])
@pytest.mark.parametrize(("name", "flags"), CASES, ids=lambda x: x if isinstance(x, str) else str(x))
def test_drawn_numbers_and_every_decay(name, flags, mode, scheduled):
    decay = {"weight_decay": functools.partial(moved, 0.1, 0.4) if scheduled else 0.3, "weight_decay_mode": mode}
    base = {"base_learning_rate": 0.05} if mode == "independent" else {}
    drawn = numbers(np.random.default_rng(3), name, scheduled)
    assert_close(*both(name, {**drawn, **(decay if mode else {}), **base, **flags}, seed=3))


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_those_of_the_equations(name):
    ours = inspect.signature(getattr(oz, name)).parameters
    theirs = inspect.signature(getattr(references, name)).parameters
    for argument, parameter in theirs.items():
        if argument not in ("params", "grad_fn", "steps", "hessians"):
            assert ours[argument].default == parameter.default, argument
    assert set(ours) - set(theirs) == {"mask"}


@pytest.mark.parametrize("name", NAMES)
def test_no_gradient_no_nan(name):
    """Zeros from the first step, a learning rate that starts at 0, and ε = 0, in float32."""
    parameters = inspect.signature(getattr(oz, name)).parameters
    zero = {e: 0.0 for e in ("eps", "eps1", "eps2") if e in parameters}
    tx = getattr(oz, name)(learning_rate=functools.partial(warmup, 0.1), **zero)
    params = {"w": jnp.zeros((3, 4), jnp.float32), "b": jnp.asarray([1.0, 0.0], jnp.float32), "e": jnp.zeros((0, 3))}
    state = tx.init(params)
    for scale in (0.0, 0.0, 1e-30, 1.0, 1e30):
        g = jax.tree.map(lambda p, c=scale: jnp.full_like(p, c), params)
        updates, state = jax.jit(tx.update)(g, state, params, hessian_diagonal=jax.tree.map(jnp.abs, g))
        assert all(np.isfinite(x).all() for x in jax.tree.leaves((updates, state)))


@pytest.mark.parametrize("adaptive", [False, True])
def test_sharpness_aware(adaptive):
    g, start, grad_fn = problem(5)
    found = trajectory(oz.sharpness_aware(oz.sgd(0.02, momentum=0.9), 0.2, adaptive=adaptive), g, start)[0]
    expected = references.sharpness_aware(start, grad_fn, STEPS, 0.02, 0.2, adaptive)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("settings", [{}, {"outer_learning_rate": 0.3, "outer_momentum": 0.5, "sync_period": 4}])
def test_outer_nesterov(settings):
    g, start, grad_fn = problem(6)
    found = trajectory(oz.outer_nesterov(oz.sgd(0.02, momentum=0.9), **settings), g, start)[0]
    expected = references.outer_nesterov(start, grad_fn, STEPS, 0.02, **settings)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"decay": 0.8},
        {"decay": None},
        {"decay": 0.0},
        {"decay": 0.8, "debias": False},
        {"decay": None, "start": 5, "period": 3},
        {"decay": functools.partial(moved, 0.5, 0.9), "start": 2, "period": 2},
    ],
    ids=["default", "decay", "mean", "last", "biased", "late", "scheduled"],
)
def test_average_params(settings):
    g, start, _ = problem(7)
    path, found = trajectory(oz.average_params(oz.adam(0.1), **settings), g, start)
    np.testing.assert_array_equal(path, trajectory(oz.adam(0.1), g, start)[0])
    given = {{"start": "begin"}.get(name, name): value for name, value in settings.items()}
    expected = references.average_params(path, references.flat(start), **given)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["centralize", "orthogonal_gradient", "adaptive_grad_clip"])
@pytest.mark.parametrize("output_axis", [0, -1, 1])
def test_links_of_the_gradient(name, output_axis):
    rng = np.random.default_rng(8)
    settings = {} if name == "orthogonal_gradient" else {"output_axis": output_axis}
    p = [rng.normal(size=shape) for shape in [*SHAPES, ()]]
    p[1][:] = 0
    g = [rng.normal(size=x.shape) * size for x, size in zip(p, (1e-3, 1.0, 30.0, 1.0), strict=True)]
    tx = getattr(oz, name)(**settings)
    found, _ = tx.update([jnp.asarray(x) for x in g], tx.init(p), [jnp.asarray(x) for x in p])
    for ours, x, y in zip(found, g, p, strict=True):
        expected = getattr(references, name)(x, y, **settings)
        # At a right angle to one number there is nothing: what the equations leave of it is rounding.
        expected = 0 * x if name == "orthogonal_gradient" and x.ndim == 0 else expected
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-15)


def test_schedule_free_goes_around_a_step():
    with pytest.raises(TypeError, match="learning rate"):
        oz.schedule_free(oz.adam(1e-3), 1e-3)
    with pytest.raises(TypeError, match="it is not known whether it is a step or an update"):
        oz.schedule_free(optax.scale_by_adam(), 1e-3)


@pytest.mark.parametrize("make", [oz.schedule_free_sgd, lambda a: oz.average_params(oz.sgd(a))], ids=["free", "mean"])
def test_parameters_to_evaluate_move_with_the_parameters(make):
    tx, p = make(0.1), jnp.asarray([1.0, -2.0])
    state = tx.init(p)
    for g in (0.5, -1.0, 2.0):
        updates, state = tx.update(jnp.full(2, g), state, p)
        p = optax.apply_updates(p, updates)
    here, there = oz.eval_params(state, p), oz.eval_params(state, p + 7)
    np.testing.assert_allclose(there, here + 7, rtol=1e-15)
    assert np.all(here != p)


def test_what_is_missing_is_named():
    p = jnp.ones(2)
    for tx, words in (
        (oz.sharpness_aware(oz.sgd(0.1)), r"grad_fn=jax\.grad\(loss\)"),
        (oz.sophia(0.1), "hessian_diagonal=…"),
        (oz.adahessian(0.1), "hessian_diagonal=…"),
    ):
        with pytest.raises(TypeError, match=words):
            tx.update(p, tx.init(p), p)


def test_hutchinson_is_exact_where_the_hessian_is_diagonal():
    p = {"w": jnp.asarray([1.0, -2.0, 0.5]), "b": jnp.asarray(3.0)}
    found = oz.hutchinson(lambda p: jnp.sum(p["w"] ** 4) + p["b"] ** 2, p, jax.random.key(0), samples=2)
    np.testing.assert_allclose(found["w"], 12 * p["w"] ** 2, rtol=1e-12)
    np.testing.assert_allclose(found["b"], 2.0, rtol=1e-12)


@pytest.mark.tier2
@pytest.mark.parametrize("phase", [0.0, 0.4, np.pi / 4])
def test_hutchinson_of_a_complex_parameter_is_the_mean_along_its_parts_whatever_its_phase(phase, standard_promotion):
    turn = np.exp(1j * phase)

    def loss(z):
        z = z * turn
        return jnp.sum(0.5 * z.real**2 + 50 * z.imag**2)

    keys = jax.random.split(jax.random.key(0), 4000 if phase else 1)
    found = jax.vmap(lambda key: oz.hutchinson(loss, jnp.asarray([1.0 + 2.0j]), key))(keys).mean(0)
    assert not jnp.iscomplexobj(found)
    np.testing.assert_allclose(found, 50.5, rtol=0.05 if phase else 1e-12)


def test_hutchinson_takes_one_sample_and_refuses_none():
    assert oz.hutchinson(lambda p: p**2, jnp.asarray(3.0), jax.random.key(0), samples=1) == 2.0
    with pytest.raises(ValueError, match="samples=0 is less than 1"):
        oz.hutchinson(jnp.sum, jnp.ones(2), jax.random.key(0), samples=0)


def test_gauss_newton_bartlett_is_right_on_average():
    x, w = jnp.asarray([[1.0, -2.0], [0.5, 0.3]]), jnp.asarray([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]])
    keys = jax.random.split(jax.random.key(1), 4000)
    found = jax.vmap(lambda key: oz.gauss_newton_bartlett(lambda w: x @ w.T, w, key))(keys).mean(0)
    p = jax.nn.softmax(x @ w.T)
    expected = jnp.mean((p * (1 - p))[:, :, None] * x[:, None, :] ** 2, axis=0)
    np.testing.assert_allclose(found, expected, rtol=0.1)


def test_orthogonal_gradient_of_complex_numbers_and_with_any_eps(standard_promotion):
    rng = np.random.default_rng(5)
    p, g = (rng.normal(size=6) + 1j * rng.normal(size=6) for _ in range(2))
    tx = oz.orthogonal_gradient()
    found, _ = tx.update(jnp.asarray(g), tx.init(p), jnp.asarray(p))
    assert abs(np.sum((p.conj() * found).real)) < 1e-12
    np.testing.assert_allclose(np.linalg.norm(found), np.linalg.norm(g), rtol=1e-12)
    p, g = p.real, g.real
    tx = oz.orthogonal_gradient(eps=0.5)
    found, _ = tx.update(jnp.asarray(g), tx.init(p), jnp.asarray(p))
    np.testing.assert_allclose(found, references.orthogonal_gradient(g, p, 0.5), rtol=1e-12)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_of_a_gradient_along_the_parameters_nothing_is_left(size):
    p = jnp.asarray(np.random.default_rng(6).normal(size=50))
    tx = oz.orthogonal_gradient()
    np.testing.assert_array_equal(tx.update(size * p, tx.init(p), p)[0], 0 * p)


@pytest.mark.tier2
def test_sums_over_the_tree_saturate():
    p = {"a": jnp.ones(3, jnp.float32), "b": jnp.ones(20, jnp.float32)}
    g = jax.tree.map(lambda x: jnp.full_like(x, 1e19), p)
    for tx in (oz.dog(1.0), oz.dowg(1.0), oz.dowg(1.0, eps=0.0)):
        state = tx.init(p)
        for _ in range(20):  # of a number whose square is cut, 16 squares are the largest number
            updates, state = tx.update(g, state, p)
            assert all(jnp.isfinite(x).all() for x in jax.tree.leaves((updates, state)))


def test_adopt_cuts_complex_numbers_by_their_size():
    """In the second step to 1: the direction of a number stays."""
    p, tx = jnp.zeros(2, complex), oz.adopt(1.0, b1=0.0)
    state = tx.init(p)
    for g in (jnp.asarray([1 + 1j, 1.0]), jnp.asarray([30 + 40j, 0.5j])):
        updates, state = tx.update(g, state, p)
    np.testing.assert_allclose(updates, [-(0.6 + 0.8j), -0.5j], rtol=1e-9)


def test_a_moment_of_zero_has_the_rate_of_the_smallest_normal_number():
    tiny, tx = jnp.finfo(jnp.float32).tiny, oz.precondition(oz.identity(), oz.chain(oz.square(), oz.inverse_max_root()))
    g = jnp.asarray([1e-25, 0.0, 1.0], jnp.float32)
    np.testing.assert_allclose(tx.update(g, tx.init(g))[0], g / np.maximum(g, tiny**0.5), rtol=1e-5)


def test_lars_takes_a_mask_as_a_function_of_the_parameters():
    p, g = {"w": jnp.ones((2, 3)), "b": jnp.ones(3)}, {"w": jnp.full((2, 3), 2.0), "b": jnp.ones(3)}
    variants = list(oz.card("lars").variants)
    for variant in variants:
        make = functools.partial(oz.lars, 0.1, variant=variant, weight_decay=0.1, weight_decay_mode="l2")
        as_tree, as_function = make(mask={"w": True, "b": False}), make(mask=lambda p: {"w": True, "b": False})
        expected, _ = as_tree.update(g, as_tree.init(p), p)
        found, _ = as_function.update(g, as_function.init(p), p)
        chex.assert_trees_all_equal(found, expected)


def steps(tx, p, g):
    """Three updates for gradients of changing size."""
    state, found = tx.init(p), []
    for size in (1.0, 30.0, 2.0):
        updates, state = tx.update(size * g, state, p)
        found.append(updates)
    return np.stack(found)


def test_a_factor_of_complex_numbers_is_one_of_both_parts(standard_promotion):
    rng = np.random.default_rng(2)
    p, g = (jnp.asarray(rng.normal(size=4) + 1j * rng.normal(size=4)) for _ in range(2))
    turn = np.exp(0.7j)
    for tx in (oz.stable_adamw(0.1), oz.prodigy()):
        found, turned = (steps(tx, by * p, by * g) for by in (1, turn))
        np.testing.assert_allclose(turned, turn * found, rtol=1e-9)


def test_hyperparameters_that_are_made_of_others():
    def linear(count):
        return 0.1 * jnp.asarray(count, float)

    for t in (1, 4, 25):
        count = jnp.asarray(t - 1)
        np.testing.assert_allclose(schedules.at_most_inverse_root_of_t(1.0)(count), t**-0.5, rtol=1e-12)
        np.testing.assert_allclose(schedules.at_most_inverse_root_of_t(linear)(count), min(0.1 * (t - 1), t**-0.5))
        np.testing.assert_allclose(schedules.negative(linear)(count), -0.1 * (t - 1))
        np.testing.assert_allclose(schedules.warmed_up(linear, 10)(count), 0.1 * (t - 1) * min(1, t / 10))
        np.testing.assert_allclose(schedules.from_the_second(0.9)(count), 0 if t == 1 else 0.9)
        np.testing.assert_allclose(schedules.in_every(3, 0.9)(count), 0.9 if t in (1, 4, 25) else 1)
        np.testing.assert_allclose(schedules.lag(0.9, linear)(count), 9 * 0.1 * (t - 1), rtol=1e-12)
    assert schedules.in_every(3, 0.9)(jnp.asarray(1)) == 1
    assert schedules.negative(0.5) == -0.5


def test_a_factor_of_an_infinite_part_leaves_the_other_part():
    found = oz.times_factor.definition.body(jax.lax.complex(jnp.asarray(jnp.inf), jnp.asarray(1.0)), jnp.asarray(0.5))
    assert (found.real, found.imag) == (jnp.inf, 0.5)


def test_where_a_norm_is_zero_nothing_is_scaled():
    x, o = jnp.asarray([3.0, 4.0]), jnp.zeros(2)
    tx = oz.trust_ratio(0.5)
    for step, params, expected in ((x, o, x), (o, x, o), (o, o, o), (x, x, 0.5 * x)):
        np.testing.assert_allclose(tx.update(step, tx.init(params), params)[0], expected, rtol=1e-12)


def test_a_huge_gradient_is_cut_before_its_squares_are_summed():
    """Else their sum is infinite, and the step of StableAdamW, which is divided by it, vanishes."""
    tx, params = oz.stable_adamw(1e-3), jnp.ones(12, jnp.float32)
    state, steps = tx.init(params), []
    for size in (1.0, 3e38):
        updates, state = tx.update(size * jnp.cos(jnp.arange(12, dtype=jnp.float32)), state, params)
        steps.append(float(jnp.abs(updates).sum()))
    assert steps[1] > 0.1 * steps[0]


def test_a_curvature_of_other_shapes_than_the_gradients_is_refused():
    tx, g = oz.sophia(0.1), {"w": jnp.ones((3, 2))}
    with pytest.raises(TypeError, match=r"hessian_diagonal is \{'w': \(2,\)\}, another tree.*shape \(3, 2\)"):
        tx.update(g, tx.init(g), g, hessian_diagonal={"w": jnp.ones(2)})
