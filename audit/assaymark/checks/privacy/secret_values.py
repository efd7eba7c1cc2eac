"""When a guess of a secret value is right, and how often a blind one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.checks.privacy.rows import is_ordered
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class SecretValues:
    """The values of a secret column in several tables, comparable.

    Attributes:
        values: Numbers, or codes of labels, an array of shape (rows,) for each table; NaN where missing.
        relative: How far a guess may be off, as a share of the guess.
        absolute: How far it may be off in the unit of the values.
        tolerance: The same in words.
    """

    values: tuple[NDArray[np.float64], ...]
    relative: float
    absolute: float
    tolerance: str

    def guessed(self, guesses: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which guesses are right; a missing value is guessed by a missing one."""
        near = np.abs(guesses - truth) <= self.relative * np.abs(guesses) + self.absolute
        return np.asarray(near | (np.isnan(guesses) & np.isnan(truth)))

    def guessed_blindly(self, pool: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return for each true value the share of ``pool`` that would be a right guess."""
        known = np.sort(pool[~np.isnan(pool)])
        values, places = np.unique(truth, return_inverse=True)  # NaNs are one value
        low, high = self._reach(values)
        right = np.searchsorted(known, high, side="right") - np.searchsorted(known, low, side="left")
        right = np.where(np.isnan(values), len(pool) - len(known), np.maximum(right, 0))
        return np.asarray((right / len(pool))[places])

    def _reach(self, truth: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the smallest and the largest right guess; absolute and relative tolerance do not go together."""
        near, far = truth / (1.0 + self.relative), truth / (1.0 - self.relative)
        return np.minimum(near, far) - self.absolute, np.maximum(near, far) + self.absolute


def secret_values(tables: Sequence[Table], column: Column) -> SecretValues:
    """Return the values of a secret column: numbers are right within 5%, datetimes within 5% of their range, labels exactly."""
    if not is_ordered(column):
        codes, _ = joint_labels(tables, column.name)
        return SecretValues(tuple(np.where(own < 0, np.nan, own) for own in codes), 0.0, 0.0, "exact")
    values = tuple(table.numbers(column.name) for table in tables)
    if column.kind is Kind.DATETIME:
        present = np.concatenate(values)
        present = present[~np.isnan(present)]
        return SecretValues(values, 0.0, TOLERANCE * float(np.ptp(present)) if len(present) else 0.0, "5% of the range")
    return SecretValues(values, TOLERANCE, 0.0, "5% of the guess")
