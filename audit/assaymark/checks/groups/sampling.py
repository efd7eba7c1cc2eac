"""How many rows a measure looks at: fewer of a wide table, so that its cost is bounded by cells and not by columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST = 2_000  # of however wide a table


def most_rows(cells: int, columns: int) -> int:
    """Return how many rows of ``columns`` columns make about ``cells`` cells; 2,000 at least."""
    return max(cells // max(columns, 1), _FEWEST)


def some_rows(rows: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return at most ``most`` of ``rows``, drawn without replacement, in their order."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
