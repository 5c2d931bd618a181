"""pack: the same numbers from fewer buffers, every array still to be had by its parameter's name."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz

RNG = np.random.default_rng(3)
SHAPES = {"a": (3, 4), "b": (8, 8), "c": (5,), "d": (), "e": (2,), "f": (0, 3)}
DTYPES = {"c": jnp.bfloat16, "e": jnp.complex64}
PARAMS = {k: jnp.asarray(RNG.normal(size=shape), DTYPES.get(k, jnp.float32)) for k, shape in SHAPES.items()}
DECAYED = {"weight_decay": 0.1, "weight_decay_mode": "decoupled"}


def after(tx, steps=5):
    """Parameters and state after some steps on gradients that differ from one another."""

    @jax.jit
    def step(params, state, t):
        waves = jax.tree.map(lambda p: jnp.cos(t + jnp.arange(p.size, dtype=jnp.float32)).reshape(p.shape), params)
        grads = jax.tree.map(lambda p, wave: p * wave.astype(p.dtype), params, waves)
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    run = PARAMS, tx.init(PARAMS)
    return functools.reduce(lambda run, t: step(*run, jnp.float32(t)), range(steps), run)


OF_SIZE_1 = 1e-7  # near 0, too, where what two kernels round apart is no small share


def assert_same(found, expected, atol=1e-30):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_allclose(np.asarray(x, np.complex128), np.asarray(y, np.complex128), rtol=1e-6, atol=atol)


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", ["sgd", "nag", "adabelief", "adadb"])
def test_the_numbers_are_those_of_the_optimizer_itself(name):
    tx = oz.get(name, learning_rate=0.1, **DECAYED)
    params, state = after(tx)
    found_params, found_state = after(oz.pack(tx, below=20))
    assert_same(found_params, params, OF_SIZE_1)
    unpacked = oz.unpack_state(found_state, params)
    assert_same(unpacked, state)
    assert_same(oz.pack_state(unpacked, params, oz.pack(tx, below=20).init(params)), found_state)


@pytest.mark.parametrize("curvature", [2.0, {"a": jnp.full(3, 0.5), "b": jnp.arange(1.0, 5.0)}], ids=["one", "each"])
def test_an_argument_like_the_gradients_is_packed_with_them(curvature):
    grads = {"a": jnp.full(3, 0.01), "b": jnp.full(4, 0.02)}

    def update(tx):
        return tx.update(grads, tx.init(grads), grads, hessian_diagonal=curvature)[0]

    plain = oz.adahessian(0.1)
    assert_same(update(oz.pack(plain)), update(plain))


def test_an_argument_that_is_not_like_every_gradient_is_refused_by_its_name():
    """As many numbers as the gradients have, in other places."""
    grads = {name: jnp.full(4, 0.01) for name in "abc"}
    tx = oz.pack(oz.adahessian(0.1))
    with pytest.raises(TypeError, match=r"given_curvature: hessian_diagonal is .*another tree than the gradients"):
        tx.update(grads, tx.init(grads), grads, hessian_diagonal={"a": jnp.ones(4), "b": jnp.ones(3), "c": jnp.ones(5)})


def test_small_arrays_of_a_dtype_are_one_buffer_a_slot():
    params = {f"layer {i}": jnp.ones(4) for i in range(50)} | {"large": jnp.ones(100)}
    state = oz.pack(oz.adam(0.1), below=100).init(params)
    sizes = sorted(x.size for x in jax.tree.leaves(state))
    assert sizes == [1, 1, 100, 100, 200, 200]
    assert oz.step(state) == 0


def test_gradients_narrower_than_their_parameters():
    tx = oz.momentum(0.5)
    grads = jax.tree.map(lambda p: jnp.ones_like(p, jnp.bfloat16), {"a": jnp.ones(3), "b": jnp.ones(2)})
    params = jax.tree.map(lambda g: g.astype(jnp.float32), grads)
    packed = oz.pack(tx)
    assert_same(packed.update(grads, packed.init(params), params)[0], tx.update(grads, tx.init(params), params)[0])


def test_gradients_of_another_dtype_than_their_parameters_come_with_these():
    tx, params, grads = oz.pack(oz.momentum(0.5)), {"a": jnp.ones(3, jnp.bfloat16)}, {"a": jnp.ones(3, jnp.float32)}
    state = tx.init(params)
    with pytest.raises(
        ValueError, match=r"the small gradients are float32, and those that init saw bfloat16: .*params"
    ):
        tx.update(grads, state)
    with pytest.raises(ValueError, match=r"the small parameters are float32, and those that init saw bfloat16"):
        tx.update(grads, state, grads)
    assert tx.update(grads, state, params)[0]["a"].tolist() == [-0.5] * 3


@pytest.mark.usefixtures("standard_promotion")
def test_in_a_partition_each_group_has_buffers_of_its_own():
    groups = {"x": oz.pack(oz.adamw(0.1)), "y": oz.pack(oz.momentum(0.1))}
    plain = {"x": oz.adamw(0.1), "y": oz.momentum(0.1)}
    labels = {"a": "x", "b": "y", "c": "x", "d": "y", "e": "x", "f": "x"}
    (params, state), (expected_params, expected_state) = (
        after(optax.chain(optax.scale(0.5), optax.partition(g, labels))) for g in (groups, plain)
    )
    assert_same(params, expected_params, OF_SIZE_1)
    assert_same(oz.unpack_state(state, params), expected_state, OF_SIZE_1)


def test_explain_says_what_is_kept_for_each_parameter():
    params = {"w": jnp.ones((8, 4), jnp.float32), "b": jnp.ones(4, jnp.float32)}
    rows = oz.explain(oz.pack(oz.adamw(0.1)), params)
    assert [(row.path, row.state_bytes, row.decay) for row in rows] == [("b", 32, True), ("w", 256, True)]


@pytest.mark.parametrize(
    "tx",
    [
        optax.adam(0.1),
        oz.adamw(0.1, mask=lambda p: p),
        oz.newton(0.1),
        oz.chain(oz.add_gradient_noise(key=0), oz.sgd(1)),
    ],
    ids=["elsewhere", "mask", "newton", "noise"],
)
def test_what_may_look_at_more_than_one_number_is_refused(tx):
    with pytest.raises(TypeError, match=r"not known to treat each number by itself(.|\n)*chain the rest around it"):
        oz.pack(tx)


def test_optax_sees_its_flat_arrays_in_the_place_of_the_parameters():
    tx = oz.pack(oz.adamw(0.1), below=20)
    state = tx.init(PARAMS)
    marked = optax.tree.map_params(tx, lambda x: x + 1, state)
    assert jax.tree.structure(marked) == jax.tree.structure(state)
    moved = {jax.tree_util.keystr(path) for path, x in jax.tree_util.tree_leaves_with_path(marked) if jnp.any(x == 1)}
    assert len(moved) == len(jax.tree.leaves(state)) - 2, "all but count and learning_rate"


def test_the_state_follows_from_types_alone():
    """An array over an Auto axis has the type of one that is not: sharded or not, abstract or not, it is packed."""
    mesh = jax.make_mesh((1,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
    tx, params = oz.pack(oz.adam(0.1)), {"a": np.ones(4, np.float32), "b": jnp.ones(2, jnp.float32)}
    sharded = jax.device_put(params, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x")))
    states = [
        init(p) for p in (params, sharded) for init in (tx.init, jax.jit(tx.init), lambda p: jax.eval_shape(tx.init, p))
    ]
    shapes = [jax.tree.map(lambda x: (x.shape, x.dtype), state) for state in states]
    assert all(found == shapes[0] for found in shapes)


def test_packs_what_only_splits_complex_arrays():
    tx = oz.get("adam", like="torch", learning_rate=0.1)
    assert_same(after(oz.pack(tx, below=20))[0], after(tx)[0], OF_SIZE_1)


def test_parameters_that_are_not_the_gradients_kin():
    tx = oz.pack(oz.adamw(0.1))
    state = tx.init({"a": jnp.ones(3)})
    with pytest.raises(ValueError, match=r"the parameters and the gradients are different pytrees, first at \['a'\]"):
        tx.update({"a": jnp.ones(3)}, state, {"a": jnp.ones(2)})
    with pytest.raises(ValueError, match="the state and the gradients are different pytrees"):
        tx.update({"a": jnp.ones(2)}, state, {"a": jnp.ones(2)})


def test_the_state_of_shapes_is_that_of_zeros():
    params = {"w": jnp.zeros((2, 3)), "b": jnp.zeros(3, jnp.float32), "large": jnp.zeros((40, 40))}
    tx = oz.pack(oz.adabelief(0.1))
    found, expected = tx.init(jax.eval_shape(lambda: params)), tx.init(params)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    jax.tree.map(np.testing.assert_array_equal, found, expected)
