"""Every problem: real data split once and for all, a model that starts from ignorance, and training that runs."""

import dataclasses
import functools
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

import optzoo_jax as oz
from optzoo_jax.experiments.data.split import Data, Split, sha256
from optzoo_jax.experiments.data.stdlib_sources import PACKAGES
from optzoo_jax.experiments.data.stdlib_text import ALPHABET, LETTERS
from optzoo_jax.experiments.problems import PROBLEMS, load_problem, mnist_cnn
from optzoo_jax.experiments.training.trainer import trainer

CLASSES = {
    "digits-mlp": 10,
    "logistic": 10,
    "mnist-cnn": 10,
    "modules": len(PACKAGES),
    "stdlib-transformer": len(ALPHABET),
}
# Of the data that are the same with every version of Python.
HASHES = {"digits-mlp": "3e18e6431e49", "mnist-cnn": "c97e0687733a", "autoencoder": "e3a25d903ecb"}


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return load_problem(request.param)


@functools.cache
def three_steps(name):
    """Two runs of three steps on a few examples: one at a learning rate of 0, one that moves."""
    problem = load_problem(name)
    data = Data(*(Split(split.x[:32], split.y[:32]) for split in problem.data))
    train = trainer(dataclasses.replace(problem, data=data), oz.momentum, steps=3, batch_size="full")
    return train([0.0, 0.01], [0])


def rows(problem, split):
    # The borders of tables are the same in all of the text.
    told = LETTERS[split.x].any(axis=1) if problem.name == "stdlib-transformer" else np.ones(len(split.x), bool)
    return {x.tobytes() for x in split.x[told]}


def test_no_example_is_in_two_splits(problem):
    train, validation, test = (rows(problem, split) for split in problem.data)
    assert not train & validation
    assert not train & test
    assert not validation & test
    assert len(problem.data.validation.x) <= len(problem.data.test.x) < len(problem.data.train.x)


def test_the_data_are_those_of_the_hash(problem):
    if problem.name in HASHES:
        assert sha256(problem.data)[:12] == HASHES[problem.name]
    else:
        assert sha256(load_problem.__wrapped__(problem.name).data) == sha256(problem.data)


def test_data_are_float32_and_int32(problem):
    for split in problem.data:
        assert len(split.x) == len(split.y)
        assert split.x.dtype == (np.int32 if problem.name in ("modules", "stdlib-transformer") else np.float32)
        assert split.y.dtype == (np.int32 if problem.name in CLASSES else np.float32)


@pytest.mark.tier2
def test_loss_starts_at_ignorance(problem):
    """log(classes); without classes, between the squared errors of the mean image and of a coin, black or white."""
    still, _ = three_steps(problem.name)
    if problem.name in CLASSES:
        assert still["test_loss"] == pytest.approx(np.log(CLASSES[problem.name]), rel=0.3)
    else:
        assert 0.07 < still["test_loss"] < 0.5


@pytest.mark.tier2
def test_three_steps_lower_the_loss(problem):
    still, moved = three_steps(problem.name)
    assert not moved["diverged"]
    assert moved["train_loss"] < still["train_loss"]
    assert ("test_accuracy" in moved) == (problem.score == "accuracy")


def test_parameters_are_float32(problem):
    params = jax.eval_shape(problem.init, jax.random.key(0))
    assert {p.dtype for p in jax.tree.leaves(params)} == {np.dtype("float32")}


def test_windows_of_text_continue_each_other():
    """But where one was left out, since an earlier split has it: none in the first, few in the others."""
    splits = load_problem("stdlib-transformer").data
    for split in splits:
        np.testing.assert_array_equal(split.x[:, 1:], split.y[:, :-1])
        assert np.mean(split.x[1:, 0] != split.y[:-1, -1]) < 0.01
    np.testing.assert_array_equal(splits.train.x[1:, 0], splits.train.y[:-1, -1])


def test_text_to_test_on_is_not_quoted_in_the_text_to_train_on():
    """Topics of the manual quote each other; a sentence of 64 characters that is in both is rare."""
    train, _, test = (
        "".join(ALPHABET[i] for i in split.x.ravel()) for split in load_problem("stdlib-transformer").data
    )
    windows = [test[i : i + 64] for i in range(0, len(test), 64)]
    assert sum(window in train for window in windows) < 0.02 * len(windows)


def test_the_transformer_sees_the_past_and_no_future():
    problem = load_problem("stdlib-transformer")
    shapes = jax.eval_shape(problem.init, jax.random.key(0))
    random = np.random.default_rng(0)
    params = jax.tree.map(lambda p: jnp.asarray(0.1 * random.normal(size=p.shape), jnp.float32), shapes)
    x = problem.data.test.x[:1]
    changed = x.copy()
    changed[0, 40] = (x[0, 40] + 1) % len(ALPHABET)
    before, after = jax.jit(problem.outputs)(params, np.concatenate([x, changed]))
    np.testing.assert_array_equal(before[:40], after[:40])
    assert np.all(np.any(before[40:] != after[40:], axis=-1))


def test_rare_words_and_chunks_of_few_words_are_left_out():
    train, validation, test = (split.x for split in load_problem("modules").data)
    counts = np.bincount(train.ravel())[:-1]
    assert np.mean(counts >= 3) > 0.95, "some were in chunks of few words"
    for x in (train, validation, test):
        assert np.sum(x < len(counts), axis=1).min() >= 5


def test_only_words_of_the_batch_get_a_gradient():
    problem = load_problem("modules")
    x, y = (a[:4] for a in problem.data.train)
    words = int(problem.data.train.x.max())
    params = {"w": jnp.zeros((words, len(PACKAGES)), jnp.float32), "b": jnp.zeros(len(PACKAGES), jnp.float32)}
    grads = jax.grad(problem.objective)(params, x, y)
    assert set(np.flatnonzero(np.any(grads["w"] != 0, axis=1))) == set(x.ravel()) - {words}


def test_the_convolution_is_that_of_flax():
    x = np.random.default_rng(0).normal(size=(2, 9, 8, 3)).astype(np.float32)
    kernel = np.random.default_rng(1).normal(size=(75, 4)).astype(np.float32)
    bias = np.arange(4, dtype=np.float32)
    ours = mnist_cnn.Convolution(4).apply({"params": {"Dense_0": {"kernel": kernel, "bias": bias}}}, x)
    weights = {"kernel": kernel.reshape(5, 5, 3, 4), "bias": bias}
    theirs = nn.Conv(4, (5, 5), padding="VALID").apply({"params": weights}, x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_the_index_is_imported_without_models_and_data():
    program = """
import sys
import optzoo_jax.experiments.problems
print(sorted({"flax", "sklearn", "mlxtend", "pydoc_data"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout == "[]\n"


def test_a_wrong_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"no problem is called 'digit-mlp'; .* Did you mean 'digits-mlp'"):
        load_problem("digit-mlp")
