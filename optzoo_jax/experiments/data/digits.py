"""Handwritten digits of 8×8 pixels, from scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from optzoo_jax.experiments.data.split import Data, stratified


def digits() -> Data:
    """1,797 images as rows of 64 pixels between 0 and 1, and which digit they show."""
    images, labels = map(np.asarray, load_digits(return_X_y=True))
    return stratified((images / 16).astype(np.float32), labels.astype(np.int32))
