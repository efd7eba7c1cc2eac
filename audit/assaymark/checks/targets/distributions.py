"""What sets the classes of two groups apart: distances of their shares, and how they rank where classes have an order.

Every function takes tables whose first two rows are the two groups, shape (..., 2 or more, cells), and returns shape (...).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.effects import Estimate
from assaymark.checks.targets.changes import Change, Draws, signed_change
from assaymark.checks.targets.class_scope import shares
from assaymark.statistics.intervals import mann_whitney_interval, mover_sum
from assaymark.statistics.outcomes import BiasEffect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]

_SPARSE = 10  # rows outside a group's most frequent level below which a percentile interval is too short


def total_variation(cells: Cells) -> Values:
    """Return half the summed distance of the shares, in [0, 1]."""
    p = shares(cells)
    return np.asarray(np.abs(p[..., 0, :] - p[..., 1, :]).sum(axis=-1) / 2.0, dtype=np.float64)


def jensen_shannon(cells: Cells) -> Values:
    """Return the Jensen-Shannon distance to base 2, in [0, 1] (Endres & Schindelin, 2003)."""
    p = shares(cells)
    first, second = p[..., 0, :], p[..., 1, :]
    middle = (first + second) / 2.0
    divergence = (_relative_entropy(first, middle) + _relative_entropy(second, middle)) / 2.0
    return np.sqrt(np.maximum(divergence, 0.0))  # rounding may take 0 below 0


def _relative_entropy(p: Values, q: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == 0, 0.0, p * np.log2(p / q))
    return np.asarray(terms.sum(axis=-1), dtype=np.float64)


def mean_ridits(cells: Cells) -> Values:
    """Return each group's mean ridit against all rows together, shape (groups,): 0.5 on average (Bross, 1958)."""
    p = shares(cells.sum(axis=0))
    ridits = np.cumsum(p) - p / 2.0
    return np.asarray(shares(cells) @ ridits, dtype=np.float64)


def dominance(cells: Cells) -> Values:
    """Return P(first > second) - P(first < second), in [-1, 1] (Cliff, 1993; Agresti, 2010, section 2.1)."""
    p = shares(cells)
    first, second = p[..., 0, :], p[..., 1, :]
    below = np.cumsum(second, axis=-1) - second
    above = 1.0 - np.cumsum(second, axis=-1)
    return np.asarray((first * (below - above)).sum(axis=-1), dtype=np.float64)


def superiority(cells: Cells) -> float:
    """Return P(first > second) + P(first = second) / 2, in [0, 1]."""
    return float(dominance(cells) + 1.0) / 2.0


def dominance_change(real: Cells, synthetic: Cells, level: float, draws: Draws) -> Change:
    """Return the change of :func:`dominance`: by closed forms where a group has nearly all its rows in one level."""
    change = signed_change(float(dominance(real)), float(dominance(synthetic)), draws, level)
    if all((table.sum(axis=1) - table.max(axis=1)).min() >= _SPARSE for table in (real, synthetic)):
        return change
    (a, a_low, a_high), (b, b_low, b_high) = (_closed(table, level) for table in (real, synthetic))
    low, high = mover_sum([b, a], [b_low, a_low], [b_high, a_high], [1, -1])
    sizes = [_absolute(b, b_low, b_high), _absolute(a, a_low, a_high)]
    estimates, lows, highs = np.array(sizes).T
    smaller, larger = mover_sum(estimates, lows, highs, [1, -1])
    effect = BiasEffect(a, (float(low), float(high)), (b_low, b_high), (float(smaller), float(larger)))
    return Change(Estimate(effect, b, b - a, a, b, change.estimate.null, "closed form"), b - a)


def _closed(cells: Cells, level: float) -> tuple[float, float, float]:
    theta = superiority(cells)
    low, high = mann_whitney_interval(theta, int(cells[0].sum()), int(cells[1].sum()), level)
    return 2.0 * theta - 1.0, 2.0 * low - 1.0, 2.0 * high - 1.0


def _absolute(estimate: float, low: float, high: float) -> tuple[float, float, float]:
    inner = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return abs(estimate), inner, max(abs(low), abs(high))
