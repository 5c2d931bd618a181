"""Ten shapes in noise, as many as one likes: MNIST-1D, made here."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from optzoo_jax.experiments.data.split import Data, Split

# What a pen does from left to right when it writes each digit, as heights at twelve places; 5 is the line it starts on.
_STROKES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
CLASSES = len(_STROKES)
_SIZES = (4000, 2000, 4000)
_PLACES, _LENGTH, _SAMPLES = 12, 72, 40


def signals(wrong_labels: float = 0.0) -> Data:
    """Signals of 40 samples, and which of ten shapes each holds: stretched, moved, tilted and in noise.

    Args:
      wrong_labels: the share of the training labels that are another class; all others are right.

    Reference: Greydanus, 2020, "Scaling down deep learning", arXiv:2011.14439, whose recipe and numbers these are.
    """
    random = np.random.default_rng(0)
    y = random.permutation(np.arange(sum(_SIZES), dtype=np.int32) % CLASSES)
    x = _drawn(random, y)
    begin, end = np.cumsum(_SIZES)[:2]
    x = (x - x[:begin].mean()) / x[:begin].std()
    # To a 1,024th, as the last digits differ from one processor to the next.
    x = (np.round(x * 1024) / 1024).astype(np.float32)
    wrong = random.permutation(begin)[: round(wrong_labels * begin)]
    given = y.copy()
    given[wrong] = (y[wrong] + random.integers(1, CLASSES, len(wrong))) % CLASSES
    return Data(Split(x[:begin], given[:begin]), Split(x[begin:end], y[begin:end]), Split(x[end:], y[end:]))


def _drawn(random: np.random.Generator, y: np.ndarray) -> np.ndarray:
    """A signal of each class."""
    shapes = np.array(_STROKES)
    shapes = (shapes - shapes[:, :1]) / shapes.std(axis=1, keepdims=True) / 6
    count = len(y)
    # Followed by a random stretch of silence, all is stretched to one length: the shorter that, the wider the shape.
    width = _PLACES + random.integers(36, 61, (count, 1))
    places = np.linspace(0, 1, _LENGTH) * (width - 1)
    x = _between(np.pad(shapes[y], [(0, 0), (0, _LENGTH - _PLACES)]), places)
    x *= 1 + 0.4 * (random.random((count, 1)) - 0.5)
    x = np.where(places < _PLACES, x, gaussian_filter1d(0.25 * random.normal(size=x.shape), 2, axis=1))
    moved = (np.arange(_LENGTH) - random.integers(0, 48, (count, 1))) % _LENGTH
    x = np.take_along_axis(x, moved, axis=1) + 0.02 * random.normal(size=x.shape)
    x -= 0.75 * (random.random((count, 1)) - 0.5) * np.linspace(-0.5, 0.5, _LENGTH)
    return _between(x, np.broadcast_to(np.linspace(0, _LENGTH - 1, _SAMPLES), (count, _SAMPLES)))


def _between(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The value of each row at its places, on straight lines between its entries."""
    left = places.astype(int)
    right = np.minimum(left + 1, rows.shape[1] - 1)
    lower, upper = (np.take_along_axis(rows, index, axis=1) for index in (left, right))
    return lower + (places - left) * (upper - lower)
