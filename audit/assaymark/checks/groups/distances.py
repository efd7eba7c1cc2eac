"""The mean distance of two samples over their columns, what chance alone makes of it, and its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.checks.groups.levels import Flat, Levels

    Values = NDArray[np.float64]
    Counts = NDArray[np.int64]

DRAWS = 32  # pairs of samples that chance is measured by; of their mean and spread only


@dataclass(frozen=True, slots=True)
class Distance:
    """Distance of synthetic from real rows of one kind, column by column, beside that of two samples of real rows.

    Attributes:
        columns: Distance of each column, shape (k,).
        floors: The mean distance of two samples of real people as large as the two, shape (k,).
        error: Standard error of the mean distance over the columns, net of its floor.
        chance: Standard deviation of that mean between samples of real people.
    """

    columns: Values
    floors: Values
    error: float
    chance: float

    @property
    def net(self) -> float:
        """Mean distance over the columns, less that of two samples of real people."""
        return float(self.columns.mean() - self.floors.mean())


def count(codes: Flat, width: int) -> Counts:
    """Return how many rows have each level, shape (width,)."""
    return np.bincount(codes.ravel(), minlength=width)


def column_distances(levels: Levels, first: Counts, n: int, second: Counts, m: int) -> Values:
    """Return the distance of each column: Kolmogorov-Smirnov where levels have an order, else total variation.

    Args:
        levels: What the counts are of.
        first: Shape (..., width), of ``n`` rows.
        n: At least 1.
        second: Shape (..., width), of ``m`` rows.
        m: At least 1.

    Returns:
        Shape (..., k), in [0, 1].
    """
    found = np.empty((*first.shape[:-1], len(levels.columns)))
    for place, ordered in enumerate(levels.ordered):
        own = slice(levels.starts[place], levels.starts[place + 1])
        a, b = first[..., own], second[..., own]
        if ordered:
            found[..., place] = np.abs(a.cumsum(axis=-1) / n - b.cumsum(axis=-1) / m).max(axis=-1)
        else:
            found[..., place] = np.abs(a / n - b / m).sum(axis=-1) / 2.0
    return found


def measure(levels: Levels, real: Flat, synthetic: Flat, pool: Flat, rng: np.random.Generator) -> Distance:
    """Measure how far ``synthetic`` is from ``real`` beyond chance.

    Chance is measured by pairs of samples, as large as the two, drawn with replacement from ``pool``: small groups differ more
    by chance alone, and this is how much. The standard error is that
    of the expected distance made linear at its estimate; it knows that the columns of a row go together.

    Args:
        levels: What the codes are of.
        real: Levels of the real rows, shape (n, k), n and k at least 1.
        synthetic: Of the synthetic rows, shape (m, k), m at least 1.
        pool: Of real and holdout rows together.
        rng: Source of randomness.
    """
    n, m, width = len(real), len(synthetic), levels.width
    first, second = count(real, width), count(synthetic, width)
    columns = column_distances(levels, first, n, second, m)
    drawn = [np.array([_draw(pool, size, width, rng) for _ in range(DRAWS)]) for size in (n, m)]
    nulls = column_distances(levels, drawn[0], n, drawn[1], m)
    chance = float(nulls.mean(axis=-1).std(ddof=1))
    slopes = _slopes(levels, first / n, second / m, float(np.sqrt(1.0 / n + 1.0 / m)))
    variance = _variance(slopes, real) + _variance(slopes, synthetic) + chance**2 / DRAWS
    return Distance(columns, nulls.mean(axis=0), float(np.sqrt(variance)), chance)


def _draw(pool: Flat, size: int, width: int, rng: np.random.Generator) -> Counts:
    return count(pool[rng.integers(0, len(pool), size)], width)


def _slopes(levels: Levels, first: Values, second: Values, scale: float) -> Values:
    """Return how the expected sum of all distances changes with the share of each level, shape (width,).

    The absolute value of a normal deviate with mean d and deviation s has the slope 2 Phi(d / s) - 1: flat where a difference
    may be chance, a sign where it is not. A largest difference of distribution functions gets Kolmogorov's distribution for
    Phi.

    Args:
        levels: What the shares are of.
        first: Shares, shape (width,).
        second: Shares of the other table.
        scale: ``sqrt(1 / n + 1 / m)``.
    """
    from scipy.special import kolmogorov, ndtr

    both = (first + second) / 2.0
    spread = scale * np.sqrt(np.maximum(both * (1.0 - both), 1e-12))
    slopes = ndtr((first - second) / spread) - 0.5
    for place, ordered in enumerate(levels.ordered):
        if ordered:
            own = slice(levels.starts[place], levels.starts[place + 1])
            apart = (first[own] - second[own]).cumsum()
            widest = int(np.abs(apart).argmax())
            certain = 1.0 - float(kolmogorov(abs(apart[widest]) / scale))
            slopes[own] = np.sign(apart[widest]) * certain * (np.arange(len(apart)) <= widest)
    return np.asarray(slopes, dtype=np.float64)


def _variance(slopes: Values, codes: Flat) -> float:
    """Return the variance of the mean over the rows of what each row adds to the mean distance over the columns."""
    return float(slopes[codes].mean(axis=1).var()) / len(codes)
