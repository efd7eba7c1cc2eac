"""Which classes of a target are told apart in a published table: rare ones are merged before any group is pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

_FEWEST_CELLS = 3  # with two, the table says what the outcome says already
FEWEST_GROUPS = 2


@dataclass(frozen=True, slots=True)
class Partition:
    """Classes sorted into cells.

    Attributes:
        runs: Places of the classes of each named cell.
        other: Whether one more cell, the last, holds all classes that no run names.
        cell: Cell of each class, and at the end that of classes without a place, shape (classes + 1,).
    """

    runs: tuple[tuple[int, ...], ...]
    other: bool
    cell: NDArray[np.intp]

    @property
    def width(self) -> int:
        """Number of cells."""
        return len(self.runs) + self.other

    def named(self, labels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """Return the labels of each named cell."""
        return tuple(tuple(labels[place] for place in run) for run in self.runs)

    def fits(self, present: NDArray[np.intp]) -> bool:
        """Return whether the classes ``present`` fill all cells, and nothing beside them."""
        return set(self.cell[present].tolist()) == set(range(self.width))


def _of(runs: Sequence[tuple[int, ...]], classes: int, *, other: bool) -> Partition:
    cell = np.full(classes + 1, len(runs), dtype=np.intp)
    for number, run in enumerate(runs):
        cell[list(run)] = number
    return Partition(tuple(runs), other, cell)


def partition(rows: NDArray[np.int64], positive: int, *, ordered: bool, groups: Callable[[Partition], int]) -> Partition | None:
    """Return how classes are merged: of ever coarser ways the one that publishes most counts, the finer one of equals.

    The positive class stays alone: its counts are published as the outcome's, so whatever it were merged with would follow.

    Args:
        rows: Rows of each class and, last, of all classes without a place, shape (classes + 1,).
        positive: Place of the positive class.
        ordered: Whether the classes have an order. If so, rare levels join neighbours; if not, a cell for all others.
        groups: From a way to merge to the number of groups that it publishes.

    Returns:
        The way; None when no way publishes three cells of two groups.
    """
    best, most = None, 0
    for way in _coarser_levels(rows[:-1], positive) if ordered else _coarser_classes(rows, positive):
        published = groups(way)
        if published >= FEWEST_GROUPS and published * way.width > most:
            best, most = way, published * way.width
    return best


def _coarser_classes(rows: NDArray[np.int64], positive: int) -> Iterator[Partition]:
    """Yield ways in which ever more of the least frequent classes are not named."""
    classes = len(rows) - 1
    occurring = [int(place) for place in np.argsort(rows[:-1], kind="stable") if rows[place] and place != positive]
    for merged in range(len(occurring)):
        other = merged > 0 or bool(rows[-1])
        way = _of([(place,) for place in sorted([*occurring[merged:], positive])], classes, other=other)
        if merged == 1 and not rows[-1]:
            continue  # that would be the class itself by another name
        if way.width >= _FEWEST_CELLS:
            yield way


def _coarser_levels(rows: NDArray[np.int64], positive: int) -> Iterator[Partition]:
    """Yield ways in which the rarest run of levels has joined the rarer one of its neighbours, again and again."""
    runs: list[tuple[int, ...]] = [(place,) for place in range(len(rows))]
    while len(runs) >= _FEWEST_CELLS:
        yield _of(runs, len(rows), other=False)
        sizes = [int(rows[list(run)].sum()) for run in runs]
        pairs = [
            (min(sizes[at], sizes[at + 1]), max(sizes[at], sizes[at + 1]), at)
            for at in range(len(runs) - 1)
            if (positive,) not in runs[at : at + 2]
        ]
        if not pairs:
            return
        at = min(pairs)[2]
        runs[at : at + 2] = [runs[at] + runs[at + 1]]
