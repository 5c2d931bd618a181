"""compress_state: the steps of the optimizer, from a state of a quarter of the size."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest
from compilation import AS_IT_COMES

import optzoo_jax as oz
from optzoo_jax.experiments.bench.program import compiled, structure
from optzoo_jax.experiments.bench.subjects import Subject as Candidate
from optzoo_jax.testing import LAWS, examine
from optzoo_jax.testing.subject import Subject

SIZE = 1024
PARAMS = {"w": jnp.ones((32, 128), jnp.float32), "b": jnp.ones(5, jnp.float32)}
BYTES = {"bfloat16": 4.0, "float8": 2.1, "int8": 2.1}
each_format = pytest.mark.parametrize("name", BYTES)


def drawn():
    """Gradients of sizes that differ by 10⁴ in each block; a quarter of the entries rarely has any."""
    rng = np.random.default_rng(0)
    sizes = np.exp(2 * rng.normal(size=SIZE))
    absent = (np.arange(SIZE) % 4 == 0) & (rng.uniform(size=(300, SIZE)) < 0.98)
    return np.float32(np.where(absent, 0, sizes * (0.3 + rng.normal(size=(300, SIZE)))))


GRADIENTS = drawn()


def falling():
    return np.where(np.arange(1500) < 100, np.float32(1), np.float32(1e-3))[:, None]


@functools.cache
def plain_updates(make):
    return updates_of(make(1.0), GRADIENTS)


def updates_of(tx, gradients):
    """The parameters stand still."""
    params = jnp.zeros(gradients.shape[1:], jnp.float32)
    return jax.jit(lambda g: jax.lax.scan(lambda s, g: tx.update(g, s, params)[::-1], tx.init(params), g)[1])(gradients)


@each_format
def test_adam_is_as_small_as_it_says(name):
    tx = oz.compress_state(oz.adam(1e-3), name)
    params = {"w": jax.ShapeDtypeStruct((1000, 1000), jnp.float32)}
    assert 0.96 * BYTES[name] < oz.state_bytes(tx, params) / 1e6 < 1.0001 * BYTES[name]
    (row,) = oz.explain(tx, params)
    assert row.state_bytes == pytest.approx(oz.state_bytes(tx, params), abs=30)


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize(
    ("name", "make"), [("bfloat16", oz.adam), ("float8", oz.adam), ("int8", oz.adam), ("int8", optax.adamw)]
)
def test_its_steps_are_those_of_adam(name, make):
    """In direction; and none is much longer, as it would be where a second moment became 0."""
    found = updates_of(oz.compress_state(make(1.0), name, min_size=1), GRADIENTS)[20:]
    expected = plain_updates(make)[20:]
    error = jnp.sqrt(jnp.sum((found - expected) ** 2, axis=1) / jnp.sum(expected**2, axis=1))
    assert 0 < error.max() < {"bfloat16": 0.015, "float8": 0.25, "int8": 0.18}[name]
    assert jnp.abs(found).max() < 2 * jnp.abs(expected).max()


@each_format
def test_a_second_moment_goes_on_falling(name):
    """To the nearest number it would stop: a thousandth is less than half of what separates two."""
    plain, gradients = oz.scale_by_adam(), np.broadcast_to(falling(), (1500, 256))
    found = updates_of(oz.compress_state(plain, name, min_size=1), gradients)[-1].mean()
    np.testing.assert_allclose(found, updates_of(plain, falling())[-1, 0], rtol=0.02)


def test_a_nearest_second_moment_stops():
    """The trap, so that the test above is known to see it."""

    def step(nu, g):
        wide = nu.astype(jnp.float32)
        nu = (wide + 0.001 * (g * g - wide)).astype(jnp.bfloat16)
        return nu, nu.astype(jnp.float32)

    nu = jax.jit(lambda g: jax.lax.scan(step, jnp.zeros(1, jnp.bfloat16), g)[1])(falling())
    assert nu[-1] > 0.9 * nu[99]


def test_names_count_and_rate_are_where_they_were():
    tx = optax.chain(optax.clip_by_global_norm(1.0), oz.compress_state(oz.adam(lambda t: 0.1 / (1 + t.astype(float)))))
    state = tx.init(PARAMS)
    for _ in range(3):
        _, state = jax.jit(tx.update)(PARAMS, state, PARAMS)
    assert oz.step(state) == 3
    np.testing.assert_allclose(oz.current_learning_rate(state), 0.1 / 3, rtol=1e-6)
    stored = optax.tree.get(state, "nu")
    assert (stored.codes["w"].shape, stored.codes["w"].dtype) == ((32, 128), jnp.int8)
    assert [x.shape for x in stored.scale] == [(16, 1)]
    assert stored.codes["b"].dtype == jnp.float32, "what is small stays as it is"
    found = optax.tree.map_params(tx, lambda x, p: x.shape == p.shape, state, PARAMS,
                                  transform_non_params=lambda x: True)  # fmt: skip
    assert all(jax.tree.leaves(found))
    assert oz.step(oz.compress_state(optax.sgd(0.1, momentum=0.9)).init(PARAMS)) == 0


def test_what_is_compressed_can_be_chosen():
    def types(tx):
        state = tx.init({"w": jnp.ones((64, 64), jnp.float32), "z": jnp.ones((64, 64), jnp.complex64)})
        return {k: type(optax.tree.get(state, k)).__name__ for k in ("mu", "nu")}, state

    assert types(oz.compress_state(oz.adam(0.1)))[0] == {"mu": "Compressed", "nu": "Compressed"}
    found, state = types(oz.compress_state(oz.adam(0.1), slots=["mu"]))
    assert found == {"mu": "Compressed", "nu": "dict"}
    assert optax.tree.get(state, "mu").codes["z"].dtype == jnp.complex64, "complex slots stay"


def test_a_format_is_told_beside_arrays_that_are_16_bits_wide_by_themselves():
    """In int8, with a small momentum that is kept in bfloat16: a pull-back reads codes as what they are."""
    params = {"large": jnp.ones((64, 64), jnp.float32), "small": jnp.ones(8, jnp.float32)}
    gradients = jax.tree.map(lambda p: jnp.linspace(-0.1, 0.1, p.size, dtype=p.dtype).reshape(p.shape), params)

    def way(inner):
        tx, p = oz.lookahead(inner, 2, inner_state="pullback"), params
        state = tx.init(p)
        for _ in range(6):
            updates, state = tx.update(gradients, state, p)
            p = optax.apply_updates(p, updates)
        return p["large"] - params["large"]

    plain = oz.with_state_dtype(oz.adam(0.1), {"mu": jnp.bfloat16})
    expected = way(plain)
    assert jnp.linalg.norm(way(oz.compress_state(plain)) - expected) < 0.1 * jnp.linalg.norm(expected)


def test_arrays_of_one_shape_are_rounded_apart():
    params = {"a": jnp.asarray(GRADIENTS[0]), "b": jnp.asarray(GRADIENTS[0])}
    tx = oz.compress_state(optax.sgd(0.1, momentum=0.9), "bfloat16", min_size=1)
    trace = optax.tree.get(tx.update(params, tx.init(params), params)[1], "trace")
    assert jnp.any(trace.codes["a"] != trace.codes["b"])


def test_the_weights_of_lookahead_are_not_rounded():
    params = {"w": jnp.linspace(0.1, 1, 4096, dtype=jnp.float32)}
    tx = oz.compress_state(oz.lookahead(oz.adam(0.1)), "bfloat16")
    updates, state = tx.update(params, tx.init(params), params)
    moved = jax.tree.map(lambda p, u: p + u, params, updates)
    np.testing.assert_allclose(oz.eval_params(state, moved)["w"], params["w"], rtol=1e-6)
    assert optax.tree.get(state, "mu").codes["w"].dtype == jnp.bfloat16


HELD = ["fixed point", "one compilation", "empty tree", "vmap equals loop", "finite derivative"]


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
def test_the_laws_of_a_training_loop():
    """Small arrays too are compressed here."""
    tx = oz.compress_state(oz.adam(1e-2), min_size=1)
    report = examine({law: LAWS[law] for law in HELD}, Subject.of(tx, {}))
    assert not report.broken, report


@pytest.mark.tier2
@each_format
def test_a_restored_run_is_bit_identical(name, tmp_path):
    tx = oz.compress_state(oz.adam(0.1), name)
    step = jax.jit(tx.update)
    _, state = step(PARAMS, tx.init(PARAMS), PARAMS)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / name, state)
    with ocp.StandardCheckpointer() as checkpointer:
        restored = checkpointer.restore(tmp_path / name, jax.eval_shape(tx.init, PARAMS))
    for a, b in zip(*map(jax.tree.leaves, (step(PARAMS, state, PARAMS), step(PARAMS, restored, PARAMS))), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.astype(float), b.astype(float))


def test_learning_rates_are_batched():
    @jax.jit
    def last(rate):
        return updates_of(oz.compress_state(oz.adam(rate), min_size=1), GRADIENTS[:4])[-1]

    rates = jnp.asarray([0.1, 0.2], jnp.float32)
    together, alone = jax.vmap(last)(rates), jnp.stack([last(r) for r in rates])
    assert jnp.abs(together - alone).max() <= 1e-6 * jnp.abs(alone).max()


# Arrays of the parameters' size that XLA:CPU sets aside: the old codes, which the parameters' kernel reads and their
# own overwrites. No moment is ever stored in float32.
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize(("name", "temporaries"), [("bfloat16", 1.0), ("float8", 0.51), ("int8", 0.51)])
def test_no_wide_copy_of_the_state_is_made(name, temporaries):
    shape = jax.ShapeDtypeStruct((2**20,), jnp.float32)
    tx = oz.compress_state(oz.adam(1e-3), name)
    found = structure(compiled(Candidate(lambda: tx), shape, **AS_IT_COMES), shape)
    assert found["temporaries"] == pytest.approx(temporaries, abs=0.01)
    assert found["donated"] == 1 + len(jax.tree.leaves(jax.eval_shape(tx.init, shape))) - 1, "all but the rate"


def test_the_compiler_does_not_encode_the_first_state():
    """XLA would fold known zeros by interpreting the program: seconds a million."""
    shape = jax.ShapeDtypeStruct((2**16,), jnp.float32)
    program = jax.jit(oz.compress_state(oz.adam(1e-3)).init).lower(shape).compile(AS_IT_COMES)
    assert " reduce(" in program.as_text()


@pytest.mark.tier2
def test_what_is_packed_stays_as_it_is():
    """So the state can still be read by the parameters' names."""
    params = {"large": jnp.ones((32, 64), jnp.float32), "a": jnp.ones(5, jnp.float32), "b": jnp.ones(3, jnp.float32)}
    tx = oz.compress_state(oz.pack(oz.adam(0.1)), min_size=1)
    _, state = jax.jit(tx.update)(params, tx.init(params), params)
    found = optax.tree.get(oz.unpack_state(state, params), "nu")
    assert found.codes["large"].dtype == jnp.int8
    np.testing.assert_allclose(found.codes["a"], np.full(5, 1e-3), rtol=1e-6)


@each_format
def test_a_state_is_arrays_that_numpy_can_write(name):
    """NumPy's files, and so Equinox's checkpoints, have no 8-bit float: it comes back as bytes without a meaning."""
    state = oz.compress_state(oz.adam(0.1), name).init(PARAMS)
    kinds = {x.dtype for x in jax.tree.leaves(state)}
    assert kinds <= {np.dtype(d) for d in (np.int8, np.uint8, np.float32, np.int32, np.float64, jnp.bfloat16)}


def test_errors():
    with pytest.raises(ValueError, match=r"format='int4' is unknown; .* 'bfloat16', 'float8', 'int8'. Did you mean"):
        oz.compress_state(oz.adam(0.1), "int4")
    with pytest.raises(
        ValueError, match=r"min_size=0 is outside \[1, ∞\)\. min_size is the smallest array that is compressed"
    ):
        oz.compress_state(oz.adam(0.1), min_size=0)
    with pytest.raises(ValueError, match=r"slots names the slot 'um', and this state has .*'mu', 'nu'"):
        oz.compress_state(oz.adam(0.1), slots=["um"]).init(PARAMS)
