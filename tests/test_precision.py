"""float32 follows float64, as well as optax does or better; and every dtype keeps its own."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from compilation import AS_IT_COMES
from test_twins import TWINS
from tiers import in_both_tiers
from trajectories import run, stream

import optzoo_jax as oz

# Its distance grows by factors, of sums that nearly cancel where gradients are random: optax's drifts as far (below).
AMPLIFIES = ["prodigy"]
CASES = [
    (name, variant)
    for name in oz.list_optimizers(kind="optimizer")
    if name not in AMPLIFIES
    for variant in (oz.card(name).variants or {None: ""})
]
STEPS, N = 1000, 200
RNG = np.random.default_rng(11)
# Exact in float32, so that both precisions see the same numbers. Magnitudes over six decades.
G = (RNG.normal(size=(STEPS, N)) * 10.0 ** RNG.uniform(-3, 3, size=N)).astype(np.float32)
START = RNG.normal(size=N).astype(np.float32)


def drift(make):
    """The largest difference between the two precisions in 1,000 steps, relative to the path's own largest value."""
    wide = run(make(), stream(G.astype(np.float64)), jnp.asarray(START, jnp.float64), STEPS, options=AS_IT_COMES)
    narrow = run(make(), stream(G), jnp.asarray(START, jnp.float32), STEPS, options=AS_IT_COMES)
    assert narrow.dtype == np.float32
    return np.max(np.abs(narrow - wide) / np.max(np.abs(wide), axis=0))


@pytest.mark.tier2
@pytest.mark.parametrize(("name", "variant"), CASES)
def test_float32_stays_within_1e_4_of_float64(name, variant):
    chosen = {} if variant is None else {"variant": variant}
    assert drift(lambda: oz.get(name, learning_rate=oz.card(name).learning_rate, **chosen)) < 1e-4


@pytest.mark.tier2
@pytest.mark.parametrize("name", AMPLIFIES)
def test_what_amplifies_rounding_drifts(name):
    assert 1e-4 < drift(lambda: oz.get(name, learning_rate=oz.card(name).learning_rate)) < 1


@pytest.mark.tier2
@pytest.mark.parametrize("name", TWINS)
def test_float32_is_at_the_level_of_optax(name, standard_promotion):
    rate = oz.card(name).learning_rate
    ours, theirs = drift(lambda: oz.get(name, like="optax", learning_rate=rate)), drift(lambda: TWINS[name](rate))
    print(f"{name}: {ours:.1e}, optax {theirs:.1e}")
    assert ours <= 1.2 * theirs + 1e-6


def late(tx, t, **slots):
    """The update after t − 1 steps, in float32."""
    p, g = jnp.ones(1, jnp.float32), jnp.full(1, 1e-3, jnp.float32)
    state = optax.tree.set(tx.init(p), count=jnp.asarray(t - 1, jnp.int32), **slots)
    return float(jax.jit(tx.update)(g, state, p)[0][0])


STILL = {"mu": jnp.full(1, 1e-3, jnp.float32), "nu": jnp.full(1, 1e-6, jnp.float32)}
LATE = (10, 10**3, 10**5, 10**6, 10**7, 10**8, 2**31 - 2)


@pytest.mark.parametrize("b2", [0.9, 0.95, 0.99, 0.999, 0.9999])
def test_rectification_holds_for_every_step(b2):
    with jax.enable_x64(False):
        for t in LATE:
            infinite, left = 2 / (1 - b2) - 1, np.float64(b2) ** t
            rho = infinite - 2 * t * left / -np.expm1(t * np.log(b2))
            if rho < 5:
                continue
            r = np.sqrt((rho - 4) * (rho - 2) * infinite / ((infinite - 4) * (infinite - 2) * rho))
            adam, radam = late(oz.adam(1e-2, b2=b2), t, **STILL), late(oz.radam(1e-2, b2=b2), t, **STILL)
            assert radam / adam == pytest.approx(r, rel=1e-4), t


@pytest.mark.tier2
@pytest.mark.parametrize("name", in_both_tiers(oz.list_optimizers(kind="optimizer")))
def test_a_step_at_the_last_count_is_that_of_a_late_one(name):
    """What depends on t alone has come to rest, and nothing wraps. (AdaBound's survey form falls as 1/√t.)"""
    card = oz.card(name)
    variants = [{"variant": v} for v in card.variants if (name, v) not in FALLING] or [{}]
    with jax.enable_x64(False):
        for variant in variants if name not in GROWING else ():
            tx = card.factory(learning_rate=card.learning_rate, **variant)
            known = {s: STILL[s] for s in card.slots if s in STILL and card.slots.count(s) == 1}
            last, before = (late(tx, t, **known) for t in (2**31 - 1, 10**9))
            assert last == pytest.approx(before, rel=1e-5)


GROWING = ("adopt", "madgrad")  # a limit that opens as t to the ¼, weights as its root
FALLING = {("adafactor", "torch"), ("adabound", "survey"), ("amsbound", "survey")}


# Sizes that follow each other: what rounding leaves of the large ones must not outweigh the small ones.
SIZES = np.float32([1e3, 1e-3, 1e-6, 1e4, 1.0, 1e-2, 3e3, 1e-5])


@pytest.mark.parametrize("decay", [0.0, 1e-7, 0.1, 0.4999, 0.5, 0.9, 0.999, 1 - 1e-7])
@pytest.mark.parametrize("in_jit", [False, True])
def test_an_average_is_exact_at_both_ends_of_the_decays_range(decay, in_jit):
    tx, exact = oz.raw_ema(decay), 0.0
    state = tx.init(jnp.zeros(1, jnp.float32))
    update = jax.jit(tx.update) if in_jit else tx.update
    for x in SIZES:
        found, state = update(jnp.full(1, x), state)
        exact = decay * exact + (1 - decay) * float(x)
        assert float(found[0]) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("decay", [0.0, 0.1, 0.4999, 0.5, 0.9, 0.999])
def test_an_average_with_a_traced_decay_is_as_exact_as_that(decay):
    tx, exact = oz.raw_ema(lambda count: jnp.float32(decay)), 0.0
    state = tx.init(jnp.zeros(1, jnp.float32))
    for x in SIZES:
        found, state = tx.update(jnp.full(1, x), state)
        b = float(np.float32(decay))
        exact = b * exact + (1 - b) * float(x)
        assert float(found[0]) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("number", "array"),
    [(jnp.float32, jnp.float64), pytest.param(jnp.float64, jnp.float32, marks=pytest.mark.tier2)],
)
@pytest.mark.parametrize("name", [name for name in oz.list_optimizers(kind="*optimizer") if name != "newton"])
def test_a_traced_number_has_whichever_precision(name, number, array):
    """Such as those of optax.inject_hyperparams; promotion is strict here."""
    card = oz.card(name)
    traced = {a: number(x) for a, x in card.arguments.items() if isinstance(x, float)}
    traced["learning_rate"] = number(card.learning_rate)
    more = {"matrix_axes": (0, 1)} if "matrix_axes" in card.arguments else {}

    def one(numbers, p):
        tx = card.factory(**numbers, **more)
        state = tx.init(p)
        return tx.update(p, state, p, hessian_diagonal=p), state

    (updates, new), state = jax.eval_shape(one, traced, jnp.ones((3, 2), array))
    assert updates.dtype == array
    assert new == state


@pytest.mark.tier2
@pytest.mark.parametrize("name", in_both_tiers(oz.list_optimizers(kind="optimizer")))
def test_without_decay_a_small_gradient_after_a_large_one_makes_a_step_of_its_own(name):
    """0 for none: what was is forgotten, also what rounding left of it."""
    card = oz.card(name)
    none = {a: 0.0 for a in ("b1", "b2", "b3", "decay", "rho") if a in card.arguments}

    def second(dtype):
        tx, p = card.factory(card.learning_rate, **none), jnp.ones(1, dtype)
        state = tx.init(p)
        for size in (1e3, 1e-3):
            u, state = tx.update(jnp.full(1, size, dtype), state, p)
        return float(u[0])

    assert second(jnp.float32) == pytest.approx(second(jnp.float64), rel=1e-3)


OF_AN_ARRAY = (
    "clip_norm", "stay_on_sphere", "clip_rms", "rms_guard", "sum_over", "mean_over", "trust_rate", "smallest_cover",
    "estimate_distance", "dadapt_step", "distance_over_gradients", "distance_over_weighted_gradients",
)  # fmt: skip


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32, jnp.complex64])
@pytest.mark.parametrize(
    "name",
    in_both_tiers(n for n in oz.list_optimizers(kind="optimizer") if not {*oz.card(n).parts} & {*OF_AN_ARRAY}),
)
def test_an_infinite_gradient_is_seen_in_its_coordinate_alone(name, dtype):
    """In its own alone: the law that it is seen is that of any optimizer, a norm's too."""
    if dtype == jnp.complex64 and "sign" in oz.card(name).parts:
        pytest.skip("a complex number has no sign")
    tx = oz.get(name, learning_rate=oz.card(name).learning_rate)
    with jax.numpy_dtype_promotion("standard"):
        p, calm = jnp.ones(3, dtype), jnp.full(3, 0.1, dtype)
        state = tx.init(p)
        u, state = tx.update(calm.at[1].set(jnp.inf), state, p)
        seen = ~np.isfinite(np.asarray(u, np.complex64))
        for _ in range(3):
            u, state = tx.update(calm, state, p)
            seen |= ~np.isfinite(np.asarray(u, np.complex64))
    assert seen.tolist() == [False, True, False]
