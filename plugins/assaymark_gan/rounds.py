"""Which columns are drawn in which round."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FEWEST, _MOST = 8, 32
_COLUMNS = 6
_ROWS = 20_000  # rows that tell which columns depend on each other; more tell no more about that


def choose_rounds(
    codes: NDArray[np.int32], cardinalities: Sequence[int], last: int | None, wanted: int | None, rng: np.random.Generator
) -> tuple[tuple[int, ...], ...]:
    """Return the code columns of each round, so that columns of one round depend on each other as little as possible.

    Args:
        codes: Shape (rows, code columns).
        cardinalities: Number of codes of each column.
        last: The column that comes last, alone; None for no such column.
        wanted: Number of rounds; None for one that suits the number of columns.
        rng: Draws the rows that are looked at, in a long table.
    """
    columns = [place for place in range(len(cardinalities)) if place != last]
    count = wanted if wanted is not None else min(max(_FEWEST, math.ceil(len(cardinalities) / _COLUMNS)), _MOST)
    count = min(max(count - (last is not None), 1), max(len(columns), 1))
    if len(codes) > _ROWS:
        codes = codes[np.sort(rng.choice(len(codes), _ROWS, replace=False))]
    pairs = _dependence(codes, cardinalities)
    rounds: list[list[int]] = [[] for _ in range(count)]
    size = math.ceil(len(columns) / count)
    # those that depend most on others choose first
    for place in sorted(columns, key=lambda place: (-pairs[place].sum(), place)):
        open_rounds = [held for held in rounds if len(held) < size]
        min(open_rounds, key=lambda held: (sum(pairs[place, other] for other in held), len(held))).append(place)
    found = [tuple(held) for held in rounds if held]
    return (*found, (last,)) if last is not None else tuple(found)


def _dependence(codes: NDArray[np.int32], cardinalities: Sequence[int]) -> NDArray[np.float64]:
    """Return the mutual information of all pairs in nats, less what chance would show."""
    count, rows = len(cardinalities), len(codes)
    found = np.zeros((count, count))
    for a in range(count):
        for b in range(a + 1, count):
            flat = codes[:, a].astype(np.int64) * cardinalities[b] + codes[:, b]
            table = np.bincount(flat, minlength=cardinalities[a] * cardinalities[b]).reshape(cardinalities[a], cardinalities[b])
            outer = np.outer(table.sum(axis=1), table.sum(axis=0)) / rows
            seen = table > 0
            told = float((table[seen] * np.log(table[seen] / outer[seen])).sum()) / rows
            present = (np.count_nonzero(table.sum(axis=1)) - 1) * (np.count_nonzero(table.sum(axis=0)) - 1)
            found[a, b] = found[b, a] = max(told - present / (2 * rows), 0.0)
    return found
