"""Examples, split once and for all into training, validation and test."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

BLOCKS = 20


class Split(NamedTuple):
    """`x`: (examples, …) inputs, float32 or int32 indices. `y`: (examples, …) targets, int32 classes or float32."""

    x: np.ndarray
    y: np.ndarray


class Data(NamedTuple):
    """Training data, validation data to choose by, test data to report."""

    train: Split
    validation: Split
    test: Split


def ready(data: Data | tuple[ArrayLike, ArrayLike]) -> Data:
    """The data, where they fit together; a pair of inputs and targets is split first.

    Numbers of a pair become float32 and its integers int32. A target of one integer is a class.

    Raises:
      TypeError: for something else.
      ValueError: for inputs and targets of different lengths, and for fewer test examples than `BLOCKS`.
    """
    if not isinstance(data, Data):
        if not isinstance(data, tuple) or len(data) != 2:
            raise TypeError(f"data is a {type(data).__name__}; give a pair (x, y), or Data(train, validation, test)")
        x, y = (a.astype(np.int32 if a.dtype.kind in "biu" else np.float32) for a in map(np.asarray, data))
        _same_length("(x, y)", Split(x, y))
        data = split(x, y, stratified_rows(y if y.ndim == 1 and y.dtype == np.int32 else np.zeros(len(y))))
    for name, part in zip(Data._fields, data, strict=True):
        _same_length(name, part)
    if len(data.test.x) < BLOCKS:
        raise ValueError(
            f"data has {len(data.test.x)} examples to test on of {sum(len(part.x) for part in data)} in all: at least "
            f"{BLOCKS} are needed, and of a pair (x, y) a fifth of each class is taken; give more examples, or "
            "Data(train, validation, test) of your own"
        )
    return data


def _same_length(name: str, part: Split) -> None:
    x, y = part
    if not x.ndim or not y.ndim or len(x) != len(y):
        raise ValueError(
            f"data has {name} with x of shape {x.shape} and y of shape {y.shape}: both have one row an example; "
            "give as many rows of x as of y"
        )


def split(x: np.ndarray, y: np.ndarray, rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Data:
    """The rows of training, validation and test data, each with its targets."""
    return Data(*(Split(x[part], y[part]) for part in rows))


def stratified(x: np.ndarray, y: np.ndarray, validation: float = 0.15, test: float = 0.2) -> Data:
    """Inputs and their classes, each class with the same share of every split."""
    return split(x, y, stratified_rows(y, validation, test))


def stratified_rows(
    y: np.ndarray, validation: float = 0.15, test: float = 0.2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of training, validation and test data, the same shares of each class, always; in a random order."""
    random = np.random.default_rng(0)
    parts: tuple[list[np.ndarray], ...] = ([], [], [])
    for label in np.unique(y):
        rows = random.permutation(np.flatnonzero(y == label))
        tested, chosen = round(test * len(rows)), round(validation * len(rows))
        parts[0].append(rows[tested + chosen :])
        parts[1].append(rows[tested : tested + chosen])
        parts[2].append(rows[:tested])
    # Else the first rows, and each block of the test data, would be of one class.
    training, chosen, tested = (random.permutation(np.concatenate(part)) for part in parts)
    return training, chosen, tested


def evenly(rows: np.ndarray, size: int) -> np.ndarray:
    """At most `size` of the rows, at even distances."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, size).astype(int))]


def sha256(data: Data) -> str:
    """A hash of the data and of how it is split."""
    found = hashlib.sha256()
    for part in data:
        for array in part:
            found.update(f"{array.shape}{array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
