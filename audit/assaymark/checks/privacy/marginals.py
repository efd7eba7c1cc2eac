"""Rows that agree in some columns, counted fast: a hash of those columns for each row, and searches among sorted hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Hashes = NDArray[np.uint64]

_CELLS = 64  # of a number's range, equally filled
_MULTIPLIER, _INCREMENT, _SHIFT = np.uint64(6364136223846793005), np.uint64(1442695040888963407), np.uint64(31)


def cells(known: Sequence[Table], others: Sequence[Table], columns: Sequence[Column]) -> list[list[Hashes]]:
    """Return each column of each table as codes, 0 where missing: categories, or cells that equally many known rows fill."""
    tables = [*known, *others]
    coded: list[list[Hashes]] = [[] for _ in tables]
    for column in columns:
        if column.kind in {Kind.CATEGORICAL, Kind.BOOLEAN}:
            parts = joint_labels(tables, column.name)[0]
        else:
            numbers = [table.numbers(column.name) for table in tables]
            edges = _edges(np.concatenate(numbers[: len(known)]))
            parts = [np.where(np.isnan(own), -1, np.searchsorted(edges, own, "right")) for own in numbers]
        for own, part in zip(coded, parts, strict=True):
            own.append((part + 1).astype(np.uint64))
    return coded


def _edges(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        return present
    return np.unique(np.quantile(present, np.linspace(0.0, 1.0, _CELLS + 1)[1:-1], method="inverted_cdf"))


def hashed(columns: Sequence[Hashes]) -> Hashes:
    """Return a number for each row: equal where all columns are, and elsewhere but with a chance of about 2^-64 a pair."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:  # the constants are those of Knuth's MMIX generator
        mixed = (mixed ^ column) * _MULTIPLIER + _INCREMENT
        mixed ^= mixed >> _SHIFT
    return mixed


def occurrences(wanted: Hashes, among: Hashes) -> NDArray[np.int64]:
    """Return how often each hash occurs among sorted ones."""
    return np.searchsorted(among, wanted, "right") - np.searchsorted(among, wanted, "left")
