"""Every problem: real data split once and for all, and a model that starts from ignorance and can be trained."""

import dataclasses
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx

import optzoo_jax as oz
from optzoo_jax.experiments import Data, Problem, Split
from optzoo_jax.experiments.data.split import BLOCKS, sha256
from optzoo_jax.experiments.data.stdlib_sources import PACKAGES
from optzoo_jax.experiments.data.stdlib_text import ALPHABET, LETTERS
from optzoo_jax.experiments.problems import DEFAULT, FULL, PROBLEMS, QUICK, load_problem, mnist_cnn

CLASSES = {
    **dict.fromkeys(("digits-mlp", "logistic", "mnist-cnn", "signals", "signals-noisy"), 10),
    **dict.fromkeys(("chars", "transformer"), len(ALPHABET)),
    **dict(zip(("bigram", "tokens", "modules"), (256, 500, len(PACKAGES)), strict=True)),
}
# Of the data that are the same with every version of Python.
HASHES = {
    "digits-mlp": "cfa361768538",
    "mnist-cnn": "09214b06de93",
    "autoencoder": "62eed9a366a2",
    "signals": "9f6c712ecd8d",
    "signals-noisy": "8f3a5c50f12c",
}
TEXTS = ("chars", "transformer")


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return load_problem(request.param)


def rows(problem, split):
    # The borders of tables are the same in all of the text.
    told = LETTERS[split.x].any(axis=1) if problem.name in TEXTS else np.ones(len(split.x), bool)
    return {x.tobytes() for x in split.x[told]}


# What follows four tokens is written in many files; a table has the same rows in every split.
@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in ("bigram", "tokens")])
def test_no_example_is_in_two_splits(name):
    problem = load_problem(name)
    train, validation, test = (rows(problem, split) for split in problem.data)
    assert not train & validation
    assert not train & test
    assert not validation & test


@pytest.mark.parametrize("name", FULL)
def test_there_is_enough_to_choose_by_and_to_report(name):
    train, validation, test = (len(split.x) for split in load_problem(name).data)
    if name == "bigram":
        assert (train, validation, test) == (256, 256, 256 * BLOCKS)
    elif name == "autoencoder":
        assert test * 64 > 20_000, "pixels"
    elif name in TEXTS:
        assert validation >= 500
        assert test * 64 >= 64_000, "characters"
    else:
        assert validation >= 500
        assert test >= 2_000


def test_sizes_contain_each_other():
    assert set(QUICK) < set(DEFAULT) < set(FULL) < set(PROBLEMS)
    assert set(PROBLEMS) - set(FULL) == {"digits-mlp", "logistic"}


@pytest.mark.tier2
def test_the_data_are_those_of_the_hash(problem):
    if problem.name in HASHES:
        assert sha256(problem.data)[:12] == HASHES[problem.name]
    else:
        assert sha256(load_problem.__wrapped__(problem.name).data) == sha256(problem.data)


def test_data_are_float32_and_int32(problem):
    indices = ("modules", "bigram", "tokens", *TEXTS)
    for split in problem.data:
        assert len(split.x) == len(split.y)
        assert split.x.dtype == (np.int32 if problem.name in indices else np.float32)
        assert split.y.dtype == (np.float32 if problem.name in ("bigram", "autoencoder") else np.int32)


@pytest.mark.tier2
def test_loss_starts_at_ignorance(problem):
    """log(classes); without classes, between the squared errors of the mean image and of a coin, black or white."""
    loss = jax.jit(problem.objective)(problem.init(jax.random.key(0)), *(a[:256] for a in problem.data.validation))
    if problem.name in CLASSES:
        assert loss == pytest.approx(np.log(CLASSES[problem.name]), rel=0.3)
    else:
        assert 0.07 < loss < 0.5


@pytest.mark.tier2
def test_ten_steps_lower_the_loss(problem):
    x, y = (a[:256] for a in problem.data.train)
    tx = oz.adam(0.003)
    params = problem.init(jax.random.key(0))
    state, losses, gradient = tx.init(params), [], jax.jit(jax.value_and_grad(problem.objective))
    for _ in range(10):
        loss, grads = gradient(params, x, y)
        updates, state = tx.update(grads, state, params)
        params = optax.apply_updates(params, updates)
        losses.append(loss)
    assert losses[-1] < losses[0]


def test_labels_of_another_problem_need_no_compilation_of_their_own():
    """Data are arguments of the program, which is otherwise the same."""
    texts = []
    for name in ("signals", "signals-noisy"):
        problem = load_problem(name)
        x, y = (a[:64] for a in problem.data.train)
        params = problem.init(jax.random.key(0))
        texts.append(jax.jit(jax.value_and_grad(problem.objective)).lower(params, x, y).as_text())
    assert texts[0] == texts[1]
    assert len(texts[0]) < 40_000, "data in the text of the program"


def test_parameters_are_float32(problem):
    params = jax.eval_shape(problem.init, jax.random.key(0))
    assert {p.dtype for p in jax.tree.leaves(params)} == {np.dtype("float32")}


def test_windows_of_text_are_continued_by_their_targets():
    for split in load_problem("transformer").data:
        np.testing.assert_array_equal(split.x[:, 1:], split.y[:, :-1])


def test_text_to_test_on_is_not_quoted_in_the_text_to_train_on():
    """Topics of the manual quote each other; 64 characters that are in both are rare."""
    train, _, test = ("".join(ALPHABET[i] for i in split.x.ravel()) for split in load_problem("transformer").data)
    windows = [test[i : i + 64] for i in range(0, len(test), 64)]
    assert sum(window in train for window in windows) < 0.02 * len(windows)


def test_the_transformer_sees_the_past_and_no_future():
    problem = load_problem("transformer")
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
    theirs = linen.Conv(4, (5, 5), padding="VALID").apply({"params": weights}, x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def weights():
    random = np.random.default_rng(0)
    shapes = ((5, 8), (8,), (8, 3), (3,))
    return [jnp.asarray(random.normal(size=shape), jnp.float32) for shape in shapes]


class Linen(linen.Module):
    @linen.compact
    def __call__(self, x):
        h = linen.Dense(8)(x)
        return linen.Dense(3)(jnp.tanh(h))


class Nnx(nnx.Module):
    def __init__(self, rngs):
        self.a, self.b = nnx.Linear(5, 8, rngs=rngs), nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, x):
        return self.b(jnp.tanh(self.a(x)))


class Normed(Nnx):
    def __init__(self, rngs):
        super().__init__(rngs)
        self.norm, self.dropout = nnx.BatchNorm(5, rngs=rngs), nnx.Dropout(0.1, rngs=rngs)


class LinenNormed(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.BatchNorm(use_running_average=False)(linen.Dense(3)(x))


def functions():
    def outputs(params, x):
        a, b, c, d = params
        return jnp.tanh(x @ a + b[None]) @ c + d[None]

    return {"init": lambda key: weights(), "outputs": outputs}


def equinox(key):
    return eqx.nn.MLP(5, 3, 8, 1, activation=jnp.tanh, key=key)


MODELS = {
    "functions": (functions(), lambda p, w: w),
    "linen": (
        {"model": Linen()},
        lambda p, w: {"params": {f"Dense_{i}": {"kernel": w[2 * i], "bias": w[2 * i + 1]} for i in (0, 1)}},
    ),
    "nnx": (
        {"model": lambda key: Nnx(nnx.Rngs(key))},
        # Their leaves are in alphabetical order: the bias before the kernel.
        lambda p, w: jax.tree.unflatten(jax.tree.structure(p), [w[1], w[0], w[3], w[2]]),
    ),
    "equinox": (
        {"model": equinox},
        lambda p, w: jax.tree.unflatten(jax.tree.structure(p), [w[0].T, w[1], w[2].T, w[3]]),
    ),
}


@pytest.fixture(scope="module")
def pair():
    """Inputs, and the classes that a line tells apart."""
    x = np.random.default_rng(1).normal(size=(300, 5))
    return x, np.digitize(x[:, 0], (-0.5, 0.5))


@pytest.mark.tier2
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_of_each_library_is_the_same_function(pair, kind):
    arguments, filled = MODELS[kind]
    problem, reference = Problem(pair, **arguments), Problem(pair, **functions())
    x, y = problem.data.train
    started = problem.init(jax.random.key(0))
    params = filled(started, weights())
    assert jax.tree.structure(params) == jax.tree.structure(started)
    loss, grads = jax.jit(jax.value_and_grad(problem.objective))(params, x, y)
    other, expected = jax.value_and_grad(reference.objective)(weights(), x, y)
    assert loss == pytest.approx(float(other), rel=1e-5)
    back = jax.tree.leaves(filled(started, expected))
    for found, wanted in zip(jax.tree.leaves(grads), back, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["linen", "nnx", "equinox"])
def test_each_seed_has_its_own_parameters(pair, kind):
    init = jax.jit(Problem(pair, **MODELS[kind][0]).init)
    one, same, other = (jax.tree.leaves(init(jax.random.key(seed))) for seed in (0, 0, 1))
    assert any(np.any(a != b) for a, b in zip(one, other, strict=True))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_pair_and_a_model_are_a_problem(pair):
    problem = Problem(pair, Linen(), name="mine")
    assert (problem.title, problem.unit, problem.batch_size) == ("mine", "nats", 64)
    few = dataclasses.replace(problem, data=Data(*(Split(s.x[:30], s.y[:30]) for s in problem.data)), batch_size=30)
    assert few.init is problem.init
    assert len(few.data.train.x) == 30


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": Linen(), **functions()}, ValueError, "given: model, init, outputs; .*: leave out"),
        ({"init": functions()["init"]}, ValueError, "given: init; a problem has either a model or both"),
        ({}, ValueError, "given: neither model nor init and outputs"),
        ({"model": Linen(), "batch_size": 196}, ValueError, r"batch_size = 196 is outside 1 … 195, .*; give fewer"),
        ({"model": Linen(), "batch_size": "all"}, ValueError, r"batch_size = 'all' is outside"),
        ({"model": lambda key: Normed(nnx.Rngs(key))}, ValueError, "BatchStat, RngCount, RngKey beside.*; leave those"),
        ({"model": LinenNormed()}, ValueError, "model has batch_stats beside its parameters"),
        ({"model": Nnx(nnx.Rngs(0))}, TypeError, "model is a Nnx that was made already.*; give a function of a key"),
        ({"model": equinox(jax.random.key(0))}, TypeError, "model is a MLP that was made already"),
        ({"model": Linen}, TypeError, r"model = <class .*Linen'> is none: .*; give one of them"),
        ({"model": 3}, TypeError, "model = 3 is none"),
        ({"model": lambda key: 3}, TypeError, r"model\(key\) is a int: .*; return"),
        ({"model": lambda key: Linen()}, TypeError, r"model\(key\) is a Linen"),
        ({"model": lambda key: {"w": jnp.ones(3)}}, TypeError, r"model\(key\) is a dict"),
    ],
)
def test_what_is_no_problem(pair, arguments, error, message):
    with pytest.raises(error, match=message):
        Problem(pair, **arguments)


def test_ignorance_of_classes_is_their_frequency(pair):
    x, y = pair
    problem = Problem((x, y), **functions())
    share = np.bincount(problem.data.train.y) / len(problem.data.train.y)
    assert problem.constant_loss() == pytest.approx(-np.mean(np.log(share[problem.data.test.y])), rel=1e-6)


def test_a_class_without_training_examples_is_no_infinite_loss(pair):
    train, validation, test = Problem(pair, **functions()).data
    absent = train.y != 2
    problem = Problem(Data(Split(train.x[absent], train.y[absent]), validation, test), **functions())
    assert problem.constant_loss() < 10


def test_ignorance_of_numbers_is_their_mean():
    problem = load_problem("autoencoder")
    mean = problem.data.train.x.mean(axis=0)
    assert problem.constant_loss() == pytest.approx(np.mean((problem.data.test.y - mean) ** 2), rel=1e-4)


def test_ignorance_of_pairs_is_the_frequency_of_the_second():
    problem = load_problem("bigram")
    share, tested = (split.y.sum(axis=0) / split.y.sum() for split in (problem.data.train, problem.data.test))
    assert problem.constant_loss() == pytest.approx(-np.sum(tested * np.log(share)), rel=1e-4)


def test_ignorance_in_a_loss_of_ones_own_is_found_by_numbers():
    """The best constant of the Poisson loss is the logarithm of the mean."""
    counts = np.random.default_rng(0).poisson([3, 8], size=(400, 2)).astype(np.float32)

    def poisson(outputs, y):
        return jnp.mean(jnp.exp(outputs) - y * outputs)

    problem = Problem((counts, counts), linen.Dense(2), loss=poisson, accuracy=None)
    best = np.log(problem.data.train.y.mean(axis=0))
    assert problem.constant_loss() == pytest.approx(np.mean(np.exp(best) - problem.data.test.y * best), rel=1e-4)


def squares(outputs, y):
    return jnp.mean((outputs - y) ** 2)


def yes_or_no(outputs, y):
    return optax.sigmoid_binary_cross_entropy(outputs, y > 0).mean()


LOSSES_OF_ONE_OUTPUT = {
    "squares": (squares, False),
    "squares of the column": (lambda outputs, y: squares(outputs[:, 0], y), True),
    "yes or no": (yes_or_no, False),
    "yes or no of the column": (lambda outputs, y: yes_or_no(outputs[:, 0], y), True),
}


@pytest.mark.parametrize(("loss", "knows"), LOSSES_OF_ONE_OUTPUT.values(), ids=LOSSES_OF_ONE_OUTPUT)
@jax.numpy_rank_promotion("allow")  # as a user has it
def test_a_loss_that_pairs_all_outputs_with_all_targets_is_refused(loss, knows):
    """(n, 1) − (n,) is (n, n): the constant that is the mean would be the best that there is."""
    x = np.random.default_rng(0).normal(size=(200, 3))
    problem = Problem((x, x[:, 0]), linen.Dense(1), loss=loss, accuracy=None)
    if knows:
        problem.check_loss()
    else:
        with pytest.raises(ValueError, match=r"the loss of own is the same whichever target is whose.*outputs\[:, 0\]"):
            problem.check_loss()


def test_a_loss_of_columns_knows_which_target_is_whose():
    x = np.random.default_rng(0).normal(size=(200, 3))
    Problem((x, x[:, :1]), linen.Dense(1), loss=squares, accuracy=None).check_loss()


def test_a_table_of_the_training_pairs_is_the_best_table():
    """The loss of a table is the mean over pairs: p(second | first) minimises it."""
    problem = load_problem("bigram")
    x, y = problem.data.train
    best = jnp.log(jnp.maximum(y / y.sum(axis=1, keepdims=True), 1e-30))
    entropy = -np.sum(np.where(y > 0, y * np.asarray(best), 0)) / np.sum(y)
    assert problem.objective(best, x, y) == pytest.approx(entropy, rel=1e-5)
    assert np.abs(jax.grad(problem.objective)(best, x, y)).max() < 1e-6


def test_the_mean_loss_of_blocks_of_pairs_is_that_of_all():
    problem = load_problem("bigram")
    table = jax.random.normal(jax.random.key(0), (256, 256), jnp.float32)
    x, y = problem.data.test
    blocks = [problem.objective(table, a, b) for a, b in zip(np.split(x, BLOCKS), np.split(y, BLOCKS), strict=True)]
    assert np.mean(blocks) == pytest.approx(float(problem.objective(table, x, y)), rel=1e-5)


def test_the_penalty_is_in_the_objective(pair):
    problem, plain = Problem(pair, penalty=0.5, **functions()), Problem(pair, **functions())
    x, y = problem.data.train
    squares = sum(np.sum(np.square(w)) for w in weights())
    assert problem.objective(weights(), x, y) - plain.objective(weights(), x, y) == pytest.approx(squares / 4, rel=1e-5)


def test_the_index_is_imported_without_models_and_data():
    program = """
import sys
import optzoo_jax.experiments
import optzoo_jax.experiments.problems
print(sorted({"flax", "matplotlib", "sklearn", "mlxtend", "pydoc_data"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout == "[]\n"


def test_a_wrong_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"no problem is called 'digit-mlp'; .* Did you mean 'digits-mlp'"):
        load_problem("digit-mlp")
