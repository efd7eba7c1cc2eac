"""Many tests at once: p-values read off intervals, and their adjustment."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def beyond_margin(effect: float, near: float, margin: float, level: float) -> float:
    """Return the one-sided p-value of an effect that is really within a margin.

    The standard error is read off the interval's half width on the side of the margin (Altman & Bland, 2011, BMJ 343:d2304), so
    the p-value is below ``(1 - level) / 2`` if and only if the near end lies beyond the margin.

    Args:
        effect: Estimate, counted away from zero.
        near: The end of its interval that is nearer to the margin, at most ``effect``.
        margin: Largest effect that does not count.
        level: Confidence level of the interval, in (0, 1).

    Returns:
        In [0, 1]; 0 or 1 where the interval has no width.
    """
    half = effect - near
    if not half > 0:
        return 0.0 if effect > margin else 1.0
    error = half / NormalDist().inv_cdf(0.5 + level / 2.0)
    return NormalDist().cdf((margin - effect) / error)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted so that the chance of any false rejection is bounded, whatever their dependence (Holm, 1979).

    Args:
        p: Shape (m,), in [0, 1].

    Returns:
        Shape (m,), in [0, 1].
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted so that the expected share of false ones among rejections is bounded (1995).

    Args:
        p: Shape (m,), in [0, 1]; independent or positively dependent.

    Returns:
        Shape (m,), in [0, 1].
    """
    from scipy.stats import false_discovery_control

    values = np.asarray(p, dtype=np.float64)
    return np.asarray(false_discovery_control(values, method="bh"), dtype=np.float64) if len(values) else values
