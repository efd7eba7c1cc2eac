"""Distances between two samples, from counts alone, each in [0, 1] and with what its interval needs.

A distance is a sum of absolute differences, so noise pushes it up, the more the closer the samples are. Its interval allows for
that: the lower end is moved down by the most that noise may have added, the upper end by what it has added at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Values = NDArray[np.float64]
    Counts = NDArray[np.int64]

_DOUBT = 2.0  # standard errors by which a difference may really be smaller than it looks
_EXPECTED_MAXIMUM = 0.8687311606361592  # mean of Kolmogorov's distribution, sqrt(pi / 2) log 2
_FEW, _CLEAR = 0.3, 3.0  # share of that mean that a clear maximum keeps; what is clear, in such means


@dataclass(frozen=True, slots=True)
class Distance:
    """A distance and its uncertainty.

    Attributes:
        value: The distance.
        error: Standard error.
        least_bias: What noise has added to it, by a low estimate.
        most_bias: The same by a high one.
    """

    value: float
    error: float
    least_bias: float
    most_bias: float

    def interval(self, level: float) -> tuple[float, float]:
        """Return the ends of the interval of the distance, in [0, 1]."""
        half = NormalDist().inv_cdf(0.5 + level / 2.0) * self.error
        low, high = self.value - self.most_bias - half, max(self.value - self.least_bias, 0.0) + half
        return min(max(low, 0.0), 1.0), min(high, 1.0)


def added_by_noise(difference: ArrayLike, error: ArrayLike) -> Values:
    """Return by how much the mean of ``|X|`` exceeds ``|difference|`` where X is normal around it (Leone et al., 1961)."""
    from scipy.special import ndtr

    size, spread = np.abs(np.asarray(difference, dtype=np.float64)), np.asarray(error, dtype=np.float64)
    scaled = size / np.where(spread > 0, spread, 1.0)
    excess = spread * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * scaled**2) - 2.0 * size * np.asarray(ndtr(-scaled))
    return np.where(spread > 0, np.maximum(excess, 0.0), 0.0)


def biases(difference: ArrayLike, error: ArrayLike) -> tuple[float, float]:
    """Return what noise adds to a sum of absolute differences, with these somewhat larger and much smaller than they look."""
    size, spread = np.abs(np.asarray(difference, dtype=np.float64)), np.asarray(error, dtype=np.float64)
    smaller = np.maximum(size - _DOUBT * spread, 0.0)
    larger = size + spread
    return float(added_by_noise(larger, spread).sum()), float(added_by_noise(smaller, spread).sum())


def total_variation(first: Counts, second: Counts) -> float:
    """Return half the summed distance of the shares of all levels; neither table is empty."""
    return float(np.abs(first / first.sum() - second / second.sum()).sum() / 2.0)


def total_variation_distance(first: Counts, second: Counts) -> tuple[Distance, Values]:
    """Return the total variation distance of two tables of counts, and the sign of the difference of each level.

    Args:
        first: Rows by level, any shape, at least one row.
        second: The same of the other sample.
    """
    n, m = int(first.sum()), int(second.sum())
    used = np.flatnonzero(first.ravel() + second.ravel())
    a, b = first.ravel()[used], second.ravel()[used]
    p, q = a / n, b / m
    difference = p - q
    sign = np.sign(difference)
    pooled = (a + b) / (n + m)
    least, most = biases(difference, np.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)))
    variance = sum((1.0 - float(shares @ sign) ** 2) / rows for shares, rows in ((p, n), (q, m)))
    signs = np.zeros(first.size)
    signs[used] = sign
    value = float(np.abs(difference).sum() / 2.0)
    return Distance(value, float(np.sqrt(max(variance, 0.0))) / 2.0, least / 2.0, most / 2.0), signs.reshape(first.shape)


def kolmogorov_smirnov(first: Counts, second: Counts) -> float:
    """Return the largest distance of two distribution functions from the counts of ascending values."""
    return float(np.abs(np.cumsum(first) / first.sum() - np.cumsum(second) / second.sum()).max())


def kolmogorov_smirnov_distance(first: Counts, second: Counts) -> tuple[Distance, int, float]:
    """Return the Kolmogorov–Smirnov distance, the place of the value where it is reached, and the sign of the difference.

    Args:
        first: Rows by ascending value, at least one row.
        second: The same of the other sample.
    """
    n, m = int(first.sum()), int(second.sum())
    f, g = np.cumsum(first) / n, np.cumsum(second) / m
    place = int(np.abs(f - g).argmax())
    value = float(abs(f[place] - g[place]))
    largest = float(np.sqrt(1.0 / n + 1.0 / m)) / 2.0  # standard error where both functions are one half
    most = 2.0 * _EXPECTED_MAXIMUM * largest
    error = float(np.sqrt(f[place] * (1.0 - f[place]) / n + g[place] * (1.0 - g[place]) / m)) if value > most else largest
    bias = most * max(_FEW, 1.0 - value / (_CLEAR * most))
    return Distance(value, error, 0.0, bias), place, float(np.sign(f[place] - g[place]))


def normal_distance(difference: float, error: float) -> Distance:
    """Return half the absolute value of a difference that is normal with a standard error."""
    least, most = biases(difference, error)
    return Distance(abs(difference) / 2.0, error / 2.0, least / 2.0, most / 2.0)
