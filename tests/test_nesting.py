"""States in states, and parameters whose paths end alike: what is counted, owned and printed; arrays as decays."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optzoo_jax as oz


def test_parameters_whose_paths_end_alike_own_their_states_each():
    rows = oz.explain(oz.adam(0.1), {"a": jnp.ones(3), "b": {"a": jnp.ones(3)}})
    assert [(row.path, row.state_bytes) for row in rows] == [("a", 48), ("b/a", 48)]


def test_a_parameter_may_be_called_value():
    assert [row.path for row in oz.explain(oz.sgd(0.1), {"value": jnp.ones(3)})] == ["value"]


def test_the_table_of_parameters_is_aligned():
    lines = str(oz.explain(oz.adam(0.1), {"a": jnp.ones(3), "a longer name": jnp.ones((30, 4))})).split("\n")
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert {lines[0].index("shape")} == {lines[1].index("(3,)"), lines[2].index("(30, 4)")}


def test_a_decay_that_is_1_in_16_bits_still_forgets():
    """0.999 in bfloat16 is 1, and an average that keeps all of its old value would be 0/0 when corrected."""
    tx, g = oz.debiased_ema(jnp.asarray(0.999, jnp.bfloat16)), jnp.full(2, 3.0, jnp.bfloat16)
    direction, _ = tx.update(g, tx.init(g))
    np.testing.assert_allclose(np.asarray(direction, np.float32), 3.0, rtol=1e-2)


@pytest.mark.parametrize(
    "inner",
    [optax.chain(optax.trace(0.9), optax.scale(-0.1)), optax.partition({"all": optax.trace(0.9)}, "all")],
    ids=["tuple", "dict"],
)
def test_momentum_is_found_in_states_from_elsewhere(inner):
    tx, p = oz.lookahead(inner, 1, inner_state="reset"), jnp.ones(3)
    _, state = tx.update(p, tx.init(p), p)
    assert optax.tree.get(state, "trace").tolist() == [0, 0, 0]


def test_a_state_from_elsewhere_may_be_an_array():
    """Beside slots that are found by their names."""
    summing = optax.GradientTransformation(
        lambda params: jax.tree.map(jnp.zeros_like, params),
        lambda updates, state, params=None: (updates, state + updates),
    )
    tx, p = oz.compress_state(oz.chain(oz.raw_ema(0.9), summing), "bfloat16", min_size=1), jnp.ones(3)
    _, state = tx.update(p, tx.init(p), p)
    kept, total = state.inner_state.slots
    assert isinstance(kept["mu"], oz.Compressed)
    assert total[0].dtype == p.dtype
