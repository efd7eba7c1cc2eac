"""Levels of a column that have a name: categories, and numbers or dates cut near the deciles of real.

An edge is a coarse quantile and never one person's value: it is a value that ten real rows hold, or is rounded to a power of
ten about a tenth of the range that the middle of the rows covers (dates: to a month).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.tables.labels import canonical
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Codes = NDArray[np.int64]
    Values = NDArray[np.float64]

MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class NamedLevels:
    """A column of several tables as named levels.

    Attributes:
        column: Name of the column.
        names: Names of the levels; the last one is for missing values.
        codes: For each table, the level of each row, shape (rows,).
    """

    column: str
    names: tuple[str, ...]
    codes: tuple[Codes, ...]


def named_levels(tables: Sequence[Table], column: Column, small_cell: int) -> NamedLevels:
    """Return the levels of a column; numbers are cut by the first table, which holds real rows."""
    if column.kind in {Kind.CATEGORICAL, Kind.BOOLEAN}:
        codes, labels = joint_labels(tables, column.name)
        names = tuple(f"'{label}'" if label == MISSING else label for label in labels)
        return NamedLevels(column.name, (*names, MISSING), tuple(np.where(own < 0, len(names), own) for own in codes))
    numbers = [table.numbers(column.name) for table in tables]
    dated = column.kind is Kind.DATETIME
    edges = cut_points(numbers[0], small_cell, dated=dated)
    cuts = _interval_names(edges, dated=dated)
    cut = (np.where(np.isnan(own), len(cuts), np.searchsorted(edges, own, side="left")) for own in numbers)
    return NamedLevels(column.name, (*cuts, MISSING), tuple(own.astype(np.int64) for own in cut))


def cut_points(numbers: Values, small_cell: int, *, dated: bool = False) -> Values:
    """Return ascending edges near the deciles of ``numbers``; a value equal to an edge lies below it.

    Args:
        numbers: Real values, NaN where missing.
        small_cell: Rows that must hold a value for it to be an edge as it is.
        dated: Whether they are microseconds since 1970-01-01.
    """
    known = np.sort(numbers[~np.isnan(numbers)])
    if not len(known):
        return np.zeros(0)
    deciles = np.quantile(known, np.linspace(0.1, 0.9, 9), method="nearest")
    held = np.searchsorted(known, deciles, side="right") - np.searchsorted(known, deciles, side="left")
    spread = float(deciles[-1] - deciles[0])
    rounded = _months(deciles) if dated else _round(deciles, spread)
    return np.unique(np.where(held >= small_cell, deciles, rounded))


def _round(values: Values, spread: float) -> Values:
    by = 10.0 ** np.floor(np.log10((spread or float(np.abs(values).max()) or 1.0) / 10.0))
    return np.asarray(np.round(np.round(values / by) * by, max(0, int(-np.log10(by) + 0.5))), dtype=np.float64)


def _months(values: Values) -> Values:
    return values.astype("datetime64[us]").astype("datetime64[M]").astype("datetime64[us]").astype(np.float64)


def _interval_names(edges: Values, *, dated: bool) -> list[str]:
    if not len(edges):
        return ["any"]
    texts = [str(edge.astype("datetime64[us]").astype("datetime64[D]")) if dated else canonical(float(edge)) for edge in edges]
    return [f"≤ {texts[0]}", *(f"> {low} to {high}" for low, high in pairwise(texts)), f"> {texts[-1]}"]
