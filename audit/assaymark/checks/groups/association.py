"""How strongly two columns of levels go together, whatever their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cramers_v(counts: NDArray[np.int64]) -> float:
    """Return Cramer's V with the bias of small tables taken off (Bergsma, 2013), in [0, 1].

    Args:
        counts: Contingency table, shape (rows, columns); empty rows and columns do not matter.
    """
    table = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0].astype(np.float64)
    n = float(table.sum())
    rows, columns = table.shape
    if min(rows, columns) < 2 or n < 2:  # noqa: PLR2004 - a constant goes with nothing
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    net = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    r, c = (size - (size - 1) ** 2 / (n - 1) for size in (rows, columns))
    return float(np.sqrt(min(net / min(r - 1, c - 1), 1.0))) if min(r, c) > 1 else 0.0
