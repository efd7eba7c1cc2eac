"""The private cube: counts of every combination of protected groups that occurs, by outcome. It never leaves the process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import LimitError
from assaymark.tables.groups import group_labels, outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.table import Table

Group = tuple[str, ...]

OUTCOMES = ("rest", "positive")
_INDEX_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class FineCube:
    """Counts over the combinations of protected groups that occur.

    Attributes:
        attributes: Names of the k protected columns, in the order asked for.
        combinations: The m combinations that occur, one label an attribute, sorted.
        counts: int64, shape (m, c): rows by combination and cell, :data:`OUTCOMES`.
        missing: Rows left out because their target is missing.
    """

    attributes: tuple[str, ...]
    combinations: tuple[Group, ...]
    counts: NDArray[np.int64]
    missing: int = 0

    @property
    def rows(self) -> int:
        """Rows that were counted."""
        return int(self.counts.sum())

    def __add__(self, other: FineCube) -> FineCube:
        """Add the counts of another part of the same table."""
        combinations = tuple(sorted({*self.combinations, *other.combinations}))
        place = {combination: row for row, combination in enumerate(combinations)}
        counts = np.zeros((len(combinations), self.counts.shape[1]), dtype=np.int64)
        for cube in (self, other):
            counts[[place[combination] for combination in cube.combinations]] += cube.counts
        return FineCube(self.attributes, combinations, counts, self.missing + other.missing)

    def project(self, scope: Sequence[str]) -> tuple[tuple[Group, ...], NDArray[np.intp]]:
        """Return the groups of the attributes ``scope`` that occur, sorted, and the group of each combination, shape (m,)."""
        positions = [self.attributes.index(name) for name in scope]
        keys = [tuple(combination[p] for p in positions) for combination in self.combinations]
        groups = tuple(sorted(set(keys)))
        place = {group: row for row, group in enumerate(groups)}
        return groups, np.array([place[key] for key in keys], dtype=np.intp)

    def table(self, scope: Sequence[str]) -> dict[Group, NDArray[np.int64]]:
        """Return the counts of each group of ``scope``, shape (c,) each."""
        groups, member = self.project(scope)
        counts = np.zeros((len(groups), self.counts.shape[1]), dtype=np.int64)
        np.add.at(counts, member, self.counts)
        return dict(zip(groups, counts, strict=True))


def count_cube(table: Table, protected: Sequence[str]) -> FineCube:
    """Count a table in one pass.

    Args:
        table: Rows whose schema names a target and a positive outcome.
        protected: Names of the protected columns, in the order in which scopes take them.

    Raises:
        LimitError: When the protected columns have too many combinations to index.
    """
    cells = outcome(table, table.schema).astype(np.int64)
    width = len(OUTCOMES)
    return count_cells(table, protected, cells, width)


def count_cells(table: Table, protected: Sequence[str], cells: NDArray[np.int64], width: int) -> FineCube:
    """Count a table by combination of protected groups and by cell.

    Args:
        table: The rows.
        protected: Names of the protected columns, in the order in which scopes take them.
        cells: Cell of each row, shape (rows,), 0 to ``width`` - 1; -1 leaves the row out, as its target is missing.
        width: Number of cells.

    Raises:
        LimitError: When the protected columns have too many combinations to index.
    """
    keep = cells >= 0
    columns = [table.schema[name] for name in protected]
    coded = [group_labels(table, column) for column in columns]
    flat, sizes = _flatten([codes for codes, _ in coded], [len(labels) for _, labels in coded], table.rows)
    used, inverse = np.unique(flat[keep], return_inverse=True)
    counts = np.bincount(inverse * width + cells[keep], minlength=len(used) * width).reshape(len(used), width)
    parts = np.unravel_index(used, sizes)
    names = [[labels[code] for code in part] for part, (_, labels) in zip(parts, coded, strict=True)]
    combinations = [tuple(row) for row in zip(*names, strict=True)]
    order = sorted(range(len(combinations)), key=combinations.__getitem__)
    return FineCube(
        tuple(column.name for column in columns),
        tuple(combinations[row] for row in order),
        counts[order].astype(np.int64).reshape(len(order), width),
        int(table.rows - keep.sum()),
    )


def _flatten(codes: list[NDArray[np.int32]], sizes: list[int], rows: int) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    shape = tuple(max(size, 1) for size in sizes)
    space = 1
    for size in shape:
        space *= size
    if space > _INDEX_LIMIT:
        raise LimitError(
            "the protected columns have too many combinations to count",
            found=" x ".join(str(size) for size in shape),
            expected="fewer than 2^62 combinations",
            remedy="Name fewer protected columns, or bin those with many values by --bins.",
        )
    flat = np.zeros(rows, dtype=np.int64)
    for code, size in zip(codes, shape, strict=True):
        flat = flat * size + code
    return flat, shape
