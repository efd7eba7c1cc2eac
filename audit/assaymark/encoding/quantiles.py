"""Continuous values as normal scores, through a quantile function that shows no value of fewer than ten rows at its ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CLIPPED = 10  # no value is produced beyond the tenth smallest and tenth largest, and no knot held by fewer rows
_SEGMENTS = 2000
_NEAR = 1e-6  # share of a step, or of a run, that is next to nothing


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
        inside = np.clip(values, self.low[0], self.high[-1])
        place = self.segments(values)
        width = self.high[place] - self.low[place]
        draws = rng.random(len(values))
        share = np.where(width > 0, np.clip((inside - self.low[place]) / np.where(width > 0, width, 1), 0, 1), draws)
        u = self.edges[place] + share * (self.edges[place + 1] - self.edges[place])
        return self.score(u)

    @staticmethod
    def score(u: Floats) -> Floats:
        """Return the normal scores of probabilities."""
        from scipy.special import ndtri

        return np.asarray(ndtri(np.clip(u, 1e-6, 1 - 1e-6)), dtype=np.float64)

    def segments(self, values: Floats) -> NDArray[np.int32]:
        """Return the segment of each value, shape (rows,)."""
        begins = np.maximum((self.high[:-1] + self.low[1:]) / 2, self.low[:-1])  # a value between two belongs to the nearer
        return np.searchsorted(begins, values, side="right").astype(np.int32)

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


def fit_quantiles(values: Floats, least: int | None = None, step: float | None = None) -> Quantiles:
    """Fit the quantile function of values without gaps, shape (rows,), at least one.

    Values are cut into runs of at least ``least`` rows each, by default ten (more in a long table); a value with as many rows
    of its own is a flat segment, a run of rarer ones a line. Where a run begins and ends is told by values that ten rows hold,
    or by the middle of two values that fewer do, so that no knot is one person's value.

    Args:
        values: The values.
        least: Rows of a segment.
        step: Values are multiples of this, and so are the knots; None for any value.
    """
    ordered = np.sort(values)
    distinct, counts = np.unique(ordered, return_counts=True)
    bottom, top = _bounds(ordered, distinct, counts, step)
    common = np.isin(np.clip(distinct, bottom, top), [bottom, top]) | (counts >= CLIPPED)
    distinct, first, inverse = np.unique(np.clip(distinct, bottom, top), return_index=True, return_inverse=True)
    counts, common = np.bincount(inverse, weights=counts).astype(np.int64), common[first]
    least = max(CLIPPED, len(ordered) // _SEGMENTS if least is None else least)
    starts = _segment_starts(counts, least)
    ends = np.append(starts[1:], len(distinct)) - 1
    held = np.add.reduceat(counts, starts)
    edges = np.append(0.0, np.cumsum(held) / len(ordered))
    edges[-1] = 1.0
    low, high = _knots(distinct, common, starts, ends, step)
    return Quantiles(edges, low, high)


def _bounds(ordered: Floats, distinct: Floats, counts: NDArray[np.int64], step: float | None) -> tuple[float, float]:
    """Return the smallest and largest value to produce: the tenth from either end, or a little further in."""
    margin = min(CLIPPED - 1, (len(ordered) - 1) // 2)

    def bound(place: int, inwards: int) -> float:
        following = place + inwards
        if counts[place] >= CLIPPED or not 0 <= following < len(distinct):
            return float(distinct[place])
        if counts[following] >= CLIPPED:
            return float(distinct[following])
        middle = (distinct[place] + distinct[following]) / 2
        return float(-_floor(-middle, step) if inwards > 0 else _floor(middle, step))

    bottom = bound(int(np.searchsorted(distinct, ordered[margin])), 1)
    top = bound(int(np.searchsorted(distinct, ordered[len(ordered) - 1 - margin])), -1)
    if bottom > top:  # so few rows that the ends meet
        bottom = top = float(_floor((bottom + top) / 2, step))
    return bottom, top


def _knots(
    distinct: Floats, common: NDArray[np.bool_], starts: NDArray[np.int64], ends: NDArray[np.int64], step: float | None
) -> tuple[Floats, Floats]:
    """Return where segments begin and end, telling no value that fewer than ten rows hold.

    Two runs that meet between two rare values share their middle. Next to a common value, which is told, that middle would
    tell the rare one; a run begins there between its two first values, or right behind the common one.
    """
    low, high = distinct[starts].copy(), distinct[ends].copy()
    inner = np.append((distinct[:-1] + distinct[1:]) / 2, distinct[-1])
    pair = np.append(~common[:-1] & ~common[1:], False)
    rare_low, rare_high = ~common[starts], ~common[ends]
    before, after = np.maximum(starts - 1, 0), np.minimum(ends + 1, len(distinct) - 1)
    meets_low, meets_high = rare_low & ~common[before] & (starts > 0), rare_high & ~common[after] & (ends < len(distinct) - 1)
    within = (ends - starts > 1) & (ends > starts)
    inside_low, inside_high = rare_low & ~meets_low & within & pair[starts], rare_high & ~meets_high & within & pair[ends - 1]
    beside_low, beside_high = rare_low & ~meets_low & ~inside_low, rare_high & ~meets_high & ~inside_high
    unit = step or 0.0
    high[meets_high] = _floor(inner[ends[meets_high]], step)
    low[meets_low] = _floor(inner[before[meets_low]], step) + unit
    high[inside_high] = _floor(inner[ends[inside_high] - 1], step)
    low[inside_low] = -_floor(-inner[starts[inside_low]], step)
    high[beside_high] = distinct[after[beside_high]] - unit
    near = distinct[before[beside_low]]
    low[beside_low] = near + (unit or _NEAR * (high[beside_low] - near))
    return low, np.maximum(low, high)


def _floor(values: Any, step: float | None) -> Any:
    """Return the largest multiples of a step that are not larger."""
    if step is None:
        return values
    places = np.floor(np.asarray(values) / step + _NEAR)
    return np.round(places * step, max(0, round(-np.log10(step)))) if step < 1 else places * step


def fit_bins(values: Floats, most: int, least: int = CLIPPED, step: float | None = None) -> Quantiles:
    """Fit a quantile function of at most ``most`` segments of at least ``least`` rows, as fine as that allows."""
    while True:
        found = fit_quantiles(values, least, step)
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
