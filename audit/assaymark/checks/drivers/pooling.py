"""Which levels of a column may be told apart.

What is published of a level gives its real counts away to whoever inverts it: shares and rates of synthetic rows are known, and
so are the totals of both groups. So levels are pooled *before* anything is computed, and the argument does not rest on
rounding:

1. Each level that stands for itself has ten real rows or more in each of its four cells (two groups by two outcomes). Whoever
   works them out learns counts of ten rows or more.
2. All other levels are one level, "other levels", and with it what remains of the totals. It consists of two levels at least,
   and each of its four cells has ten rows or more too; smallest levels join it until that holds. So totals less the others is
   such a count as well.
3. If everything had to be pooled, nothing of the column is told.

Tables of two scopes (the sexes; the sexes of one race), or of two columns that say nearly the same, may differ by a few rows of
a level. Therefore what levels contribute is told in steps that ten real rows are needed to cross
(:mod:`assaymark.checks.rounding`): a difference of two such numbers pins no count under ten. The total over the levels
needs no such step: it is one number for all of its cells, four at least, of which none is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

_FEWEST = 2
_MOST_LEVELS = 100


def pooled_levels(real: Counts, present: NDArray[np.bool_], small_cell: int) -> NDArray[np.intp] | None:
    """Return what becomes of each level.

    Args:
        real: Counts of real rows, shape (levels, 2 groups, 2 outcomes).
        present: Which levels any table has, shape (levels,); the others do not matter.
        small_cell: Smallest count that may be told.

    Returns:
        The new level of each level, shape (levels,), -1 where it does not matter: those that stand for themselves in their
        order, and last, if there is one, the pool, which is then the highest number and is shared by two levels at least. None
        when fewer than two levels remain.
    """
    rows = real.sum(axis=(1, 2))
    pooled = present & (real < small_cell).any(axis=(1, 2))
    rarest = np.argsort(np.where(present, -rows, 1), kind="stable")[_MOST_LEVELS:]
    pooled[rarest] = present[rarest]
    while pooled.any() and not _may_be_told(real[pooled], small_cell):
        left = np.flatnonzero(present & ~pooled)
        if not len(left):
            return None
        pooled[left[np.argmin(rows[left])]] = True
    kept = np.flatnonzero(present & ~pooled)
    if len(kept) + bool(pooled.any()) < _FEWEST:
        return None
    place = np.full(len(real), -1, dtype=np.intp)
    place[pooled] = len(kept)
    place[kept] = np.arange(len(kept))
    return place


def _may_be_told(pool: Counts, small_cell: int) -> bool:
    """Whether a pool hides its levels: of one level, it would be that level, which may well be one that real does not have."""
    return len(pool) >= _FEWEST and bool((pool.sum(axis=0) >= small_cell).all())


def merge(counts: Counts, place: NDArray[np.intp]) -> Counts:
    """Return counts of the new levels, shape (new levels, 2, 2)."""
    merged = np.zeros((int(place.max()) + 1, *counts.shape[1:]), dtype=np.int64)
    np.add.at(merged, place[place >= 0], counts[place >= 0])
    return merged
