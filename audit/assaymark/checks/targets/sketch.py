"""A numeric target by group as a histogram: fine enough for means, quantiles and distances, small enough to resample.

The edges are quantiles of real and synthetic values together, and every value that is common gets a bin of its own; with few
distinct values each of them does. So a million rows become some hundred counts a group, and a thousand bootstrap tables of
them take a blink.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

QUANTILES = 256


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of a number line, each open on the left and closed on the right.

    Attributes:
        edges: Right ends, ascending, shape (bins,); the last one is the largest value.
        lows: Left ends, shape (bins,); of a bin of one value, that value.
        centres: Mean of the values in each bin, shape (bins,).
    """

    edges: Values
    lows: Values
    centres: Values

    def codes(self, values: Values) -> NDArray[np.intp]:
        """Return the bin of each value, shape of ``values``; all values must be among those that the bins were made of."""
        return np.searchsorted(self.edges, values, side="left")


def make_bins(values: Values) -> Bins:
    """Return bins of ``values``, which are finite; at most twice :data:`QUANTILES` of them."""
    ordered = np.sort(values)
    places = np.unique(np.linspace(0, len(ordered) - 1, QUANTILES + 1).astype(np.intp))
    cuts = ordered[places]
    levels = np.unique(ordered) if len(ordered) else ordered
    common = levels if len(levels) <= QUANTILES else np.unique(cuts[1:][cuts[1:] == cuts[:-1]])
    edges = np.unique(np.concatenate([cuts, common, np.nextafter(common, -np.inf)]))
    ends = np.searchsorted(ordered, edges, side="right")
    starts = np.concatenate([[0], ends[:-1]])
    filled = ends > starts
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    starts, ends = starts[filled], ends[filled]
    return Bins(ordered[ends - 1], ordered[starts], (sums[ends] - sums[starts]) / (ends - starts))


def mean(counts: NDArray[np.int64], bins: Bins) -> Values:
    """Return the mean of each table, from counts of shape (..., bins); NaN without rows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts @ bins.centres / counts.sum(axis=-1), dtype=np.float64)


def quantile(counts: NDArray[np.int64], bins: Bins, q: float) -> Values:
    """Return the smallest value that a share ``q`` of the rows does not exceed, straight within a bin; NaN without rows."""
    total = counts.sum(axis=-1)
    below = np.cumsum(counts, axis=-1)
    wanted = q * total[..., None]
    place = np.minimum((below < wanted - 1e-9 * total[..., None]).sum(axis=-1), counts.shape[-1] - 1)
    inside = np.take_along_axis(counts, place[..., None], axis=-1)[..., 0]
    before = np.take_along_axis(below, place[..., None], axis=-1)[..., 0] - inside
    part = np.clip((wanted[..., 0] - before) / np.maximum(inside, 1), 0.0, 1.0)
    found = bins.lows[place] + part * (bins.edges[place] - bins.lows[place])
    return np.where(total > 0, found, np.nan)


def wasserstein(first: NDArray[np.int64], second: NDArray[np.int64], bins: Bins) -> Values:
    """Return the area between the two distribution functions (Vallender, 1974); NaN where either has no row."""
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.cumsum(first, axis=-1) / first.sum(axis=-1, keepdims=True)
        gap = gap - np.cumsum(second, axis=-1) / second.sum(axis=-1, keepdims=True)
    return np.asarray(np.abs(gap[..., :-1]) @ np.diff(bins.centres), dtype=np.float64)
