"""The interval of a mean of distances that were all measured on the same rows.

Each distance moves with each row by a known amount (its influence). The amounts are added up over all distances, row by row,
so that whatever the distances share is counted as often as they share it. The variance over rows is taken from evenly spaced
rows where there are many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.checks.fidelity.distances import Distance

    Values = NDArray[np.float64]

SAMPLED = 20_000  # rows of each table from which the variance is taken


def spaced(rows: int) -> NDArray[np.int64]:
    """Return the rows that the variance is taken from: all, or evenly spaced ones."""
    return np.arange(rows) if rows <= SAMPLED else np.linspace(0, rows - 1, SAMPLED).astype(np.int64)


@dataclass(slots=True)
class Averaged:
    """A mean of distances of another table from real, in the making.

    Attributes:
        rows: Rows of real and of the other table.
        distances: What has been added.
        influence: Summed influence of the sampled rows of real, and of the other table.
    """

    rows: tuple[int, int]
    distances: list[Distance] = field(default_factory=list)
    influence: list[Values] = field(init=False)

    def __post_init__(self) -> None:
        self.influence = [np.zeros(len(spaced(rows))) for rows in self.rows]

    def add(self, distance: Distance, real: Values, other: Values) -> None:
        """Add a distance, and by how much each sampled row of real and of the other table moves it, up to a constant."""
        self.distances.append(distance)
        self.influence[0] += real
        self.influence[1] += other

    @property
    def value(self) -> float:
        """The mean."""
        return float(np.mean([distance.value for distance in self.distances]))

    @property
    def biases(self) -> tuple[float, float]:
        """What noise has added to the mean, by a low and a high estimate."""
        least = float(np.mean([distance.least_bias for distance in self.distances]))
        return least, float(np.mean([distance.most_bias for distance in self.distances]))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the ends of the interval of the mean, in [0, 1]."""
        half = _quantile(level) * float(np.sqrt(sum(self._variances())))
        least, most = self.biases
        return min(max(self.value - most - half, 0.0), 1.0), min(max(self.value - least, 0.0) + half, 1.0)

    def excess(self, fresh: Averaged, level: float) -> tuple[float, float]:
        """Return the ends of the interval of ``self.value - fresh.value``; real is the same in both."""
        count = len(self.distances)
        shared = float(np.var((self.influence[0] - fresh.influence[0]) / count)) / self.rows[0]
        own, other = self._variances()[1], fresh._variances()[1]
        half = _quantile(level) * float(np.sqrt(shared + own + other))
        value, (least, most), (fresh_least, fresh_most) = self.value - fresh.value, self.biases, fresh.biases
        return value - (most - fresh_least) - half, value + (fresh_most - least) + half

    def sampling(self, level: float) -> float:
        """Return by how much two such means differ by sampling alone, in ``level`` of all cases."""
        return _quantile(level) * float(np.sqrt(2.0 * sum(self._variances())))

    def _variances(self) -> Sequence[float]:
        count = len(self.distances)
        return [float(np.var(own / count)) / rows for own, rows in zip(self.influence, self.rows, strict=True)]


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2.0)
