"""Spreads of several estimates: the largest less the smallest, which sampling alone makes larger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]


def shrunk(values: Values, variances: Values) -> Values:
    """Return estimates drawn together as far as they differ by no more than sampling makes them (after James & Stein, 1961).

    The estimates themselves lie further apart than what they estimate. What is drawn around them shows too small a bias of
    their spread, above all where the truth does not differ at all.

    Args:
        values: Independent estimates, shape (k,).
        variances: Of the estimates, shape (k,), all positive or all 0.
    """
    if len(values) < 2 or not (variances > 0).all():  # noqa: PLR2004 - one estimate has no spread
        return values
    weights = 1.0 / variances
    centre = float((weights * values).sum() / weights.sum())
    found = float((weights * (values - centre) ** 2).sum())
    kept = max(1.0 - (len(values) - 1) / found, 0.0) if found > 0 else 0.0
    return np.asarray(centre + np.sqrt(kept) * (values - centre), dtype=np.float64)


def widened(low: float, high: float, bias: float) -> tuple[float, float]:
    """Return an interval made longer on the side on which the truth lies if the estimate is off by ``bias``."""
    return low - max(bias, 0.0), high - min(bias, 0.0)
