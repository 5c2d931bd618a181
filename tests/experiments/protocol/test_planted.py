"""Planted optimizers, of which the answer is known: a race must give it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tiny_problems import blobs

import optzoo_jax as oz
from optzoo_jax.experiments.evidence.findings import findings
from optzoo_jax.experiments.protocol.race import race

pytestmark = pytest.mark.tier2


def adam_again(learning_rate=0.05, b1=0.9):
    return oz.adam(learning_rate, b1=b1)


def adam_at_a_tenth(learning_rate=0.05, b1=0.9):
    return oz.adam(0.1 * learning_rate, b1=b1)


@pytest.fixture(scope="module")
def found():
    problems = [blobs(hidden=16, steps=60), blobs(hidden=16, steps=60, shuffled=True, name="shuffled")]
    raced = race(["adam", adam_again, adam_at_a_tenth, "sgd", "lion"], problems, trials=8, fresh=4, clock=False)
    return findings(raced).problems


def test_a_second_name_shares_the_group(found):
    for problem in found.values():
        assert problem.methods["adam"].group == problem.methods["adam_again"].group != ""
        assert problem.methods["adam"].score == pytest.approx(problem.methods["adam_again"].score)


def test_a_tenth_of_the_rate_matters_only_without_tuning(found):
    adam, tenth = (found["blobs"].methods[name] for name in ("adam_again", "adam_at_a_tenth"))
    assert adam.group == tenth.group
    assert tenth.rate == pytest.approx(10 * adam.rate)
    assert tenth.score == pytest.approx(adam.score, rel=1e-3)
    assert tenth.untuned.high < adam.untuned.low


def test_where_labels_are_shuffled_nobody_wins(found):
    assert len(found["shuffled"].groups) == 1
    assert len(found["shuffled"].groups[0]) > 1


def adam_with_noise(learning_rate, b1=0.9):
    """Adam, each number of whose updates is multiplied by 1 + normal/10."""

    def init(params):
        return jnp.zeros((), jnp.int32)

    def update(updates, count, params=None):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(0), count), len(jax.tree.leaves(updates)))
        keys = jax.tree.unflatten(jax.tree.structure(updates), list(keys))
        return jax.tree.map(
            lambda u, key: u * (1 + 0.1 * jax.random.normal(key, u.shape, u.dtype)), updates, keys
        ), count + 1

    return optax.chain(oz.adam(learning_rate, b1=b1), optax.GradientTransformation(init, update))


def test_noise_that_averages_out_over_a_run_is_not_called_a_difference():
    """Each number of an update is a tenth too long or too short, at another step the other way."""
    raced = race(["adam", adam_with_noise], blobs(hidden=16, steps=60), trials=8, fresh=4, clock=False)
    found = findings(raced).problems["blobs"]
    assert found.groups == [["adam", "adam_with_noise"]]
    losses = [raced.cells["blobs", name].validation_end[:10] for name in ("adam", "adam_with_noise")]
    assert not np.allclose(*losses, rtol=1e-4)  # it is another method
