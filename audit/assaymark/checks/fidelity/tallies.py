"""Two-way tables of counts: dense where they are small, of the cells that occur where they are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.integer]
    Counts = NDArray[np.int64]

DENSE = 2**20  # cells up to which a table is counted in an array
_BLOCK = 2**15  # rows that are counted at a time


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of the same cells in several tables.

    Attributes:
        counts: One array a table, each shape (cells,).
        keys: Which cells these are, ascending: ``code of the first column · width of the second + code of the second``;
            None when they are all, in that order.
        width: Levels of the second column.
    """

    counts: tuple[Counts, ...]
    keys: Counts | None
    width: int

    def find(self, keys: Counts) -> Counts:
        """Return the places of cells that occur."""
        return keys if self.keys is None else np.searchsorted(self.keys, keys)

    def cramers_v(self, table: int) -> float | None:
        """Return Cramér's V of one table, without correction; None where a column has fewer than two levels there.

        It is the one that SDMetrics takes from SciPy to leave out pairs that are weakly related in real.
        """
        used = np.flatnonzero(self.counts[table])
        observed = self.counts[table][used].astype(np.float64)
        keys = used if self.keys is None else self.keys[used]
        rows, columns = (np.unique(side, return_inverse=True)[1] for side in np.divmod(keys, self.width))
        first, second = np.bincount(rows, weights=observed), np.bincount(columns, weights=observed)
        smaller = min(len(first), len(second)) - 1
        if smaller < 1:
            return None
        total = observed.sum()
        phi2 = float((observed**2 / (first[rows] * second[columns])).sum()) - 1.0
        return float(np.sqrt(max(phi2, 0.0) / smaller)) if total else None


def tally(first: Sequence[Codes], rows: int, second: Sequence[Codes], columns: int) -> Tally:
    """Count the cells of two columns in several tables.

    Args:
        first: Levels of the first column, one array a table.
        rows: How many levels it has.
        second: The same of the second column.
        columns: How many levels that has.
    """
    pairs = list(zip(first, second, strict=True))
    if rows * columns <= DENSE:
        return Tally(tuple(_dense(a, b, rows, columns) for a, b in pairs), None, columns)
    found = [np.unique(a.astype(np.int64) * columns + b, return_counts=True) for a, b in pairs]
    used = np.unique(np.concatenate([own for own, _ in found]))
    counts = []
    for own, often in found:
        place = np.zeros(len(used), dtype=np.int64)
        place[np.searchsorted(used, own)] = often
        counts.append(place)
    return Tally(tuple(counts), used, columns)


def _dense(first: Codes, second: Codes, rows: int, columns: int) -> Counts:
    """Count block by block, so that what is in between stays in the cache."""
    counts = np.zeros(rows * columns, dtype=np.int64)
    block = max(_BLOCK, 2 * rows * columns)  # a large table is not added up often
    keys = np.empty(min(block, len(first)), dtype=np.int64)
    for begin in range(0, len(first), block):
        some = keys[: min(block, len(first) - begin)]
        np.multiply(first[begin : begin + block], columns, out=some, dtype=np.int64)
        some += second[begin : begin + block]
        counts += np.bincount(some, minlength=rows * columns)
    return counts


def merged(counts: Counts, rows: Counts | None, columns: Counts | None) -> Counts:
    """Return a dense table with its levels merged, flat.

    Args:
        counts: Shape (levels of the first column, levels of the second).
        rows: The merged level of each level of the first column; None leaves them as they are.
        columns: The same for the second column.
    """
    sums = counts.astype(np.float64)  # whole numbers below 2**53: exact, in whatever order they are added
    if rows is not None:
        sums = np.eye(int(rows.max()) + 1)[:, rows] @ sums
    if columns is not None:
        sums = sums @ np.eye(int(columns.max()) + 1)[columns]
    return np.rint(sums).astype(np.int64).ravel()
