"""Closed-form intervals for proportions, their differences and ratios. All of them take scalars or arrays.

They hold where a bootstrap does not: with counts at zero, or in every row of a group.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Values = NDArray[np.float64]

Ends = tuple["Values", "Values"]


def _quantile(level: float) -> float:
    """Return the standard normal quantile of a two-sided interval."""
    return NormalDist().inv_cdf(0.5 + level / 2.0)


def t_quantile(level: float, freedom: int | None) -> float:
    """Return the quantile of a two-sided interval under Student's t with ``freedom`` degrees, or the normal for None."""
    if freedom is None:
        return _quantile(level)
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2.0, freedom))


def standard_deviation_interval(deviation: float, n: int, level: float) -> tuple[float, float]:
    """Return the interval of a standard deviation of normal values (chi-squared pivot).

    Args:
        deviation: Estimate with ``n`` - 1 in its denominator, at least 0.
        n: Number of values, at least 2.
        level: Confidence level, in (0, 1).
    """
    from scipy.stats import chi2

    tail = (1.0 - level) / 2.0
    squares = deviation**2 * (n - 1)
    low, high = (float(np.sqrt(squares / chi2.ppf(q, n - 1))) for q in (1.0 - tail, tail))
    return low, high


def _floats(*numbers: ArrayLike) -> list[Values]:
    return [np.asarray(array, dtype=np.float64) for array in np.broadcast_arrays(*numbers)]


def wilson(successes: ArrayLike, n: ArrayLike, level: float) -> Ends:
    """Return Wilson's score interval of a proportion (Wilson, 1927; Newcombe, 1998a, method 3).

    Args:
        successes: Counts, 0 to ``n``.
        n: Counts; 0 gives the whole of [0, 1].
        level: Confidence level, in (0, 1).

    Returns:
        Low and high ends, in [0, 1], of the broadcast shape; exactly 0 or 1 where no or every row is a success.
    """
    x, total = _floats(successes, n)
    z2 = _quantile(level) ** 2
    safe = np.maximum(total, 1.0)
    p = x / safe
    centre = p + z2 / (2.0 * safe)
    half = np.sqrt(z2 * (p * (1.0 - p) + z2 / (4.0 * safe)) / safe)
    scale = 1.0 + z2 / safe
    low = np.where(x <= 0, 0.0, (centre - half) / scale)
    high = np.where(x >= total, 1.0, (centre + half) / scale)
    return low, high


def newcombe_difference(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float) -> Ends:
    """Return the hybrid score interval of ``x1/n1 - x2/n2``, independent samples (Newcombe, 1998b, method 10).

    Args:
        x1: Successes of the first sample.
        n1: Its size; a size of 0 in either sample gives [-1, 1].
        x2: Successes of the second sample.
        n2: Its size.
        level: Confidence level, in (0, 1).

    Returns:
        Low and high ends, in [-1, 1], of the broadcast shape.
    """
    a, m, b, n = _floats(x1, n1, x2, n2)
    p, q = a / np.maximum(m, 1.0), b / np.maximum(n, 1.0)
    (p_low, p_high), (q_low, q_high) = wilson(a, m, level), wilson(b, n, level)
    low = p - q - np.hypot(p - p_low, q_high - q)
    high = p - q + np.hypot(p_high - p, q - q_low)
    empty = (m == 0) | (n == 0)
    return np.where(empty, -1.0, np.maximum(low, -1.0)), np.where(empty, 1.0, np.minimum(high, 1.0))


def newcombe_paired(both: ArrayLike, first: ArrayLike, second: ArrayLike, neither: ArrayLike, level: float) -> Ends:
    """Return the hybrid score interval of a difference of paired proportions (Newcombe, 1998c, method 10).

    Args:
        both: Rows in which both succeed.
        first: Rows in which only the first succeeds.
        second: Rows in which only the second succeeds.
        neither: Rows in which none succeeds.
        level: Confidence level, in (0, 1).

    Returns:
        Low and high ends of ``(first - second) / rows``, in [-1, 1], of the broadcast shape; [-1, 1] without rows.
    """
    e, f, g, h = _floats(both, first, second, neither)
    n = e + f + g + h
    safe = np.maximum(n, 1.0)
    p, q = (e + f) / safe, (e + g) / safe
    (p_low, p_high), (q_low, q_high) = wilson(e + f, n, level), wilson(e + g, n, level)
    phi = _correlation(e, f, g, h)
    low = p - q - _correlated(p - p_low, q_high - q, phi)
    high = p - q + _correlated(p_high - p, q - q_low, phi)
    return np.where(n == 0, -1.0, np.maximum(low, -1.0)), np.where(n == 0, 1.0, np.minimum(high, 1.0))


def _correlated(first: Values, second: Values, phi: Values) -> Values:
    squared = first**2 - 2.0 * phi * first * second + second**2
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)), dtype=np.float64)  # rounding may take 0 below 0


def _correlation(e: Values, f: Values, g: Values, h: Values) -> Values:
    """Return the phi coefficient, a positive one corrected for continuity; 0 where a margin is empty."""
    root = np.sqrt((e + f) * (g + h) * (e + g) * (f + h))
    product = e * h - f * g
    corrected = np.where(product > 0, np.maximum(product - (e + f + g + h) / 2.0, 0.0), product)
    return np.asarray(np.where(root > 0, corrected / np.where(root > 0, root, 1.0), 0.0), dtype=np.float64)


def mover_sum(estimates: ArrayLike, lows: ArrayLike, highs: ArrayLike, signs: Sequence[int]) -> Ends:
    """Return the interval of a signed sum of independent estimates from their own intervals (MOVER, Zou & Donner, 2008).

    Args:
        estimates: Shape (terms, ...).
        lows: Low ends of their intervals, the same shape.
        highs: High ends, the same shape.
        signs: +1 or -1 for each term.

    Returns:
        Low and high ends of ``sum(sign * estimate)``, shape (...).
    """
    centre, low, high = _floats(estimates, lows, highs)
    sign = np.reshape(np.asarray(signs, dtype=np.float64), (-1, *([1] * (centre.ndim - 1))))
    total = (sign * centre).sum(axis=0)
    down = np.where(sign > 0, centre - low, high - centre)
    up = np.where(sign > 0, high - centre, centre - low)
    return total - np.sqrt((down**2).sum(axis=0)), total + np.sqrt((up**2).sum(axis=0))


def log_ratio_interval(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float
) -> tuple[Values, Values, Values]:
    """Return log of the ratio of ``x1/n1`` to ``x2/n2`` with half a row added (Walter, 1975; Gart & Nam, 1988).

    In a sample in which every row is a success the published variance is 0; there it is taken at half a success less, so
    that such a sample keeps some uncertainty.

    Returns:
        Estimate, low and high ends, of the broadcast shape; finite for every count.
    """
    a, m, b, n = _floats(x1, n1, x2, n2)
    estimate = np.log((a + 0.5) / (m + 0.5)) - np.log((b + 0.5) / (n + 0.5))
    half = _quantile(level) * np.sqrt(_log_variance(a, m) + _log_variance(b, n))
    return estimate, estimate - half, estimate + half


def _log_variance(x: Values, n: Values) -> Values:
    inside = np.where((x >= n) & (n > 0), n - 0.5, x)
    return np.asarray(1.0 / (inside + 0.5) - 1.0 / (n + 0.5), dtype=np.float64)


def log_odds_interval(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float
) -> tuple[Values, Values, Values]:
    """Return the log odds ratio of ``x1`` in ``n1`` to ``x2`` in ``n2`` (Gart, 1966).

    Half a row is added to each of the four cells (Haldane, 1956).

    Returns:
        Estimate, low and high ends, of the broadcast shape; finite for every count.
    """
    a, m, b, n = _floats(x1, n1, x2, n2)
    cells = [a + 0.5, m - a + 0.5, b + 0.5, n - b + 0.5]
    estimate = np.log(cells[0]) - np.log(cells[1]) - np.log(cells[2]) + np.log(cells[3])
    half = _quantile(level) * np.sqrt(sum(1.0 / cell for cell in cells))
    return estimate, estimate - half, estimate + half


def mann_whitney_interval(theta: float, m: int, n: int, level: float) -> tuple[float, float]:
    """Return the score-like interval of P(X > Y) + P(X = Y) / 2 from two samples (Newcombe, 2006, method 5).

    It holds where all pairs agree, too, and is cautious with ties.

    Args:
        theta: Estimate, in [0, 1].
        m: Size of the first sample, at least 1.
        n: Size of the second, at least 1.
        level: Confidence level, in (0, 1).

    Returns:
        Low and high ends, in [0, 1].
    """
    from scipy.optimize import root_scalar

    z2 = _quantile(level) ** 2
    common = (m + n) / 2.0 - 1.0

    def excess(true: float) -> float:
        spread = 1.0 + common * ((1.0 - true) / (2.0 - true) + true / (1.0 + true))
        return (true - theta) ** 2 - z2 * true * (1.0 - true) * spread / (m * n)

    inner = 1e-9  # 0 and 1 are roots themselves when the estimate is there
    low = 0.0 if theta <= 0.0 else float(root_scalar(excess, bracket=(0.0, min(theta, 1.0 - inner))).root)
    high = 1.0 if theta >= 1.0 else float(root_scalar(excess, bracket=(max(theta, inner), 1.0)).root)
    return low, high
