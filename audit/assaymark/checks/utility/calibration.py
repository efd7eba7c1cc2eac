"""How well scores are calibrated within each group, in bins that all groups share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """The expected calibration error of one classifier by group (Guo et al., 2017).

    Attributes:
        error: Share-weighted mean over the bins of ``|mean score - share of positives|``, by group, shape (groups,).
        corrected: The same less its bias, which may leave it a little below 0, shape (groups,).
        influence: What each row adds to the error of its group, shape (rows,); of mean 0 within each group.
    """

    error: Values
    corrected: Values
    influence: Values


def calibration(truth: NDArray[np.bool_], scores: Values, group: NDArray[np.intp], groups: int) -> Calibration:
    """Return the calibration of scores.

    Args:
        truth: Whether each row is positive, shape (rows,).
        scores: Probability of positive, shape (rows,).
        group: Group of each row, -1 for none, shape (rows,).
        groups: Number of groups, each with a row.

    The bins hold a tenth of *all* rows each, so that every group is measured on one scale. Within a bin the sign of the
    residual is as good as fixed: the error is a mean over rows, and its sampling error is read off their influence on it.
    """
    edges = np.quantile(scores, np.arange(1, BINS) / BINS)
    kept = group >= 0
    cell = group[kept] * BINS + np.searchsorted(edges, scores[kept], side="right")
    residual = scores[kept] - truth[kept]

    def by_cell(values: Values | None) -> Values:
        return np.bincount(cell, values, minlength=groups * BINS).astype(np.float64).reshape(groups, BINS)

    sums, rows = by_cell(residual), by_cell(None)
    squares = np.maximum(by_cell(residual**2) - sums**2 / np.maximum(rows, 1.0), 0.0)
    n = rows.sum(axis=1)
    error = np.abs(sums).sum(axis=1) / n
    influence = np.zeros(len(scores))
    influence[kept] = np.sign(sums).ravel()[cell] * residual - error[group[kept]]
    return Calibration(error, error - _bias(sums, np.sqrt(squares)).sum(axis=1) / n, influence)


def _bias(sums: Values, deviations: Values) -> Values:
    """Return how much larger absolute sums are than those of their means, on average, shape (groups, bins).

    The absolute value of a normal variable has a mean above that of its mean, most of all where that is 0, as it is for
    calibrated scores. The means are not known: the sums are shrunk towards 0 as far as, over all bins of a group, they are no
    larger than chance makes them (after James & Stein, 1961).
    """
    from scipy.stats import norm

    safe = np.where(deviations > 0, deviations, 1.0)
    ratio = np.where(deviations > 0, np.abs(sums) / safe, 0.0)
    chance, found = (deviations > 0).sum(axis=1), (ratio**2).sum(axis=1)
    shrunk = np.sqrt(np.maximum(1.0 - chance / np.maximum(found, 1e-300), 0.0))[:, None] * ratio
    return np.asarray(deviations * 2.0 * (norm.pdf(shrunk) - shrunk * norm.cdf(-shrunk)), dtype=np.float64)
