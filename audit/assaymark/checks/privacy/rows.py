"""Rows of several tables on one scale, for distances between rows of mixed columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

_ORDERED = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.DATETIME})


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows whose distances can be taken: to each other, and to rows that were put on the scale together with them.

    Attributes:
        ordered: Names of the numeric and datetime columns.
        nominal: Names of the other columns.
        numbers: Ordered columns, shape (ordered, rows), each between 0 and 1 over all tables; NaN where missing.
        codes: Nominal columns, an array of shape (rows,) each, in the smallest unsigned type that holds them; missing is a
            code of its own.
    """

    ordered: tuple[str, ...]
    nominal: tuple[str, ...]
    numbers: NDArray[np.float64]
    codes: tuple[NDArray[Any], ...]

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self.codes[0].size if self.codes else self.numbers.shape[1])

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, ordered ones first."""
        return self.ordered + self.nominal

    def take(self, places: NDArray[np.integer[Any]]) -> Rows:
        """Return the rows at ``places``, in that order."""
        return Rows(self.ordered, self.nominal, self.numbers[:, places], tuple(codes[places] for codes in self.codes))

    def select(self, columns: Collection[str]) -> Rows:
        """Return the rows with ``columns`` alone."""
        ordered = [place for place, name in enumerate(self.ordered) if name in columns]
        nominal = [place for place, name in enumerate(self.nominal) if name in columns]
        return Rows(
            tuple(self.ordered[place] for place in ordered),
            tuple(self.nominal[place] for place in nominal),
            self.numbers[ordered],
            tuple(self.codes[place] for place in nominal),
        )


def is_ordered(column: Column) -> bool:
    """Whether a column counts as a number: integers, floats and datetimes."""
    return column.kind in _ORDERED


def on_one_scale(tables: Sequence[Table], columns: Sequence[Column]) -> list[Rows]:
    """Return ``columns`` of each table on a scale that all of them share.

    Numbers are taken relative to the range that they have over all tables; a constant column is 0 everywhere.
    Labels are equal if and only if their codes are. Infinite numbers count as missing.
    """
    ordered = [column.name for column in columns if is_ordered(column)]
    nominal = [column.name for column in columns if not is_ordered(column)]
    numbers = [np.empty((len(ordered), table.rows)) for table in tables]
    for place, name in enumerate(ordered):
        for own, scaled in zip(numbers, _scaled([table.numbers(name) for table in tables]), strict=True):
            own[place] = scaled
    codes = [_compact(joint_labels(tables, name)) for name in nominal]
    return [
        Rows(tuple(ordered), tuple(nominal), own, tuple(column[place] for column in codes)) for place, own in enumerate(numbers)
    ]


def _scaled(parts: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    parts = [np.where(np.isfinite(part), part, np.nan) for part in parts]
    low = min((float(np.nanmin(part)) for part in parts if not np.isnan(part).all()), default=0.0)
    high = max((float(np.nanmax(part)) for part in parts if not np.isnan(part).all()), default=0.0)
    width = high - low
    return [(part - low) / (width if width > 0 else 1.0) for part in parts]


def _compact(coded: tuple[list[NDArray[np.int64]], tuple[str, ...]]) -> list[NDArray[Any]]:
    parts, labels = coded
    kind = np.min_scalar_type(len(labels))
    return [np.where(part < 0, len(labels), part).astype(kind) for part in parts]
