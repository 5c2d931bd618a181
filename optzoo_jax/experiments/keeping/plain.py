"""Plain data, as a file can hold it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def plain(x: Any) -> Any:
    """Dicts and lists of numbers and words; None for a number that is not finite."""
    if isinstance(x, dict):
        return {name: plain(value) for name, value in x.items()}
    if isinstance(x, list | tuple):
        return [plain(value) for value in x]
    if isinstance(x, float | np.floating) or (isinstance(x, np.ndarray) and not x.ndim):
        return float(x) if math.isfinite(x) else None
    return x
