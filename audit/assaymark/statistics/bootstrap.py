"""Multinomial bootstrap of contingency tables, and percentile intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resample(counts: NDArray[np.int64], draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw tables of the same size from the observed shares (Efron & Tibshirani, 1993, chapter 6).

    Args:
        counts: Table of any shape, not empty.
        draws: Number of tables.
        rng: Source of randomness.

    Returns:
        int64, shape (draws, *counts.shape).
    """
    return sample_tables(counts / counts.sum(), int(counts.sum()), draws, rng)


def sample_tables(shares: NDArray[np.float64], rows: int, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw ``draws`` tables of ``rows`` rows each from ``shares``, which sum to 1."""
    flat = shares.ravel() / shares.sum()
    return rng.multinomial(rows, flat, size=draws).reshape(draws, *shares.shape)


def percentile_interval(values: NDArray[np.float64], level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper ends of equal-tailed percentile intervals along axis 0."""
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail], axis=0)
    return low, high
