"""Split a table at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.errors import TooFewRowsError

if TYPE_CHECKING:
    import numpy as np

    from assaymark.tables.table import Table


_MIN_ROWS = 2  # one for each part


def split_holdout(table: Table, share: float, rng: np.random.Generator) -> tuple[Table, Table]:
    """Split a table into a training part and a simple random holdout.

    The holdout is not stratified: equal shares by construction would make the null distribution of every difference
    between the parts too narrow.

    Args:
        table: The rows.
        share: Share of the rows that goes to the holdout, above 0 and below 1.
        rng: Source of randomness.

    Returns:
        Training part and holdout, each with at least one row, rows in their original order.

    Raises:
        TooFewRowsError: When the table has fewer than two rows.
        ValueError: When ``share`` is not between 0 and 1.
    """
    import numpy as np

    if not 0.0 < share < 1.0:
        raise ValueError(f"share must be above 0 and below 1, not {share}")
    rows = table.rows
    if rows < _MIN_ROWS:
        raise TooFewRowsError(
            "the table has too few rows to be split",
            found=f"{rows} row" if rows == 1 else f"{rows} rows",
            expected="at least 2",
            remedy="Give a table with more rows.",
        )
    size = min(max(round(rows * share), 1), rows - 1)
    held = np.zeros(rows, dtype=bool)
    held[rng.choice(rows, size=size, replace=False)] = True
    return table.take(np.flatnonzero(~held)), table.take(np.flatnonzero(held))
