"""Rows as numbers that learners take: one matrix for training, one for the holdout, coded by the training rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.tables.schema import Kind, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column, Schema
    from assaymark.tables.table import Table

    Features = NDArray[np.float64]

LEVELS = 255  # categories of a column that are told apart, as many as boosted histograms take; rarer ones read as missing


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table.

    Attributes:
        table: The table.
        rows: Indices of the rows, shape (n,).
        truth: Outcome of those rows, shape (n,).
    """

    table: Table
    rows: NDArray[np.int64]
    truth: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Training:
    """What learners learn from and are tested on.

    Attributes:
        features: Numbers, or codes of categories from 0, NaN where missing, shape (rows, columns).
        truth: Whether a row is positive, shape (rows,).
        tested: The same columns of the holdout; a category that training rows do not have reads as missing.
        categorical: Which columns hold codes, shape (columns,).
    """

    features: Features
    truth: NDArray[np.bool_]
    tested: Features
    categorical: NDArray[np.bool_]

    def drawn(self, rows: NDArray[np.int64]) -> Training:
        """Return the same with the training rows ``rows``, which may repeat."""
        return Training(self.features[rows], self.truth[rows], self.tested, self.categorical)


def predictors(schema: Schema) -> tuple[Column, ...]:
    """Return the columns that classifiers learn from: protected ones too; not identifiers, free text and the target."""
    return tuple(column for column in schema.learnable if Role.TARGET not in column.roles)


def training_of(parts: Sequence[Part], tested: Part, schema: Schema) -> Training:
    """Code the rows of one or more tables, and the holdout's on the same scale; a column that is always missing is left out."""
    columns: list[Features] = []
    others: list[Features] = []
    categorical: list[bool] = []
    for column in predictors(schema):
        known, other = _coded(parts, tested, column)
        if not np.isnan(known).all():
            columns.append(known)
            others.append(other)
            categorical.append(column.kind is Kind.CATEGORICAL)
    truth = np.concatenate([part.truth for part in parts])
    shape = (len(truth), len(columns)), (len(tested.rows), len(columns))
    return Training(
        np.column_stack(columns) if columns else np.zeros(shape[0]),
        truth,
        np.column_stack(others) if others else np.zeros(shape[1]),
        np.array(categorical, dtype=bool),
    )


def _coded(parts: Sequence[Part], tested: Part, column: Column) -> tuple[Features, Features]:
    everything = [*parts, tested]
    if column.kind is not Kind.CATEGORICAL:
        *known, other = (part.table.numbers(column.name)[part.rows] for part in everything)
        return np.concatenate(known), other
    codes, labels = joint_labels([part.table for part in everything], column.name)
    *seen, new = (code[part.rows] for code, part in zip(codes, everything, strict=True))
    learned = np.concatenate(seen)
    counts = np.bincount(learned[learned >= 0], minlength=len(labels))
    frequent = np.argsort(-counts, kind="stable")[:LEVELS]
    frequent = np.sort(frequent[counts[frequent] > 0])
    place = np.full(len(labels) + 1, np.nan)  # the last entry stands for missing, code -1
    place[frequent] = np.arange(len(frequent))
    return place[learned], place[new]
