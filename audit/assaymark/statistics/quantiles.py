"""Quantiles of a sample with intervals that hold for any distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def quantile_interval(values: NDArray[np.float64], share: float, level: float) -> tuple[float, float, float]:
    """Return a quantile and an interval of it between order statistics (David & Nagaraja, 2003, section 7.1).

    The number of values below the true quantile is binomial, whatever the distribution; so the interval covers it with at least
    probability ``level``.

    Args:
        values: Shape (n,), n at least 1.
        share: Which quantile, in (0, 1).
        level: Confidence level, in (0, 1).

    Returns:
        Estimate, low and high ends; an end is the extreme value where n is too small for it to be surely beyond the quantile.
    """
    from scipy.stats import binom

    known, n, tail = np.sort(values), len(values), (1.0 - level) / 2.0
    low, high = int(binom.ppf(tail, n, share)), int(binom.ppf(1.0 - tail, n, share)) + 1
    return float(np.quantile(known, share)), float(known[max(low - 1, 0)]), float(known[min(high, n) - 1])
