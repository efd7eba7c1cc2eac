"""Continuous values as normal scores, through a quantile function that shows no value of fewer than ten rows at its ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CLIPPED = 10  # the smallest and largest values produced are the tenth smallest and tenth largest
_SEGMENTS = 2000


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A piecewise linear quantile function.

    Segment k covers probabilities ``edges[k]`` to ``edges[k + 1]`` and values ``low[k]`` to ``high[k]``; it is flat where
    ``low[k] == high[k]``, which is how a value that many rows share keeps its share.

    Attributes:
        edges: Increasing from 0 to 1, shape (segments + 1,).
        low: Shape (segments,), not decreasing.
        high: Shape (segments,).
    """

    edges: Floats
    low: Floats
    high: Floats

    def scores(self, values: Floats, rng: np.random.Generator) -> Floats:
        """Return normal scores of values; a value of a flat segment gets a random place within it."""
        from scipy.special import ndtri

        inside = np.clip(values, self.low[0], self.high[-1])
        place = self.segments(values)
        width = self.high[place] - self.low[place]
        draws = rng.random(len(values))
        share = np.where(width > 0, np.clip((inside - self.low[place]) / np.where(width > 0, width, 1), 0, 1), draws)
        u = self.edges[place] + share * (self.edges[place + 1] - self.edges[place])
        return np.asarray(ndtri(np.clip(u, 1e-6, 1 - 1e-6)), dtype=np.float64)

    def segments(self, values: Floats) -> NDArray[np.int32]:
        """Return the segment of each value, shape (rows,)."""
        inside = np.clip(values, self.low[0], self.high[-1])
        return np.clip(np.searchsorted(self.low, inside, side="right") - 1, 0, len(self.low) - 1).astype(np.int32)

    def within(self, segments: NDArray[np.int64], shares: Floats) -> Floats:
        """Return the values that lie at ``shares``, 0 to 1, of the way through segments."""
        return np.asarray(self.low[segments] + shares * (self.high[segments] - self.low[segments]), dtype=np.float64)

    def values(self, scores: Floats) -> Floats:
        """Return the values of normal scores."""
        from scipy.special import ndtr

        u = np.clip(ndtr(np.nan_to_num(scores)), 0, np.nextafter(1, 0))
        place = np.clip(np.searchsorted(self.edges, u, side="right") - 1, 0, len(self.low) - 1)
        share = (u - self.edges[place]) / (self.edges[place + 1] - self.edges[place])
        return self.within(place, share)

    def document(self) -> dict[str, Any]:
        """Return the JSON-ready form."""
        return {"edges": self.edges.tolist(), "low": self.low.tolist(), "high": self.high.tolist()}

    @classmethod
    def read(cls, document: Any) -> Quantiles:
        """Return what :meth:`document` wrote.

        Raises:
            ValueError: When it does not have that form.
        """
        edges, low, high = (np.array(document[key], dtype=np.float64) for key in ("edges", "low", "high"))
        shaped = edges.ndim == low.ndim == high.ndim == 1 and len(edges) == len(low) + 1 == len(high) + 1 and len(low)
        if not shaped or not (np.isfinite(edges).all() and np.isfinite(low).all() and np.isfinite(high).all()):
            raise ValueError("malformed quantiles")
        if (np.diff(edges) <= 0).any() or (np.diff(low) < 0).any() or (high < low).any():
            raise ValueError("malformed quantiles")
        return cls(edges, low, high)


def fit_quantiles(values: Floats, least: int | None = None) -> Quantiles:
    """Fit the quantile function of values without gaps, shape (rows,), at least one.

    Values are cut into runs of at least ``least`` rows each, by default ten (more in a long table); a value with as many rows
    of its own is a flat segment, a run of rarer ones a line from its smallest to its largest.
    """
    ordered = np.sort(values)
    margin = min(CLIPPED - 1, (len(ordered) - 1) // 2)
    ordered = np.clip(ordered, ordered[margin], ordered[len(ordered) - 1 - margin])
    distinct, counts = np.unique(ordered, return_counts=True)
    least = max(CLIPPED, len(ordered) // _SEGMENTS if least is None else least)
    starts = _segment_starts(counts, least)
    ends = np.append(starts[1:], len(distinct)) - 1
    held = np.add.reduceat(counts, starts)
    edges = np.append(0.0, np.cumsum(held) / len(ordered))
    edges[-1] = 1.0
    low, high = distinct[starts], distinct[ends]
    thin = np.flatnonzero(held[1:-1] < CLIPPED) + 1
    # a thin run between two common values reaches halfway to its neighbours, so that it does not repeat its own few values
    low[thin] = (distinct[starts[thin] - 1] + distinct[starts[thin]]) / 2
    high[thin] = (distinct[ends[thin]] + distinct[ends[thin] + 1]) / 2
    return Quantiles(edges, low, high)


def fit_bins(values: Floats, most: int, least: int = CLIPPED) -> Quantiles:
    """Fit a quantile function of at most ``most`` segments of at least ``least`` rows, as fine as that allows."""
    while True:
        found = fit_quantiles(values, least)
        if len(found.low) <= most or least >= len(values):
            return found
        least = math.ceil(least * min(max(len(found.low) / most, 1.1), 2.0))


def _segment_starts(counts: NDArray[np.int64], least: int) -> NDArray[np.int64]:
    starts, held = [0], 0
    for place, count in enumerate(counts.tolist()):
        alone = count >= least
        if place > starts[-1] and (alone or held >= least):
            starts.append(place)
            held = 0
        held += count
        if alone and place + 1 < len(counts):
            starts.append(place + 1)
            held = 0
    return np.array(list(dict.fromkeys(starts)), dtype=np.int64)
