"""Source code as a language: what comes after a token, or after four."""

from __future__ import annotations

import collections
import functools
import re

import numpy as np

from optzoo_jax.experiments.data.split import BLOCKS, Data, Split, evenly
from optzoo_jax.experiments.data.stdlib_sources import part, sources

_CONTEXT = 4
_SIZES = (250_000, 2_000, 4_000)


def bigrams(count: int = 256) -> Data:
    """Which token follows each of the `count` most frequent ones, and how often: all pairs of all files.

    An example is a row of a table of pairs, x the first token and y (`count` numbers) how often each other comes next,
    scaled such that a table adds up to its number of rows: a mean over its rows is then one over its pairs. Training
    and validation data are a table each. Test data are one for every block: what stands in neighbouring files.
    """
    table = functools.partial(_table, count=count)
    train, validation, test = (np.concatenate([_windows(file, 2) for file in files]) for files in _coded(count))
    return Data(table([train]), table([validation]), table(np.array_split(test, BLOCKS)))


def tokens(count: int = 500) -> Data:
    """Four tokens of a file, and the next one; indices of the `count` most frequent tokens, 0 for all others.

    The test data stand in the order of their files, such that a block of them is of neighbouring files.
    """
    parts = [np.concatenate([_windows(file, _CONTEXT + 1) for file in files]) for files in _coded(count)]
    few = [evenly(windows, size) for windows, size in zip(parts, _SIZES, strict=True)]
    np.random.default_rng(0).shuffle(few[1])
    return Data(*(Split(np.ascontiguousarray(rows[:, :-1]), np.ascontiguousarray(rows[:, -1])) for rows in few))


@functools.cache
def _tokenized() -> tuple[list[list[str]], ...]:
    """The tokens of each file to train on, of validation and of test: words, numbers and signs."""
    found = ([], [], [])
    for path, text in sources().items():
        found[part(path)].append(re.findall(r"\w+|[^\w\s]", text))
    return found


def _coded(count: int) -> list[list[np.ndarray]]:
    frequency = collections.Counter(token for file in _tokenized()[0] for token in file)
    # Equally frequent ones in alphabetical order.
    ranked = sorted(frequency, key=lambda token: (-frequency[token], token))
    index = {token: i for i, token in enumerate(ranked[: count - 1], start=1)}
    return [
        [np.fromiter((index.get(token, 0) for token in file), np.int32, len(file)) for file in files]
        for files in _tokenized()
    ]


def _windows(file: np.ndarray, length: int) -> np.ndarray:
    if len(file) < length:
        return np.empty((0, length), np.int32)
    return np.lib.stride_tricks.sliding_window_view(file, length)


def _table(pairs: list[np.ndarray], count: int) -> Split:
    """A table of each array of pairs, one below the other."""
    tables = [np.bincount(p[:, 0] * count + p[:, 1], minlength=count**2) * (count / len(p)) for p in pairs]
    x = np.tile(np.arange(count, dtype=np.int32), len(pairs))
    return Split(x, np.concatenate(tables).reshape(-1, count).astype(np.float32))
