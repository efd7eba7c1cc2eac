"""Distances between two samples of one column or of a pair of columns, each in [0, 1].

The definitions are those of SDMetrics' column shapes and column pair trends (1 - its scores), but for cases that it leaves out
or blurs: a missing value is a level of its own instead of being dropped; a constant column has correlation 0 instead of none;
for a contingency table numbers are cut at the deciles of real instead of at ten equal widths of each table's own; and every
pair counts, not only those that are strongly related in real.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Codes = NDArray[np.int64]

_DENSE = 2**20  # cells up to which a contingency table is counted in an array


def kolmogorov_smirnov(first: Values, second: Values) -> float:
    """Return the largest distance of the two distribution functions; a missing value (NaN) lies below all numbers."""
    a, b = (np.sort(np.where(np.isnan(values), -np.inf, values)) for values in (first, second))
    points = np.concatenate([a, b])
    below_a = np.searchsorted(a, points, side="right") / len(a)
    below_b = np.searchsorted(b, points, side="right") / len(b)
    return float(np.abs(below_a - below_b).max())


def total_variation(first: Codes, second: Codes, width: int) -> float:
    """Return half the summed distance of the shares of all levels; codes lie in 0 … ``width`` - 1."""
    if width > _DENSE:  # number the levels that occur
        used, both = np.unique(np.concatenate([first, second]), return_inverse=True)
        first, second, width = both[: len(first)], both[len(first) :], len(used)
    shares = [np.bincount(codes, minlength=width) / len(codes) for codes in (first, second)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2.0)


def correlation(first: Values, second: Values) -> float:
    """Return Pearson's correlation over the rows in which both are known; 0 where either is constant there."""
    known = ~(np.isnan(first) | np.isnan(second))
    x, y = first[known], second[known]
    if len(x) < 2 or x.min() == x.max() or y.min() == y.max():  # noqa: PLR2004 - one row has no correlation
        return 0.0
    x, y = x - x.mean(), y - y.mean()
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))


@dataclass(frozen=True, slots=True)
class Levels:
    """A column of several tables as levels.

    Attributes:
        codes: One array a table, each shape (rows,), from 0; the highest level is for missing values.
        width: Number of levels.
    """

    codes: tuple[Codes, ...]
    width: int


def categorical_levels(codes: list[Codes], labels: int) -> Levels:
    """Return levels from codes that are -1 where missing."""
    return Levels(tuple(np.where(own < 0, labels, own) for own in codes), labels + 1)


def decile_levels(numbers: list[Values]) -> Levels:
    """Return levels of numbers, cut at the deciles of the first table."""
    known = numbers[0][~np.isnan(numbers[0])]
    edges = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9))) if len(known) else np.zeros(0)
    width = len(edges) + 2
    codes = (np.where(np.isnan(own), width - 1, np.searchsorted(edges, own, side="left")) for own in numbers)
    return Levels(tuple(own.astype(np.int64) for own in codes), width)


def contingency_distance(one: Levels, other: Levels, tables: tuple[int, int]) -> float:
    """Return the total variation distance of the contingency tables of two columns in two of their tables."""
    first, second = (one.codes[table] * other.width + other.codes[table] for table in tables)
    return total_variation(first, second, one.width * other.width)
