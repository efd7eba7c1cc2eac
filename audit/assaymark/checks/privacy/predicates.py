"""Predicates about rows, such as ``age >= 84 and sex = f``, many at once: how many rows of a table each of them is true of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.checks.privacy.rows import is_ordered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

_FIRST, _LARGEST = 1024, 65_536  # rows looked at together: few at first, because most predicates are soon out
_BYTES = 2**25  # of an intermediate
_COLUMNS = 2**20  # more than any table has


class Relation(IntEnum):
    """What a predicate asks of one value; a missing value passes ``MISSING`` only."""

    MISSING = 0
    PRESENT = 1
    EQUAL = 2
    UNEQUAL = 3
    AT_LEAST = 4
    AT_MOST = 5
    ABOVE = 6
    BELOW = 7


@dataclass(frozen=True, slots=True)
class Predicates:
    """Conjunctions of tests, each of another column.

    Attributes:
        columns: Place of the column that each test is about, ascending, shape (predicates, tests).
        tests: What is asked of it, the same shape.
        values: What it is compared with: a number, or the code of a label; 0 where nothing is compared.
    """

    columns: NDArray[np.int64]
    tests: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.columns)

    def take(self, places: NDArray[np.integer[Any]]) -> Predicates:
        """Return the predicates at ``places``."""
        return Predicates(self.columns[places], self.tests[places], self.values[places])

    def keys(self) -> list[bytes]:
        """Return a text for each predicate, equal if and only if the predicates are."""
        stacked = np.concatenate([self.columns, self.tests, self.values + 0.0], axis=1)
        return [row.tobytes() for row in stacked]

    @classmethod
    def concat(cls, parts: Sequence[Predicates]) -> Predicates:
        """Return all predicates of several sets."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("columns", "tests", "values")))


@dataclass(frozen=True, slots=True)
class Population:
    """Rows as predicates look at them.

    Attributes:
        columns: An array of shape (rows,) for each column: numbers, NaN where missing, or codes of labels, -1 where missing.
        ordered: Whether a column is a number.
    """

    columns: tuple[NDArray[Any], ...]
    ordered: tuple[bool, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0])

    def take(self, rows: NDArray[np.int64]) -> Population:
        """Return the rows at ``rows``."""
        return Population(tuple(column[rows] for column in self.columns), self.ordered)

    def missing(self, place: int) -> NDArray[np.bool_]:
        """Return where a column has no value."""
        column = self.columns[place]
        return np.isnan(column) if self.ordered[place] else column < 0


def populations(tables: Sequence[Table], columns: Sequence[Column]) -> list[Population]:
    """Return the rows of each table, with labels coded alike."""
    parts: list[list[NDArray[Any]]] = [[] for _ in tables]
    for column in columns:
        if is_ordered(column):
            values = _narrowed([table.numbers(column.name) for table in tables])
        else:
            values = [codes.astype(np.int32) for codes in joint_labels(tables, column.name)[0]]
        for own, whole in zip(parts, values, strict=True):
            own.append(whole)
    ordered = tuple(is_ordered(column) for column in columns)
    return [Population(tuple(own), ordered) for own in parts]


def _narrowed(parts: list[NDArray[np.float64]]) -> list[NDArray[Any]]:
    """Return numbers in single precision if that loses nothing: half the memory to look through."""
    with np.errstate(over="ignore"):
        narrow = [part.astype(np.float32) for part in parts]
    same = all(np.array_equal(one, other, equal_nan=True) for one, other in zip(narrow, parts, strict=True))
    return list(narrow) if same else list(parts)


def matches(predicates: Predicates, population: Population, enough: int | None = None) -> NDArray[np.int64]:
    """Return how many rows each predicate is true of, shape (predicates,).

    With ``enough`` a predicate is looked at only until it is true of that many rows; then at least that number is returned.
    """
    counts = np.zeros(len(predicates), dtype=np.int64)
    atoms, index = _atoms(predicates)
    active = np.arange(len(predicates))
    for start, stop in _portions(population.rows):
        for some, bits in _true_of(atoms, index, active, population, start, stop):
            counts[some] += np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
        if enough is not None:
            active = active[counts[active] < enough]
    return counts


def matching(predicates: Predicates, population: Population) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of a predicate and a row that it is true of, as two arrays, for predicates that are true of few rows."""
    atoms, index = _atoms(predicates)
    found = []
    for start, stop in _portions(population.rows):
        for some, bits in _true_of(atoms, index, np.arange(len(predicates)), population, start, stop):
            which, word = np.nonzero(bits)
            single = np.unpackbits(bits[which, word].view(np.uint8).reshape(-1, 8), axis=1)
            pair, bit = np.nonzero(single)
            found.append((some[which[pair]], start + 64 * word[pair] + bit))
    pairs = [np.concatenate(part) if found else np.empty(0, np.int64) for part in zip(*found, strict=True)]
    return pairs[0], pairs[1]


def _true_of(
    atoms: NDArray[np.float64],
    index: NDArray[np.int64],
    active: NDArray[np.int64],
    population: Population,
    start: int,
    stop: int,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Yield some of the active predicates and which rows from ``start`` to ``stop`` they are true of, a bit each."""
    if not len(active):
        return
    wanted, places = np.unique(index[active], return_inverse=True)
    tests = _bitmaps(atoms[wanted], population, start, stop)
    places = places.reshape(len(active), -1)
    step = max(_BYTES // (tests.shape[1] * tests.itemsize), 1)
    for first in range(0, len(active), step):
        some = places[first : first + step]
        bits = tests[some[:, 0]]
        for place in some.T[1:]:
            bits &= tests[place]
        yield active[first : first + step], bits


def _portions(rows: int) -> Iterator[tuple[int, int]]:
    start, size = 0, _FIRST
    while start < rows:
        yield start, min(start + size, rows)
        start, size = start + size, min(4 * size, _LARGEST)


def _atoms(predicates: Predicates) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the different tests as rows of column, test and value, and which of them each predicate consists of."""
    _, codes = np.unique(predicates.values, return_inverse=True)
    keys = (codes.reshape(predicates.columns.shape) * len(Relation) + predicates.tests) * _COLUMNS + predicates.columns
    _, first, index = np.unique(keys, return_index=True, return_inverse=True)
    parts = [predicates.columns.ravel()[first], predicates.tests.ravel()[first], predicates.values.ravel()[first] + 0.0]
    return np.stack(parts, axis=1).astype(np.float64), index.reshape(predicates.columns.shape)


def _bitmaps(atoms: NDArray[np.float64], population: Population, start: int, stop: int) -> NDArray[np.uint64]:
    """Return which rows from ``start`` to ``stop`` pass each test, one bit a row, shape (tests, words)."""
    words = -(-(stop - start) // 64)
    bits = np.zeros((len(atoms), words * 8), dtype=np.uint8)
    step = max(_BYTES // max(stop - start, 1), 1)
    kinds = np.unique(atoms[:, :2], axis=0)
    for column, test in kinds.astype(np.int64):
        members = np.flatnonzero((atoms[:, 0] == column) & (atoms[:, 1] == test))
        values = population.columns[column][start:stop]
        missing = (
            population.missing(column)[start:stop] if test in {Relation.MISSING, Relation.PRESENT, Relation.UNEQUAL} else values
        )
        for first in range(0, len(members), step):
            some = members[first : first + step]
            packed = np.packbits(_passing(Relation(test), values, missing, atoms[some, 2]), axis=1)
            bits[some, : packed.shape[1]] = packed
    return bits.view(np.uint64)


def _passing(test: Relation, values: NDArray[Any], missing: NDArray[Any], compared: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of ``values`` pass, shape (compared, values)."""
    theirs = compared.astype(values.dtype)[:, None]
    if test is Relation.MISSING or test is Relation.PRESENT:
        found = missing if test is Relation.MISSING else ~missing
        return np.broadcast_to(found, (len(compared), len(values)))
    if test is Relation.UNEQUAL:
        return np.asarray((values[None] != theirs) & ~missing[None])
    compare = {
        Relation.EQUAL: np.equal,
        Relation.AT_LEAST: np.greater_equal,
        Relation.AT_MOST: np.less_equal,
        Relation.ABOVE: np.greater,
        Relation.BELOW: np.less,
    }[test]
    return np.asarray(compare(values[None], theirs))
