"""Nearest neighbours among mixed rows, exact, by Gower's distance (Gower, 1971) as Giomi et al. (2023) use it.

The distance is a sum over columns: the absolute difference of ordered values relative to the column's range, and 1 for
nominal values that differ. Missing differs from every value by 1, and from missing by 0. (Anonymeter 1.1.0 makes every distance
to a missing number NaN, so that such a row is nobody's neighbour.)

Every query is held against every row. What makes that fast is that it happens in 16-bit integers: a column's distance to all
rows of a block is a few passes over memory that stays in the cache. The rounding error of those sums is bounded, so all rows
that could be among the nearest are known, and only these few are computed again in float64, from which the answer is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.checks.privacy.rows import Rows
    from assaymark.execution import Run

_BLOCK = 49_152  # rows of the base whose columns stay in the cache
_QUERIES = 128  # whose candidates are settled together
_NARROW = 60  # columns for which 16 bits resolve differences of a thousandth
_STRIDES = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: the ``k`` nearest rows by the distance over ``columns``."""

    columns: tuple[str, ...]
    k: int


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest rows of each query, nearest first; of equally near ones those that come first.

    Attributes:
        distances: Shape (queries, k), 0 to the number of columns.
        places: Rows of the base, the same shape.
    """

    distances: NDArray[np.float64]
    places: NDArray[np.int64]


def nearest(queries: Rows, base: Rows, k: int, run: Run) -> Nearest:
    """Return the ``k`` rows of ``base`` nearest to each query over all columns; see :func:`nearest_by`."""
    return nearest_by(queries, base, [Wanted(base.columns, k)], run)[0]


def nearest_by(queries: Rows, base: Rows, wanted: Sequence[Wanted], run: Run) -> list[Nearest]:
    """Return the nearest rows of each query by several distances, which share the work that they have in common.

    Args:
        queries: Rows to find neighbours of, on one scale with ``base``.
        base: Rows to search, at least one; a ``k`` above their number is reduced to it.
        wanted: One distance and number of neighbours each.
        run: Told of progress, and asked whether to stop.

    Returns:
        One answer for each of ``wanted``; it does not depend on block sizes.
    """
    found = [_Best.empty(queries.count, min(one.k, base.count)) for one in wanted]
    plans = [_plan(base, one) for one in wanted]
    starts = range(0, base.count, _BLOCK)
    for done, start in enumerate(starts):
        scan = _Scan(queries, base.take(np.arange(start, min(start + _BLOCK, base.count))))
        for first in range(0, queries.count, _QUERIES):
            run.check()
            run.progress(done * queries.count + first, len(starts) * queries.count, "comparing rows")
            some = range(first, min(first + _QUERIES, queries.count))
            for best, plan, (whose, places) in zip(found, plans, _candidates(scan, some, plans, found), strict=True):
                best.settle(some, whose, places + start, _distances(queries, base, plan, whose, places + start))
    return [Nearest(best.distances, best.places) for best in found]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to add a distance up: from nothing, or from the sum over all columns less some of them."""

    ordered: tuple[int, ...]
    nominal: tuple[int, ...]
    from_ordered: tuple[int, ...] | None  # what to take away from the whole; None to add up from nothing
    from_nominal: tuple[int, ...] | None


def _plan(rows: Rows, wanted: Wanted) -> _Plan:
    ordered = tuple(place for place, name in enumerate(rows.ordered) if name in wanted.columns)
    nominal = tuple(place for place, name in enumerate(rows.nominal) if name in wanted.columns)
    return _Plan(ordered, nominal, _complement(ordered, len(rows.ordered)), _complement(nominal, len(rows.nominal)))


def _complement(chosen: tuple[int, ...], size: int) -> tuple[int, ...] | None:
    rest = tuple(place for place in range(size) if place not in chosen)
    return rest if len(rest) <= len(chosen) else None


@dataclass(slots=True)
class _Best:
    """The nearest rows so far."""

    distances: NDArray[np.float64]
    places: NDArray[np.int64]

    @classmethod
    def empty(cls, queries: int, k: int) -> _Best:
        return cls(np.full((queries, k), np.inf), np.full((queries, k), np.iinfo(np.int64).max))

    def settle(self, some: range, whose: NDArray[np.int64], places: NDArray[np.int64], distances: NDArray[np.float64]) -> None:
        """Keep the nearest of those known and of ``places``, which belong to the queries ``whose``."""
        k = self.distances.shape[1]
        rows = slice(some.start, some.stop)
        whose = np.concatenate([np.repeat(np.arange(some.start, some.stop), k), whose])
        places = np.concatenate([self.places[rows].ravel(), places])
        distances = np.concatenate([self.distances[rows].ravel(), distances])
        order = np.lexsort((places, distances, whose))
        whose = whose[order]
        rank = np.arange(len(order)) - np.searchsorted(whose, whose)
        kept = order[rank < k]  # every query has k entries at least, so this is a whole rectangle
        self.distances[rows] = distances[kept].reshape(-1, k)
        self.places[rows] = places[kept].reshape(-1, k)


class _Scan:
    """Distances in integers from one query at a time to all rows of a block, column by column.

    A distance of 1 is ``scale`` units. An ordered column is off by up to 1 unit, a nominal one by nothing.
    """

    def __init__(self, queries: Rows, block: Rows) -> None:
        count = len(block.columns)
        narrow = count <= _NARROW
        signed = np.dtype(np.int16 if narrow else np.int32)
        self.kind = np.dtype(np.uint16 if narrow else np.uint32)
        self.scale = min(32_767, 65_535 // max(count, 1)) if narrow else 2**15
        self.top = 2 ** (8 * self.kind.itemsize) - 1
        self._queries = queries
        self._block = block
        self._mine, self._gaps = _grid(block, self.scale, signed)
        self._theirs, self._unknown = _grid(queries, self.scale, signed)
        self._misses = [np.flatnonzero(gaps) for gaps in self._gaps]
        self._steps = np.empty((len(block.ordered), block.count), signed)
        self._differ = np.empty((len(block.nominal), block.count), np.bool_)
        self._count_kind = np.uint8 if len(block.nominal) <= np.iinfo(np.uint8).max else np.uint32
        self._steps_sum = np.zeros(block.count, self.kind)
        self._differ_sum = np.zeros(block.count, self._count_kind)
        self._part = np.zeros(block.count, self.kind)
        self._few = np.zeros(block.count, self._count_kind)
        self._total = np.zeros(block.count, self.kind)

    def hold(self, query: int) -> None:
        """Work out the distance of every row to ``query`` by every column."""
        for place, own in enumerate(self._mine):
            step = self._steps[place]
            if self._unknown[place, query]:
                np.multiply(~self._gaps[place], self.scale, out=step, casting="unsafe")
                continue
            np.subtract(own, self._theirs[place, query], out=step)
            np.absolute(step, out=step)
            if len(self._misses[place]):
                step[self._misses[place]] = self.scale
        for place, codes in enumerate(self._block.codes):
            np.not_equal(codes, self._queries.codes[place][query], out=self._differ[place])
        _add_up(self._steps.view(self.kind), range(len(self._steps)), self._steps_sum)
        _add_up(self._differ.view(np.uint8), range(len(self._differ)), self._differ_sum)

    def total(self, plan: _Plan) -> NDArray[Any]:
        """Return the distances to the held query by the columns of ``plan``; the array is used again."""
        self._total[:] = _chosen(self._differ.view(np.uint8), plan.nominal, plan.from_nominal, self._differ_sum, self._few)
        self._total *= self.scale
        self._total += _chosen(self._steps.view(self.kind), plan.ordered, plan.from_ordered, self._steps_sum, self._part)
        return self._total


def _grid(rows: Rows, scale: int, kind: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    gaps = np.isnan(rows.numbers)
    return np.rint(np.where(gaps, 0.0, rows.numbers) * scale).astype(kind), gaps


def _add_up(parts: NDArray[Any], chosen: Sequence[int], out: NDArray[Any]) -> None:
    out.fill(0)
    for place in chosen:
        np.add(out, parts[place], out=out)


def _chosen(
    parts: NDArray[Any], chosen: tuple[int, ...], without: tuple[int, ...] | None, whole: NDArray[Any], out: NDArray[Any]
) -> NDArray[Any]:
    if without is None:
        _add_up(parts, chosen, out)
        return out
    if not without:
        return whole
    np.subtract(whole, parts[without[0]], out=out)
    for place in without[1:]:
        np.subtract(out, parts[place], out=out)
    return out


def _candidates(
    scan: _Scan, some: range, plans: Sequence[_Plan], found: Sequence[_Best]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield for each plan the queries and rows of the block that may be among the nearest; all that are, are in it."""
    kept: list[list[NDArray[np.int64]]] = [[] for _ in plans]
    for query in some:
        scan.hold(query)
        for rows, plan, best in zip(kept, plans, found, strict=True):
            rows.append(_near(scan, plan, float(best.distances[query, -1]), best.distances.shape[1]))
    for rows in kept:
        yield np.repeat(np.arange(some.start, some.stop), [len(one) for one in rows]), np.concatenate(rows)


def _near(scan: _Scan, plan: _Plan, known: float, k: int) -> NDArray[np.int64]:
    total = scan.total(plan)
    error = len(plan.ordered)
    bound = min(float(_smallest(total, k, scan.top)), known * scan.scale + error)
    near = np.flatnonzero(total <= min(int(bound) + 2 * error, scan.top))
    if error or len(near) <= k:
        return near
    # without ordered columns the integers are exact, and a tie may be cut where it would be cut anyway
    return near[np.argsort(total[near], kind="stable")[:k]]


def _smallest(total: NDArray[Any], k: int, top: int) -> int:
    """Return a number that at least ``k`` of ``total`` do not exceed, and not many more."""
    groups = len(total) // _STRIDES
    if groups >= 4 * k:  # the k-th smallest of the groups' minima
        total = total[: groups * _STRIDES].reshape(_STRIDES, groups).min(axis=0)
    return int(np.partition(total, k - 1)[k - 1]) if len(total) >= k else top


def _distances(
    queries: Rows, base: Rows, plan: _Plan, whose: NDArray[np.int64], places: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the distance of each pair of a query and a row of the base."""
    total = np.zeros(len(whose))
    for place in plan.ordered:
        theirs, ours = queries.numbers[place, whose], base.numbers[place, places]
        step = np.abs(theirs - ours)
        unknown = np.isnan(step)
        total += np.where(unknown, np.isnan(theirs) != np.isnan(ours), step) if unknown.any() else step
    for place in plan.nominal:
        total += queries.codes[place][whose] != base.codes[place][places]
    return total
