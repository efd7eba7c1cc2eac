"""How far single columns are from real.

Ours counts a missing value as a level of its own, below all numbers; SDMetrics 0.32 drops it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.fidelity.averaging import spaced
from assaymark.checks.fidelity.distances import (
    kolmogorov_smirnov,
    kolmogorov_smirnov_distance,
    total_variation_distance,
)
from assaymark.checks.fidelity.measures import Measure, Theirs
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.checks.fidelity.averaging import Averaged
    from assaymark.checks.fidelity.levels import Coded, Points

    Counts = NDArray[np.int64]

_DECIMALS = 14  # to which SDMetrics rounds numbers first
_UNSEEN = 1e-6  # rows of real that SDMetrics makes up for a category that real does not have


def measure(one: Coded, means: Sequence[Averaged]) -> Measure:
    """Return the distances of one column, and add them to the means.

    Args:
        one: The column.
        means: One for the synthetic rows, and one for the holdout if there is one.
    """
    if one.points is None:
        return _categories(one, means)
    return _numbers(one, one.points, means)


def _numbers(one: Coded, points: Points, means: Sequence[Averaged]) -> Measure:
    counts = [np.append(missing, known) for missing, known in zip(points.missing, points.counts, strict=True)]
    distances = []
    for table, mean in enumerate(means, 1):
        distance, place, sign = kolmogorov_smirnov_distance(counts[0], counts[table])
        bound = points.values[place - 1] if place else -np.inf
        real, other = (one.numbers[t][spaced(len(one.numbers[t]))] for t in (0, table))
        below = [np.asarray(~(own > bound), dtype=np.float64) for own in (real, other)]  # a missing value lies below all
        mean.add(distance, sign * below[0], -sign * below[1])
        distances.append(distance)
    scores = tuple(_ks_complement(one, points, table) for table in range(1, len(means) + 1))
    return Measure((one.column.name,), "Kolmogorov-Smirnov distance", tuple(distances), Theirs("KSComplement", scores))


def _ks_complement(one: Coded, points: Points, table: int) -> float | None:
    first, second = points.counts[0], points.counts[table]
    if not first.any() or not second.any():
        return None
    if one.column.kind is Kind.FLOAT:
        with np.errstate(over="ignore", invalid="ignore"):
            group = np.cumsum(np.diff(np.round(points.values, _DECIMALS), prepend=np.nan) != 0) - 1
        if group[-1] + 1 < len(group):
            first, second = (np.bincount(group, weights=own).astype(np.int64) for own in (first, second))
    return 1.0 - kolmogorov_smirnov(first, second)


def _categories(one: Coded, means: Sequence[Averaged]) -> Measure:
    counts = [one.counts(table) for table in range(len(one.codes))]
    distances = []
    for table, mean in enumerate(means, 1):
        distance, signs = total_variation_distance(counts[0], counts[table])
        real, other = (one.codes[t][spaced(len(one.codes[t]))] for t in (0, table))
        mean.add(distance, signs[real] / 2.0, -signs[other] / 2.0)
        distances.append(distance)
    scores = tuple(_tv_complement(counts[0][:-1], other[:-1]) for other in counts[1:])
    return Measure((one.column.name,), "total variation distance", tuple(distances), Theirs("TVComplement", scores))


def _tv_complement(real: Counts, other: Counts) -> float | None:
    if not real.any() or not other.any():
        return None
    expected = real + _UNSEEN * ((real == 0) & (other > 0))
    return 1.0 - float(np.abs(other / other.sum() - expected / expected.sum()).sum() / 2.0)
