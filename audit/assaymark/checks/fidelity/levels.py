"""Columns of several tables as small whole numbers on one scale: encoded once, counted many times.

A category is a level of its own. Numbers are cut into the coarsest levels from which all definitions of a pair's table can be
put together: deciles and quintiles of real (ours), and ten equal widths of each table's own (SDMetrics'). All are steps that
go up with the number, so their common refinement has no more than some fifty levels, and one count of a pair serves all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Values = NDArray[np.float64]
    Codes = NDArray[np.integer]
    Counts = NDArray[np.int64]

CATEGORICAL_KINDS = frozenset({Kind.CATEGORICAL, Kind.BOOLEAN})
DECILES = tuple(place / 10 for place in range(1, 10))
QUINTILES = tuple(place / 5 for place in range(1, 5))

_SPAN = 2**22  # whole numbers within such a range are looked up in an array; others are sorted
_BLOCK = 2**15  # rows that are compared with all cuts at a time, so that they stay in the cache
_WIDTHS = 10  # equal widths, as SDMetrics cuts
_BEYOND = _WIDTHS + 1  # where SDMetrics puts the largest number, and with it what is missing
BINS = _BEYOND + 1  # codes of its bins, the first of which, for numbers below all edges, is not used
_NANOSECONDS = 1000.0  # SDMetrics cuts datetimes in nanoseconds


@dataclass(frozen=True, slots=True)
class Points:
    """The distinct numbers of a column in several tables, and how often each table has them.

    Attributes:
        values: Ascending, shape (points,).
        counts: One array a table, each shape (points,).
        missing: Missing values of each table.
    """

    values: Values
    counts: tuple[Counts, ...]
    missing: tuple[int, ...]

    def quantiles(self, table: int, shares: Sequence[float]) -> Values:
        """Return quantiles of one table by linear interpolation; none where no number is known."""
        upto = np.cumsum(self.counts[table])
        if not len(upto) or not upto[-1]:
            return np.zeros(0)
        place = (upto[-1] - 1) * np.asarray(shares, dtype=np.float64)
        below = np.floor(place)
        first, second = (self.values[np.searchsorted(upto, rank, side="right")] for rank in (below, np.ceil(place)))
        return np.asarray(np.where(first == second, first, first + (second - first) * (place - below)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of real, synthetic and, if there is one, holdout rows as levels; the highest level is for missing values.

    Attributes:
        column: The column.
        codes: One array a table, each shape (rows,), from 0, of the smallest type that holds ``width``.
        width: Number of levels.
        numbers: The values, one array a table; empty for categories.
        points: The distinct numbers; None for categories.
        deciles: For numbers, the decile of real that a level lies in; missing is the highest.
        quintiles: The same for quintiles.
        widths: For numbers, SDMetrics' bin of a level in each table.
        divided: For numbers, whether a table's can be cut into ten widths. If they lie too close together for their size, as
            those of a constant datetime do, SDMetrics gives no score.
        labels: For categories, the labels of the levels but the highest.
    """

    column: Column
    codes: tuple[Codes, ...]
    width: int
    numbers: tuple[Values, ...] = ()
    points: Points | None = None
    deciles: Counts | None = None
    quintiles: Counts | None = None
    widths: tuple[Counts, ...] = ()
    divided: tuple[bool, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def coarse_width(self) -> int:
        """Number of levels with numbers cut at the deciles of real."""
        return self.width if self.deciles is None else int(self.deciles.max()) + 1

    def counts(self, table: int) -> Counts:
        """Return the rows of each level."""
        return np.bincount(self.codes[table], minlength=self.width)

    def coarse(self, steps: Counts | None) -> tuple[tuple[Codes, ...], int]:
        """Return the codes in deciles or quintiles, or as they are for categories, and how many levels there are."""
        if steps is None:
            return self.codes, self.width
        narrow = steps.astype(_smallest(int(steps.max()) + 1))
        return tuple(narrow.take(own) for own in self.codes), int(steps.max()) + 1


def encode(tables: Sequence[Table], column: Column) -> Coded:
    """Return a column of several tables, real first, as levels."""
    if column.kind in CATEGORICAL_KINDS:
        return _categories(column, [table.labels(column.name) for table in tables])
    return numeric(column, [table.numbers(column.name) for table in tables])


def _categories(column: Column, coded: Sequence[tuple[NDArray[np.int32], tuple[str, ...]]]) -> Coded:
    labels = tuple(sorted({label for _, own in coded for label in own}))
    place = {label: code for code, label in enumerate(labels)}
    width = len(labels) + 1
    codes = []
    for own, names in coded:
        lookup = np.array([*(place[name] for name in names), width - 1], dtype=_smallest(width))  # -1, missing, is the last
        codes.append(lookup.take(own))
    return Coded(column, tuple(codes), width, labels=labels)


def numeric(column: Column, numbers: Sequence[Values]) -> Coded:
    """Return levels of numbers, NaN where missing."""
    offsets = _offsets(numbers)
    points = _sorted_points(numbers) if offsets is None else _looked_up_points(*offsets)
    scale = _NANOSECONDS if column.kind is Kind.DATETIME else 1.0
    cut = [_equal_widths(points, table, scale) for table in range(len(numbers))]
    widths = [np.zeros(len(points.values), dtype=np.int64) if levels is None else levels for levels in cut]
    deciles, quintiles = (_cut(points, shares) for shares in (DECILES, QUINTILES))
    starts = _changes([deciles, quintiles, *widths])
    width = len(starts) + 1
    if offsets is None:
        codes = [_compared(own, points.values[starts], width) for own in numbers]
    else:
        codes = _looked_up(offsets, points.values, starts, width)
    tops = (len(np.unique(points.quantiles(0, shares))) + 1 for shares in (DECILES, QUINTILES))
    coarse = [np.append(levels[starts], top) for levels, top in zip((deciles, quintiles), tops, strict=True)]
    return Coded(
        column,
        tuple(codes),
        width,
        numbers=tuple(numbers),
        points=points,
        deciles=coarse[0],
        quintiles=coarse[1],
        widths=tuple(np.append(levels[starts], _BEYOND) for levels in widths),
        divided=tuple(levels is not None for levels in cut),
    )


def _smallest(width: int) -> type[np.integer]:
    return np.uint8 if width <= 2**8 else np.uint16 if width <= 2**16 else np.int32


def _offsets(numbers: Sequence[Values]) -> tuple[float, int, list[NDArray[np.int32]]] | None:
    """Return lowest number, span and each number's place above the lowest (missing: the span); None unless all are whole."""
    gaps = [bool(np.isnan(own.sum())) for own in numbers]
    known = [own[~np.isnan(own)] if holes else own for own, holes in zip(numbers, gaps, strict=True)]
    ends = [(own.min(), own.max()) for own in known if len(own)]
    if not ends:
        return None
    low = float(min(first for first, _ in ends))
    span = float(max(last for _, last in ends)) - low + 1.0
    if not span <= _SPAN or low != np.floor(low):
        return None
    places = [_places(own, low, span, holes=holes) for own, holes in zip(numbers, gaps, strict=True)]
    whole = [place for place in places if place is not None]
    return (low, int(span), whole) if len(whole) == len(places) else None


def _places(own: Values, low: float, span: float, *, holes: bool) -> NDArray[np.int32] | None:
    places = np.empty(len(own), dtype=np.int32)
    for begin in range(0, len(own), _BLOCK):
        moved = own[begin : begin + _BLOCK] - low
        if holes:
            moved[np.isnan(moved)] = span
        block = places[begin : begin + _BLOCK]
        block[:] = moved
        if not (block == moved).all():
            return None
    return places


def _looked_up_points(low: float, span: int, places: Sequence[NDArray[np.int32]]) -> Points:
    counts = [np.bincount(place, minlength=span + 1) for place in places]
    used = np.flatnonzero(sum(own[:span] for own in counts))
    return Points(
        np.asarray(used + low, dtype=np.float64), tuple(own[used] for own in counts), tuple(int(own[span]) for own in counts)
    )


def _sorted_points(numbers: Sequence[Values]) -> Points:
    found = [np.unique(own[~np.isnan(own)], return_counts=True) for own in numbers]
    values = np.unique(np.concatenate([own for own, _ in found]))
    counts = []
    for own, often in found:
        place = np.zeros(len(values), dtype=np.int64)
        place[np.searchsorted(values, own)] = often
        counts.append(place)
    return Points(values, tuple(counts), tuple(len(own) - int(c.sum()) for own, c in zip(numbers, counts, strict=True)))


def _cut(points: Points, shares: Sequence[float]) -> Counts:
    """Return for each point how many of real's quantiles lie below it."""
    return np.searchsorted(np.unique(points.quantiles(0, shares)), points.values, side="left")


def _equal_widths(points: Points, table: int, scale: float) -> Counts | None:
    """Return for each point how many of the edges of ten equal widths between a table's ends it reaches."""
    used = points.values[np.flatnonzero(points.counts[table])] * scale
    try:
        edges = np.histogram_bin_edges(used[[0, -1]] if len(used) else used, bins=_WIDTHS)
    except ValueError:  # no ten floats lie between the ends
        return None
    return np.digitize(points.values * scale, edges)


def _changes(steps: Sequence[Counts]) -> Counts:
    """Return the points at which a level begins: the first, and each at which any of the steps goes up."""
    if not len(steps[0]):
        return np.zeros(0, dtype=np.int64)
    up = np.any([np.diff(own) != 0 for own in steps], axis=0)
    return np.concatenate([[0], np.flatnonzero(up) + 1])


def _looked_up(offsets: tuple[float, int, list[NDArray[np.int32]]], values: Values, starts: Counts, width: int) -> list[Codes]:
    low, span, places = offsets
    lookup = np.zeros(span + 1, dtype=_smallest(width))
    level = np.zeros(len(values), dtype=np.int64)
    level[starts[1:]] = 1
    lookup[(values - low).astype(np.int64)] = np.cumsum(level)
    lookup[span] = width - 1
    return [lookup.take(place) for place in places]


def _compared(own: Values, starts: Values, width: int) -> Codes:
    """Return how many levels but the first begin at or below each number; with few levels this beats bisection."""
    codes = np.zeros(len(own), dtype=_smallest(width))
    for begin in range(0, len(own), _BLOCK):
        block, out = own[begin : begin + _BLOCK], codes[begin : begin + _BLOCK]
        for start in starts[1:]:
            out += block >= start
        out[np.isnan(block)] = width - 1
    return codes
