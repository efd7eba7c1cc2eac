"""Distances from every row of a table to the closest rows of another, over all columns, exact.

Rows are points: a category is a direction of its own, a number its rank among real rows. The squared distance counts the
columns whose categories differ and adds the squared differences of ranks, so no column counts for more than one, however far
a value was shifted. Coordinates lie on a grid on which sums of products are exact in float32, so matrix products can be used,
and the answer does not depend on blocks, threads or machine.

:mod:`assaymark.checks.privacy.neighbours` answers another question: which rows are near by *some* columns, by Gower's distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.execution import Run
    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Codes = NDArray[np.int64]

_GRID = 512  # with it, and coordinates below 1, sums over up to 30 columns are exact in the 24 bits of a float32
_MISSING = 1.25  # a missing number is about as far from every number as one category from another
_OWN_DIRECTION = 64  # categories of a column that get a direction of their own, the most frequent ones
_SHARED = 16  # directions that all further ones share, each a random corner: about as far from each other
_COMBINATIONS = 4096  # of categories by which rows are sorted
_TILE = 512
_QUERIES = 2048


@dataclass(frozen=True, slots=True)
class Points:
    """Rows of one table as points on a scale shared with others.

    Attributes:
        coordinates: float32, shape (rows, dimensions); half the squared Euclidean distance is the squared distance of rows.
        keys: Columns of categories as codes, shape (rows, k). Rows of which c differ are at a distance of √c at least.
    """

    coordinates: NDArray[np.float32]
    keys: Codes

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.coordinates)

    def take(self, places: NDArray[np.integer]) -> Points:
        """Return the rows at ``places``."""
        return Points(self.coordinates[places], self.keys[places])

    @classmethod
    def concat(cls, parts: Sequence[Points]) -> Points:
        """Stack points of one scale."""
        return cls(np.concatenate([p.coordinates for p in parts]), np.concatenate([p.keys for p in parts]))


def points(known: Sequence[Table], others: Sequence[Table], columns: Sequence[Column], run: Run) -> list[Points]:
    """Return the rows of all tables as points; the scale is that of ``known``, which count alike."""
    tables = [*known, *others]
    coordinates: list[list[NDArray[np.float32]]] = [[] for _ in tables]
    keys: list[list[Codes]] = [[np.zeros(table.rows, dtype=np.int64)] for table in tables]
    for column in columns:
        run.check()
        if column.kind in {Kind.CATEGORICAL, Kind.BOOLEAN}:
            found, labels = joint_labels(tables, column.name)
            codes = [own + 1 for own in found]
            table = _directions(codes[: len(known)], len(labels) + 1, run.rng("proximity", column.name))
            parts = [table[own] for own in codes]
            if len(labels) < _OWN_DIRECTION:
                for key, own in zip(keys, codes, strict=True):
                    key.append(own)
        else:
            parts = _ranks([table.numbers(column.name) for table in tables], len(known))
        for so_far, part in zip(coordinates, parts, strict=True):
            so_far.append(part)
    return [Points(np.concatenate(c, axis=1), np.column_stack(k)) for c, k in zip(coordinates, keys, strict=True)]


def _directions(codes: Sequence[Codes], size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a unit vector for each code, shape (size, dimensions)."""
    if size <= _OWN_DIRECTION:
        return np.eye(size, dtype=np.float32)
    counts = np.sum([np.bincount(own, minlength=size) for own in codes], axis=0)
    frequent = np.argsort(-counts, kind="stable")[:_OWN_DIRECTION]
    table = np.zeros((size, _OWN_DIRECTION + _SHARED), dtype=np.float32)
    table[:, _OWN_DIRECTION:] = rng.choice([-0.25, 0.25], size=(size, _SHARED))
    table[frequent] = np.eye(_OWN_DIRECTION, _OWN_DIRECTION + _SHARED, dtype=np.float32)
    return table


def _ranks(numbers: Sequence[NDArray[np.float64]], known: int) -> list[NDArray[np.float32]]:
    """Return mid-ranks among the known rows, times √2 and about 0, and a direction for missing values."""
    scale = np.concatenate(numbers[:known])
    scale = np.sort(scale[~np.isnan(scale)])
    gaps = any(np.isnan(own).any() for own in numbers)
    found = []
    for own in numbers:
        missing = np.isnan(own)
        rank = (np.searchsorted(scale, own, "left") + np.searchsorted(scale, own, "right")) / (2.0 * max(len(scale), 1))
        value = np.rint((rank - 0.5) * np.sqrt(2.0) * _GRID) / _GRID
        part = [np.where(missing, 0.0, value), *([np.where(missing, _MISSING, 0.0)] if gaps else [])]
        found.append(np.column_stack(part).astype(np.float32))
    return found


def closest(queries: Points, base: Points, k: int, run: Run) -> NDArray[np.float64]:
    """Return the distances of each query to the ``k`` closest rows of ``base``, shape (queries, k), ascending.

    Rows are sorted by combinations of categories and cut into tiles, and each tile knows in how many categories it differs
    from a query at least. Tiles are taken by that number, and a query stops where that alone is farther than what was found.
    Rows that are missing, where ``base`` has fewer than ``k``, are infinitely far.
    """
    from threadpoolctl import threadpool_limits

    tiles = _Tiles(queries, base)
    norms = np.einsum("ij,ij->i", queries.coordinates, queries.coordinates)
    best = np.full((queries.count, k), np.inf, dtype=np.float32)
    with threadpool_limits(limits=1):  # sums are exact anyway; threads of small products only get in each other's way
        for level in range(tiles.levels):
            for place in range(len(tiles.starts)):
                run.check()
                open_ = np.flatnonzero((tiles.differ[:, place][tiles.member] == level) & (best[:, -1] > 2.0 * level))
                for first in range(0, len(open_), _QUERIES):
                    some = open_[first : first + _QUERIES]
                    _improve(best, some, tiles.distances(queries.coordinates[some], place), norms[some])
    return np.sqrt(np.maximum(best.astype(np.float64), 0.0) / 2.0)


def _improve(best: NDArray[np.float32], some: NDArray[np.intp], found: NDArray[np.float32], norms: NDArray[np.float32]) -> None:
    """Keep the smallest of those known and ``found``, from which the squared lengths ``norms`` of the queries are missing."""
    k = best.shape[1]
    smallest = found.min(axis=1) + norms
    if k == 1:
        best[some, 0] = np.minimum(best[some, 0], smallest)
        return
    better = np.flatnonzero(smallest < best[some, -1])
    if not len(better):
        return
    near = np.partition(found[better], min(k, found.shape[1]) - 1, axis=1)[:, :k] + norms[better, None]
    best[some[better]] = np.sort(np.concatenate([best[some[better]], near], axis=1), axis=1)[:, :k]


class _Tiles:
    """A base sorted by categories, in tiles, and how far each is from combinations of the queries' categories."""

    def __init__(self, queries: Points, base: Points) -> None:
        chosen = _sorting_columns(base.keys)
        mine, theirs = base.keys[:, chosen], queries.keys[:, chosen]
        order = np.lexsort(mine.T[::-1])
        self._coordinates = base.coordinates[order]
        self._norms = np.einsum("ij,ij->i", self._coordinates, self._coordinates)
        combinations, place = np.unique(mine[order], axis=0, return_inverse=True)
        asked, self.member = np.unique(theirs, axis=0, return_inverse=True)
        self.starts = range(0, base.count, _TILE)
        self.differ = np.empty((len(asked), len(self.starts)), dtype=np.int8)
        for tile, start in enumerate(self.starts):
            inside = combinations[place[start] : place[min(start + _TILE, base.count) - 1] + 1]
            differ = np.zeros((len(asked), len(inside)), dtype=np.int8)
            for one, other in zip(asked.T, inside.T, strict=True):
                differ += one[:, None] != other
            self.differ[:, tile] = differ.min(axis=1)
        self.levels = len(chosen) + 1

    def distances(self, coordinates: NDArray[np.float32], tile: int) -> NDArray[np.float32]:
        """Return squared distances, less the squared lengths of the queries, shape (queries, rows of the tile)."""
        rows = slice(self.starts[tile], self.starts[tile] + _TILE)
        found = coordinates @ self._coordinates[rows].T
        found *= -2.0
        found += self._norms[rows]
        return found


def _sorting_columns(keys: Codes) -> list[int]:
    """Return the columns of most entropy whose combinations are not too many."""
    counts = [np.bincount(column) for column in keys.T]
    shares = [count[count > 0] / len(keys) for count in counts]
    entropy = np.array([float(-(share * np.log(share)).sum()) for share in shares])
    chosen: list[int] = []
    combined = np.zeros(len(keys), dtype=np.int64)
    for column in np.argsort(-entropy, kind="stable"):
        tried = np.unique(combined * len(counts[column]) + keys[:, column], return_inverse=True)[1]
        if tried.max(initial=0) < _COMBINATIONS:
            combined = tried
            chosen.append(int(column))
    return chosen
