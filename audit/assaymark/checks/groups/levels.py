"""Columns of several tables as levels on one scale, all columns side by side, so that one pass counts them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Flat = NDArray[np.int32]

CATEGORICAL = frozenset({Kind.CATEGORICAL, Kind.BOOLEAN})

_POINTS = 1000  # numbers with more distinct values are compared at this many of their quantiles


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of k columns, numbered through: column j owns the levels ``starts[j]`` to ``starts[j + 1] - 1``.

    Attributes:
        columns: The columns.
        starts: Shape (k + 1,).
        codes: For each table, the level of each row and column, shape (rows, k).
    """

    columns: tuple[Column, ...]
    starts: NDArray[np.int64]
    codes: tuple[Flat, ...]

    @property
    def width(self) -> int:
        """Number of levels of all columns together."""
        return int(self.starts[-1])

    @property
    def ordered(self) -> tuple[bool, ...]:
        """For each column, whether its levels have an order: numbers and dates do."""
        return tuple(column.kind not in CATEGORICAL for column in self.columns)


def joint_levels(tables: Sequence[Table], columns: Sequence[Column]) -> Levels:
    """Return the levels of ``columns``; a missing value is a level of its own, below all numbers."""
    starts, parts = [0], []
    for column in columns:
        own_codes, width = _nominal(tables, column) if column.kind in CATEGORICAL else _ordered(tables, column)
        parts.append([(own + starts[-1]).astype(np.int32) for own in own_codes])
        starts.append(starts[-1] + width)
    codes = tuple(
        np.column_stack([part[place] for part in parts]) if parts else np.zeros((table.rows, 0), np.int32)
        for place, table in enumerate(tables)
    )
    return Levels(tuple(columns), np.array(starts, dtype=np.int64), codes)


def _nominal(tables: Sequence[Table], column: Column) -> tuple[list[NDArray[np.int64]], int]:
    codes, labels = joint_labels(tables, column.name)
    return [own + 1 for own in codes], len(labels) + 1


def _ordered(tables: Sequence[Table], column: Column) -> tuple[list[NDArray[np.int64]], int]:
    numbers = [table.numbers(column.name) for table in tables]
    whole = np.concatenate(numbers)
    values, counts = np.unique(whole[~np.isnan(whole)], return_counts=True)
    if len(values) > _POINTS:  # keep the last value of each run of about a thousandth of all rows
        run = (np.cumsum(counts) * _POINTS - 1) // counts.sum()
        values = values[np.append(run[1:] != run[:-1], True)]
    codes = [np.where(np.isnan(own), 0, np.searchsorted(values, own, side="left") + 1) for own in numbers]
    return codes, len(values) + 1
