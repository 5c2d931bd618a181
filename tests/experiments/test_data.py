"""The split never mixes what is trained on, chosen by and reported; what is computed is the same everywhere."""

import collections
import itertools
import pydoc_data.topics
import re

import numpy as np
import pytest

from optzoo_jax.experiments.data import stdlib_sources, stdlib_text, stdlib_tokens
from optzoo_jax.experiments.data.digits import digits
from optzoo_jax.experiments.data.signals import signals
from optzoo_jax.experiments.data.split import BLOCKS, Data, Split, ready, sha256, stratified_rows
from optzoo_jax.experiments.data.stdlib_sources import part, sources
from optzoo_jax.experiments.data.stdlib_tokens import bigrams, tokens
from optzoo_jax.experiments.problems.logistic import principal_components


@pytest.fixture(scope="module")
def data():
    return digits()


def code(i):
    """A file of words that no other has, and of those that all have."""
    return "\n".join(f"own{i} = same + own{i} * {i}{j}" for j in range(20))


@pytest.fixture
def library(monkeypatch):
    """A standard library of sixty files."""
    texts = {(f"file{i}",): code(i) for i in range(60)}
    cached = (stdlib_text.stdlib_text, stdlib_tokens._tokenized)
    for module in (stdlib_sources, stdlib_tokens, stdlib_text):
        monkeypatch.setattr(module, "sources", lambda: texts)
    for function in cached:
        function.cache_clear()
    yield texts
    for function in cached:
        function.cache_clear()


def test_split_is_disjoint_and_complete(data):
    labels = np.concatenate([split.y for split in data])
    rows = np.concatenate(stratified_rows(labels))
    assert sorted(rows) == list(range(len(labels))) == list(range(1797))


def test_split_is_deterministic(data):
    assert sha256(digits()) == sha256(data)


def test_hash_sees_data_and_split(data):
    swapped = Data(data.train, data.test, data.validation)
    changed = Data(Split(data.train.x + np.float32(1e-3), data.train.y), data.validation, data.test)
    assert len({sha256(d) for d in (data, swapped, changed)}) == 3


def test_every_class_has_its_share_in_every_split(data):
    total = sum(np.bincount(split.y) for split in data)
    for split, share in zip(data, (0.65, 0.15, 0.2), strict=True):
        np.testing.assert_allclose(np.bincount(split.y) / total, share, atol=0.01)


def test_classes_are_mixed_inside_of_a_split(data):
    """A block of the test data and the first rows of the others are of all classes, not of one."""
    for split in data:
        assert len(set(split.y[:60])) == 10


def test_pixels_are_float32_from_0_to_1(data):
    for split in data:
        assert split.x.dtype == np.float32
        assert split.y.dtype == np.int32
        assert (split.x.min(), split.x.max()) == (0, 1)


def test_principal_components_are_those_of_the_training_data(data):
    found = principal_components(data, 24)
    assert [split.x.shape[1] for split in found] == [24] * 3
    covariance = np.cov(found.train.x.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-6)
    np.testing.assert_allclose(found.train.x.mean(axis=0), 0, atol=1e-6)
    assert np.all(np.diff(np.diag(covariance)) < 0)
    assert abs(found.test.x.mean(axis=0)).max() > 1e-3, "centred on its own mean"


def test_inputs_and_targets_are_split_by_class():
    x, y = np.arange(300).reshape(150, 2) / 3, np.arange(150) % 3
    data = ready((x, y))
    assert [np.bincount(split.y).tolist() for split in data] == [[32] * 3, [8] * 3, [10] * 3]
    assert {split.x.dtype for split in data} == {np.dtype("float32")}
    assert {split.y.dtype for split in data} == {np.dtype("int32")}
    for split in data:
        np.testing.assert_array_equal(split.y, np.round(split.x[:, 0] * 1.5).astype(int) % 3)


def test_targets_that_are_no_classes_are_split_as_they_come():
    x = np.arange(200, dtype=np.int64)
    data = ready((x, x[:, None] / 2))
    assert [len(split.x) for split in data] == [130, 30, 40]
    assert sorted(np.concatenate([split.x for split in data])) == list(range(200))
    for split in data:
        np.testing.assert_array_equal(split.y[:, 0], split.x / 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((np.zeros((200, 3)), np.zeros(199)), r"\(x, y\) with x of shape \(200, 3\) and y of shape \(199,\): .*; give"),
        ((np.zeros((97, 3)), np.zeros(97)), r"19 examples to test on of 97 in all: at least 20 .*; give more"),
        (Data(*(Split(np.zeros((n, 3)), np.zeros(30)) for n in (30, 31, 30))), r"validation with x of shape \(31, 3\)"),
        (Data(*(Split(np.zeros((n, 3)), np.zeros(n)) for n in (90, 30, 19))), "19 examples to test on of 139"),
    ],
)
def test_data_that_do_not_fit_together(data, message):
    with pytest.raises(ValueError, match=message):
        ready(data)


@pytest.mark.parametrize("data", [np.zeros((2, 40)), (np.zeros(99), np.zeros(99), np.zeros(99))])
def test_data_that_are_no_pair(data):
    with pytest.raises(TypeError, match="give a pair"):
        ready(data)


def test_signals_are_the_same_with_every_version():
    assert sha256(signals())[:12] == "9f6c712ecd8d"


def test_a_linear_classifier_fails_where_shapes_are_moved():
    train, _, test = signals()
    ones = [np.hstack([split.x, np.ones((len(split.x), 1))]) for split in (train, test)]
    weights = np.linalg.lstsq(ones[0], np.eye(10)[train.y])[0]
    assert 0.15 < np.mean(np.argmax(ones[1] @ weights, axis=1) == test.y) < 0.45


def test_a_fifth_of_the_training_labels_is_wrong_and_no_other():
    right, wrong = signals(), signals(wrong_labels=0.2)
    assert np.sum(right.train.y != wrong.train.y) == 800
    np.testing.assert_array_equal(right.train.x, wrong.train.x)
    for name in ("validation", "test"):
        for a, b in zip(getattr(right, name), getattr(wrong, name), strict=True):
            np.testing.assert_array_equal(a, b)


def test_every_file_of_the_library_has_its_part():
    parts = [part(path) for path in sources()]
    np.testing.assert_allclose(np.bincount(parts) / len(parts), (0.65, 0.15, 0.2), atol=0.06)
    assert [part((name,)) for name in ("argparse", "difflib", "enum")] == [1, 0, 2]
    assert not {path[0] for path in sources()} & {"test", "idlelib", "site-packages"}
    assert ("unittest", "case") in sources()


def test_tokens_of_a_split_are_those_of_its_files(library):
    """And none of its windows reaches from one file into the next."""
    words = [stdlib_tokens._tokenized()[i] for i in range(3)]
    counts = collections.Counter(token for file in words[0] for token in file)
    known = sorted(counts, key=lambda token: (-counts[token], token))
    assert known[:4] == ["*", "+", "=", "same"]
    for i, (x, y) in enumerate(tokens(5000)):
        windows = {
            tuple(known.index(token) + 1 if token in counts else 0 for token in file[j : j + 5])
            for file in words[i]
            for j in range(len(file) - 4)
        }
        assert {tuple(row) for row in np.column_stack([x, y])} == windows
        texts = [text for path, text in library.items() if part(path) == i]
        assert ["".join(file) for file in words[i]] == [text.replace(" ", "").replace("\n", "") for text in texts]


def test_a_table_has_the_share_of_every_pair(library):
    data = bigrams(8)
    (x, y), (codes, *_) = data.test, stdlib_tokens._coded(8)[2:]
    assert x.tolist() == list(range(8)) * BLOCKS
    np.testing.assert_allclose(y.reshape(BLOCKS, 64).sum(axis=1), 8, rtol=1e-6)
    pairs = collections.Counter(pair for file in codes for pair in itertools.pairwise(file.tolist()))
    blocks = y.reshape(BLOCKS, 8, 8) / 8
    # Blocks have equal numbers of pairs, or one more.
    for (first, second), n in pairs.items():
        assert blocks.mean(axis=0)[first, second] == pytest.approx(n / pairs.total(), rel=0.02)
    whole = collections.Counter(
        pair for file in stdlib_tokens._coded(8)[0] for pair in itertools.pairwise(file.tolist())
    )
    for (first, second), n in whole.items():
        assert data.train.y[first, second] / 8 == pytest.approx(n / whole.total(), rel=1e-5)


def test_characters_to_test_on_are_of_other_files(library, monkeypatch):
    monkeypatch.setattr(pydoc_data.topics, "topics", {str(i): f"only{i}x" * 20 for i in range(60)})
    found = []
    for split in stdlib_text.stdlib_text():
        text = "".join(stdlib_text.ALPHABET[i] for i in split.x.ravel())
        found.append(set(re.findall(r"own\d+ |only\d+x", text)))
        assert min(sum(word.startswith(kind) for word in found[-1]) for kind in ("own", "only")) > 3
    assert not found[0] & found[1] | found[0] & found[2] | found[1] & found[2]


def test_a_window_of_two_splits_stays_in_the_first(library, monkeypatch):
    """Paragraphs that begin alike and end apart, two windows each with the empty line between; one without a letter."""
    same, rule = f"{'the same in all':<64}", f"{'+---':<64}"
    texts = {str(i): f"{same}{'and then':<50}{i:<12}\n\n{rule}{'and so':<50}{i:<12}" for i in range(100)}
    monkeypatch.setattr(pydoc_data.topics, "topics", texts)
    splits = [["".join(stdlib_text.ALPHABET[i] for i in x) for x in split.x] for split in stdlib_text.stdlib_text()]
    assert [same in split for split in splits] == [True, False, False]
    assert all(rule in split for split in splits)
