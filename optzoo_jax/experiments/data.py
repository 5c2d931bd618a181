"""Real data that comes inside a package, split once and for all into training, validation and test."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits


class Split(NamedTuple):
    """`x`: (examples, features) float32. `y`: (examples,) int32, the classes."""

    x: np.ndarray
    y: np.ndarray


class Data(NamedTuple):
    """Training data, validation data to choose by, test data to report."""

    train: Split
    validation: Split
    test: Split


def digits() -> Data:
    """scikit-learn's 1,797 handwritten digits, 8×8 pixels between 0 and 1."""
    images, labels = load_digits(return_X_y=True)
    x, y = (images / 16).astype(np.float32), labels.astype(np.int32)
    return Data(*(Split(x[rows], y[rows]) for rows in stratified_rows(y)))


def stratified_rows(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of training (65 %), validation (15 %) and test data (20 %), the same shares of each class, always."""
    random = np.random.default_rng(0)
    train, validation, test = [], [], []
    for label in np.unique(y):
        rows = random.permutation(np.flatnonzero(y == label))
        tested, chosen = round(0.2 * len(rows)), round(0.15 * len(rows))
        test.append(rows[:tested])
        validation.append(rows[tested : tested + chosen])
        train.append(rows[tested + chosen :])
    return np.concatenate(train), np.concatenate(validation), np.concatenate(test)


def principal_components(data: Data, count: int) -> Data:
    """The data in its first principal components, which are those of the training data."""
    mean = data.train.x.mean(axis=0, dtype=np.float64)
    _, _, axes = np.linalg.svd(data.train.x - mean, full_matrices=False)
    return Data(*(Split(((split.x - mean) @ axes[:count].T).astype(np.float32), split.y) for split in data))


def sha256(data: Data) -> str:
    """A hash of the data and of how it is split."""
    found = hashlib.sha256()
    for split in data:
        for array in split:
            found.update(f"{array.shape}{array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
