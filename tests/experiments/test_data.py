"""The split never mixes what is trained on, chosen by and reported."""

import pydoc_data.topics

import numpy as np
import pytest

from optzoo_jax.experiments.data.digits import digits
from optzoo_jax.experiments.data.split import Data, Split, sha256, stratified_rows
from optzoo_jax.experiments.data.stdlib_text import ALPHABET, stdlib_text
from optzoo_jax.experiments.problems.logistic import principal_components


@pytest.fixture(scope="module")
def data():
    return digits()


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


def test_a_window_of_two_splits_stays_in_the_first(monkeypatch):
    """Paragraphs that begin alike and end apart, two windows each with the empty line between; one without a letter."""
    same, rule = f"{'the same in all':<64}", f"{'+---':<64}"
    texts = {str(i): f"{same}{'and then':<50}{i:<12}\n\n{rule}{'and so':<50}{i:<12}" for i in range(100)}
    monkeypatch.setattr(pydoc_data.topics, "topics", texts)
    splits = [["".join(ALPHABET[i] for i in x) for x in split.x] for split in stdlib_text()]
    assert [same in split for split in splits] == [True, False, False]
    assert all(rule in split for split in splits)
