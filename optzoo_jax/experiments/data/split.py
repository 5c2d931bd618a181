"""Examples, split once and for all into training, validation and test."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """`x`: (examples, …) inputs, float32 or int32 indices. `y`: (examples, …) targets, int32 classes or float32."""

    x: np.ndarray
    y: np.ndarray


class Data(NamedTuple):
    """Training data, validation data to choose by, test data to report."""

    train: Split
    validation: Split
    test: Split


def stratified(x: np.ndarray, y: np.ndarray) -> Data:
    """Inputs and their classes, each class with the same share of every split."""
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


def sha256(data: Data) -> str:
    """A hash of the data and of how it is split."""
    found = hashlib.sha256()
    for split in data:
        for array in split:
            found.update(f"{array.shape}{array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
