"""Areas under ROC curves measured on the same rows, with their covariance."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas under k ROC curves on the same rows.

    Attributes:
        auc: Shape (k,), in [0, 1].
        covariance: Of the areas, shape (k, k).
    """

    auc: Values
    covariance: Values

    def difference(self, first: int, second: int, level: float) -> tuple[float, float]:
        """Return the ends of the interval of ``auc[first] - auc[second]``, paired, by normal approximation."""
        value = float(self.auc[first] - self.auc[second])
        c = self.covariance
        variance = float(c[first, first] + c[second, second] - 2.0 * c[first, second])
        half = NormalDist().inv_cdf(0.5 + level / 2.0) * float(np.sqrt(max(variance, 0.0)))
        return value - half, value + half


def delong(outcome: NDArray[np.bool_], scores: Values) -> Areas:
    """Return areas and their covariance (DeLong, DeLong & Clarke-Pearson, 1988, by the ranks of Sun & Xu, 2014).

    Args:
        outcome: Shape (rows,), with at least two rows of each class.
        scores: Shape (k, rows); a tie counts as half.
    """
    from scipy.stats import rankdata

    positive, negative = scores[:, outcome], scores[:, ~outcome]
    m, n = positive.shape[1], negative.shape[1]
    ranks = np.asarray(rankdata(np.concatenate([positive, negative], axis=1), axis=1), dtype=np.float64)
    # share of negatives below each positive, and of positives above each negative
    above = (ranks[:, :m] - np.asarray(rankdata(positive, axis=1))) / n
    below = 1.0 - (ranks[:, m:] - np.asarray(rankdata(negative, axis=1))) / m
    covariance = np.atleast_2d(np.cov(above)) / m + np.atleast_2d(np.cov(below)) / n
    return Areas(above.mean(axis=1), np.asarray(covariance, dtype=np.float64))
