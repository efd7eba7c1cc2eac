"""Pearson correlations of all pairs of numeric columns at once, over the rows in which both are known, with standard errors.

Columns are scaled by their own mean and deviation, so that the sums behind all pairs are a few matrix products that lose no
digits. A pair whose known rows are much narrower than its columns is computed again from those rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

_CELLS = 2**20  # numbers that are multiplied at a time
_LARGE = 1e100
_NARROW = 1e-4  # share of a column's variance below which sums over a pair's rows lose digits


@dataclass(frozen=True, slots=True)
class Correlations:
    """Correlations of k columns of one table.

    Attributes:
        value: Shape (k, k); NaN where fewer than two rows are known in both, or one is constant there.
        error: Standard errors that assume no distribution (Steiger & Hakstian, 1982), the same shape.
        constant: Whether a column has exactly one value, shape (k,).
        centre: Means of the columns, shape (k,).
        scale: Deviations of the columns, 1 where there is none, shape (k,).
    """

    value: Values
    error: Values
    constant: NDArray[np.bool_]
    centre: Values
    scale: Values

    def standardised(self, columns: Sequence[Values]) -> Values:
        """Return columns less their means in units of their deviations, 0 where missing; shape (k, rows)."""
        z = (np.stack(columns) - self.centre[:, None]) / self.scale[:, None]
        return np.nan_to_num(z, copy=False, nan=0.0)


def correlate(columns: Sequence[Values]) -> Correlations:
    """Return the correlations of columns of equal length, NaN where missing."""
    from threadpoolctl import threadpool_limits

    summaries = np.array([_summary(own) for own in columns]).reshape(len(columns), 3)
    centre, scale, constant = summaries[:, 0], summaries[:, 1], summaries[:, 2] > 0
    with threadpool_limits(limits=1, user_api="blas"):  # sums of floats depend on the number of threads
        sums = _sums(columns, centre, scale)
    value, error = _from_sums(*sums)
    n, narrow = sums[0], _is_narrow(*sums)
    for i, j in combinations(range(len(columns)), 2):
        if narrow[i, j] and n[i, j] > 1:
            value[i, j] = value[j, i] = _direct(columns[i], columns[j])
    return Correlations(value, error, constant, centre, scale)


def _summary(own: Values) -> tuple[float, float, bool]:
    known = own[~np.isnan(own)] if np.isnan(own.sum()) else own
    if not len(known):
        return 0.0, 1.0, False
    largest = max(float(np.abs(known).max()), 1.0)
    unit = largest if largest > _LARGE else 1.0  # so that no square overflows
    centre, deviation = float((known / unit).mean()) * unit, float((known / unit).std()) * unit
    return centre, deviation if deviation > 0 else 1.0, bool(known.min() == known.max())


def _sums(columns: Sequence[Values], centre: Values, scale: Values) -> tuple[Values, ...]:
    """Return, for all pairs, rows, sums of x, x², xy, x²y² and x³y of the scaled columns, over rows known in both."""
    k = len(columns)
    totals = np.zeros((6, k, k))
    rows = len(columns[0]) if columns else 0
    step = max(_CELLS // max(k, 1), 1)
    for begin in range(0, rows, step):
        z = np.stack([own[begin : begin + step] for own in columns])
        z -= centre[:, None]
        z /= scale[:, None]
        missing = np.isnan(z)
        complete = not missing.any()
        known = np.ones_like(z) if complete else (~missing).astype(np.float64)
        if not complete:
            z[missing] = 0.0
        squares = z * z
        products = [(z, z), (squares, squares), (squares * z, z)]
        if complete:
            totals[0] += z.shape[1]
            totals[1] += z.sum(axis=1)[:, None]
            totals[2] += squares.sum(axis=1)[:, None]
        else:
            totals[0] += known @ known.T
            totals[1] += z @ known.T
            totals[2] += squares @ known.T
        for place, (first, second) in enumerate(products, 3):
            totals[place] += first @ second.T
    return tuple(totals)


def _from_sums(n: Values, x: Values, xx: Values, xy: Values, xxyy: Values, xxxy: Values) -> tuple[Values, Values]:
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = xx - x * x / n
        r = (xy - x * x.T / n) / np.sqrt(spread * spread.T)
        # variance of zx·zy - r/2·(zx² + zy²); means over a pair's rows differ little from those over a column's
        fourth = np.diag(xxyy)[:, None]
        corner = xxyy + r**2 / 4.0 * (fourth + fourth.T + 2.0 * xxyy) - r * (xxxy + xxxy.T)
        error = np.sqrt(np.maximum(corner / n, 0.0) / n)
    value = np.clip(np.where(spread > 0, np.where(spread.T > 0, r, np.nan), np.nan), -1.0, 1.0)
    return value, np.nan_to_num(error, nan=0.0)


def _is_narrow(n: Values, x: Values, xx: Values, *_: Values) -> NDArray[np.bool_]:
    with np.errstate(divide="ignore", invalid="ignore"):
        thin = ~((xx - x * x / n) / n > _NARROW)
    return thin | thin.T


def _direct(first: Values, second: Values) -> float:
    known = ~(np.isnan(first) | np.isnan(second))
    x, y = first[known], second[known]
    if x.min() == x.max() or y.min() == y.max():
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))
