"""Rows as points whose squared distances are whole numbers, so that float32 products give them exactly, in any order of adding.

A number is its rank among real's, from 0 to ``unit``; a category is a corner of its own, so that two that differ are ``unit``
apart; a missing number lies in the middle, and one corner off. Every column thus counts the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.checks.fidelity.levels import CATEGORICAL_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Points = NDArray[np.float32]
    Places = NDArray[np.int64]

_EXACT = 2**22  # largest squared length of a point; sums of four of these are whole numbers that float32 holds
_CORNERS = 64  # categories of a column with a corner of their own; the rarer ones share one
_DIMENSIONS = 2048


@dataclass(frozen=True, slots=True)
class Embedded:
    """Points of several tables.

    Attributes:
        points: One array a table, each shape (rows, dimensions), whole numbers.
        unit: Distance of two categories that differ, and of the smallest from the largest number.
    """

    points: tuple[Points, ...]
    unit: int


def embed(tables: Sequence[Table], columns: Sequence[Column], rows: Sequence[Places]) -> Embedded:
    """Return the points of some rows of each table.

    Args:
        tables: Real rows first: ranks and frequent categories are theirs.
        columns: The columns that count, at least one.
        rows: Which rows of each table.
    """
    unit = int(np.sqrt(_EXACT / len(columns)))
    nominal = sum(column.kind in CATEGORICAL_KINDS for column in columns)
    corners = min(_CORNERS, max(_DIMENSIONS // max(nominal, 1), 2))
    parts: list[list[Points]] = [[] for _ in tables]
    for column in columns:
        coordinates = (
            _corners(tables, column, rows, corners) if column.kind in CATEGORICAL_KINDS else _ranks(tables, column, rows)
        )
        for part, own in zip(parts, coordinates, strict=True):
            part.append(np.rint(own * unit).astype(np.float32))
    return Embedded(tuple(np.concatenate(part, axis=1) for part in parts), unit)


def _corners(tables: Sequence[Table], column: Column, rows: Sequence[Places], corners: int) -> Iterator[NDArray[np.float64]]:
    codes, labels = joint_labels(tables, column.name)
    counts = np.bincount(codes[0] + 1, minlength=len(labels) + 1)
    frequent = np.argsort(-counts, kind="stable")[: corners - 1]
    place = np.full(len(counts), len(frequent))
    place[frequent] = np.arange(len(frequent))
    for own, some in zip(codes, rows, strict=True):
        yield np.eye(len(frequent) + 1)[place[own[some] + 1]] / np.sqrt(2.0)


def _ranks(tables: Sequence[Table], column: Column, rows: Sequence[Places]) -> Iterator[NDArray[np.float64]]:
    real = tables[0].numbers(column.name)
    known = np.sort(real[~np.isnan(real)])
    picked = [table.numbers(column.name)[some] for table, some in zip(tables, rows, strict=True)]
    gaps = any(np.isnan(own).any() for own in picked)
    for own in picked:
        missing = np.isnan(own)
        below = sum(np.searchsorted(known, own, side=side) for side in ("left", "right")) / (2.0 * max(len(known), 1))
        rank = np.where(missing, 0.5, below)[:, None]
        yield np.concatenate([rank, missing[:, None] / np.sqrt(2.0)], axis=1) if gaps else rank


def squared_distances(first: Points, second: Points) -> Points:
    """Return the squared distances of all pairs, exact whole numbers, shape (rows of first, rows of second)."""
    lengths = [np.einsum("ij,ij->i", own, own)[:, None] for own in (first, second)]
    ones = [np.ones_like(length) for length in lengths]
    left = np.concatenate([first, lengths[0], ones[0]], axis=1)
    right = np.concatenate([-2.0 * second, ones[1], lengths[1]], axis=1)
    return np.asarray(left @ right.T, dtype=np.float32)
