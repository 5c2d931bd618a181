"""The gradients that an anatomy is drawn of: steady, then flipping their sign, then small."""

from __future__ import annotations

import numpy as np

PHASES = {"steady": 50, "flips its sign": 50, "small": 50}


def gradients(seed: int = 0) -> np.ndarray:
    """One coordinate's gradients, (steps,): 1, then ±1 in turn, then 0.05, each with a fifth of itself as noise.

    Args:
      seed: of the noise.
    """
    steady, flips, small = PHASES.values()
    mean = np.concatenate([np.ones(steady), (-1.0) ** np.arange(flips), np.full(small, 0.05)])
    return mean * (1 + 0.2 * np.random.default_rng(seed).standard_normal(len(mean)))
