"""The true positive rate of a score at a fixed false positive rate, when the threshold is estimated too.

The reporting rule of Carlini et al. (2022, "Membership inference attacks from first principles"): an attack that is sure of a
few is worse than one that is right about many a little more often than not, and an average hides it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.statistics.intervals import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A true positive rate at a fixed false positive rate.

    Attributes:
        rate: Estimate, in [0, 1].
        low: Low end of its interval.
        high: High end.
    """

    rate: float
    low: float
    high: float


def true_positive_rate(positives: Values, negatives: Values, false_rate: float, level: float) -> OperatingPoint:
    """Return the share of positives above the threshold that a share ``false_rate`` of all negatives exceeds.

    The threshold lies between order statistics of the negatives. The share of *all* negatives above the k-th largest of n is
    Beta(k, n + 1 - k) distributed, whatever the score is, so the estimate is unbiased where positives and negatives are alike,
    and the threshold's own uncertainty is known exactly. It is put together with that of the share above it (Wilson, 1927) by
    the method of variance estimates recovery (Zou & Donner, 2008). Ties are broken at random, in expectation. Where no order
    statistic is surely high enough, the low end is that of a test that accuses at random among those above the highest
    negative, as often as the false positive rate allows.

    Args:
        positives: Scores, shape (m,), m at least 1; higher means positive.
        negatives: Scores, shape (n,), n at least 1.
        false_rate: False positive rate, in (0, 1).
        level: Confidence level, in (0, 1).
    """
    n, tail = len(negatives), (1.0 - level) / 2.0
    above = _above(positives, negatives)

    def at(place: float) -> float:
        return float(np.interp(place, np.arange(n + 1), above))

    rate = at(false_rate * (n + 1))
    surely_high, surely_low = (_place(n, false_rate, probability) for probability in (1.0 - tail, tail))
    # the share of all negatives above the highest of n is at most 1 - tail^(1/n), but for a chance of tail
    least = at(surely_high) if surely_high >= 1 else at(1) * min(1.0, false_rate / (1.0 - tail ** (1.0 / n)))
    most = at(surely_low)
    low, high = wilson(rate * len(positives), len(positives), level)
    return OperatingPoint(
        rate,
        max(rate - float(np.hypot(rate - low, max(rate - least, 0.0))), 0.0),
        min(rate + float(np.hypot(high - rate, max(most - rate, 0.0))), 1.0),
    )


def chance_excess(m: int, n: int, false_rate: float, level: float, rng: np.random.Generator, draws: int) -> float:
    """Return what the excess of the estimate over ``false_rate`` stays under, with probability ``level``, if all are alike.

    Args:
        m: Number of positives.
        n: Number of negatives.
        false_rate: False positive rate, in (0, 1).
        level: Probability, in (0, 1).
        rng: Source of randomness.
        draws: Number of simulated samples.
    """
    place = false_rate * (n + 1)
    below = int(place)
    first = rng.beta(below, n + 1 - below, draws) if below else np.zeros(draws)
    second = first + (1.0 - first) * rng.beta(1, n - below, draws) if below < n else np.ones(draws)
    counted = rng.binomial(m, first)
    further = rng.binomial(m - counted, np.clip((second - first) / np.maximum(1.0 - first, 1e-12), 0.0, 1.0))
    rates = (counted + (place - below) * further) / m
    return max(float(np.quantile(rates, level)) - false_rate, 0.0)


def high_at_rate(rate: float, m: int, n: int, false_rate: float, level: float) -> float:
    """Return about how high the interval reaches for ``m`` positives like ``n`` negatives, if the estimate is ``rate``.

    It needs the numbers of rows alone, so it can be known before the rows are looked at. About: the curve is taken to rise as
    that of equal distributions does, from the estimate on.
    """
    _, high = wilson(rate * m, m, level)
    most = min(_place(n, false_rate, (1.0 - level) / 2.0) / (n + 1), 1.0)
    return min(rate + float(np.hypot(high - rate, most - false_rate)), 1.0)


def _above(positives: Values, negatives: Values) -> Values:
    """Return the share of positives above the k-th largest negative, k = 0 (above everything) to n, shape (n + 1,)."""
    thresholds = np.sort(negatives)[::-1]
    known = np.sort(positives)
    strictly = len(known) - np.searchsorted(known, thresholds, "right")
    at_least = len(known) - np.searchsorted(known, thresholds, "left")
    first, last = (np.searchsorted(-thresholds, -thresholds, side) for side in ("left", "right"))
    # of the positives that tie with b negatives, j in b + 1 come before the j-th of them
    share = (np.arange(len(thresholds)) - first + 1) / (last - first + 1)
    return np.concatenate([[0.0], (strictly + (at_least - strictly) * share) / len(known)])


@cache
def _place(n: int, false_rate: float, probability: float) -> float:
    """Return the place among n order statistics above which a share under ``false_rate`` lies with ``probability``."""
    from scipy import optimize
    from scipy.special import betainc

    def miss(place: float) -> float:
        return float(betainc(place, n + 1 - place, false_rate)) - probability

    edge = 1e-9
    solve: Any = optimize.brentq
    return float(solve(miss, edge, n + 1 - edge))
