"""Which unpublished counts follow from published ones: a linear program over all tables that fit what is published.

The attacker of this check knows every published count and which combinations of groups occur at all, but no count of them.
A count is *pinned* when only one whole number fits. See Hundepool et al., Statistical Disclosure Control (2012), section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group

_PROBES = 12  # random directions tried before single counts are bounded; each shows many counts to be free at once
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Block:
    """The private counts of one cube, as a run of unknowns of the linear program.

    Attributes:
        counts: int64, shape (m, c).
        offset: Index of the first unknown.
        base: Combination of the first block that each combination belongs to, shape (m,): counts of a later block, which
            tells the values of a stratum column apart as well, sum to counts of the first.
    """

    counts: NDArray[np.int64]
    offset: int
    base: NDArray[np.intp]


def first_block(counts: NDArray[np.int64]) -> Block:
    """Return the block of the cube that all others sum to."""
    return Block(counts, 0, np.arange(len(counts)))


@dataclass(slots=True)
class View:
    """A table over a private cube, some of whose groups are published and the others pooled.

    Attributes:
        groups: Groups that occur.
        member: Group of each combination of the private cube, shape (m,).
        cell: Cell of the view for each cell of the private cube, shape (c,).
        counts: int64, shape (groups, cells of the view).
        pooled: bool, shape (groups,): the groups in the pool.
        block: The private cube.
        withheld: True when not even the pool is published.
    """

    groups: tuple[Group, ...]
    member: NDArray[np.intp]
    cell: NDArray[np.intp]
    counts: NDArray[np.int64]
    pooled: NDArray[np.bool_]
    block: Block
    withheld: bool = False

    @property
    def n(self) -> NDArray[np.int64]:
        """Rows of each group."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)

    def variables(self, groups: NDArray[np.bool_], cell: int) -> NDArray[np.intp]:
        """Return the indices of the private counts that make up ``cell`` of ``groups``."""
        combination = np.flatnonzero(groups[self.member])
        inner = np.flatnonzero(self.cell == cell)
        return (self.block.offset + combination[:, None] * len(self.cell) + inner[None, :]).ravel()


def view_of(groups: tuple[Group, ...], member: NDArray[np.intp], cell: NDArray[np.intp], block: Block) -> View:
    """Make a view of a private cube in which nothing is pooled yet."""
    counts = np.zeros((len(groups), int(cell.max()) + 1), dtype=np.int64)
    np.add.at(counts, (member[:, None], cell[None, :]), block.counts)
    return View(groups, member, cell, counts, np.zeros(len(groups), dtype=bool), block)


def _constraints(views: Iterable[View], blocks: Sequence[Block]) -> tuple[Any, NDArray[np.float64]]:
    from scipy import sparse

    size = sum(block.counts.size for block in blocks)
    rows: list[NDArray[np.intp]] = [np.arange(blocks[0].counts.size)]
    values = [float(blocks[0].counts.sum())]
    for view in views:
        if view.withheld:
            continue
        sets = [np.arange(len(view.groups)) == g for g in np.flatnonzero(~view.pooled)]
        if view.pooled.any():
            sets.append(view.pooled)
        for chosen in sets:
            for cell in range(view.counts.shape[1]):
                rows.append(view.variables(chosen, cell))
                values.append(float(view.counts[chosen, cell].sum()))
    pointers = np.cumsum([0, *(len(row) for row in rows)])
    indices = np.concatenate(rows)
    told = sparse.csr_matrix((np.ones(len(indices)), indices, pointers), shape=(len(rows), size))
    links = [_links(block, blocks[0], size) for block in blocks[1:]]
    known = np.concatenate([values, np.zeros(sum(link.shape[0] for link in links))])
    return sparse.vstack([told, *links], format="csr"), known


def _links(block: Block, first: Block, size: int) -> Any:
    """Return the rows that say that the counts of ``block`` sum to those of the first block."""
    from scipy import sparse

    m, c = block.counts.shape
    cells = np.arange(c)
    sums = (block.base[:, None] * c + cells).ravel()
    own = block.offset + np.arange(m * c)
    total = np.arange(first.counts.size)
    return sparse.csr_matrix(
        (
            np.concatenate([np.ones(m * c), -np.ones(len(total))]),
            (np.concatenate([sums, total]), np.concatenate([own, total])),
        ),
        shape=(len(total), size),
    )


def pinned(views: Sequence[View], blocks: Sequence[Block], small_cell: int) -> list[tuple[int, int]]:
    """Return the pooled groups that have a pinned count, as (view, group) pairs.

    Tables over different stratum columns bear on each other only through the counts of the protected groups: two tables with
    the same such counts can always be glued together. So one block a stratum column says all that their product would.

    Args:
        views: All that is published of the private cubes.
        blocks: The private cubes; the first one has the protected attributes alone.
        small_cell: Smallest count that may be published.
    """
    targets = [
        (v, int(g), int(c))
        for v, view in enumerate(views)
        for g, c in zip(*np.nonzero(_guarded(view, small_cell)), strict=True)
    ]
    if not targets:
        return []
    members = [views[v].variables(np.arange(len(views[v].groups)) == g, c) for v, g, c in targets]
    bounds = Bounds(views, blocks, members)
    found: list[tuple[int, int]] = []
    for place, (v, g, _) in enumerate(targets):
        if (v, g) not in found and bounds.pinned(place):
            found.append((v, g))
    return found


def _guarded(view: View, small_cell: int) -> NDArray[np.bool_]:
    """Return the cells that must not be pinned, shape (groups, cells of the view).

    They are all cells of a hidden protected group; within strata, where hardly a group would be left to show, the small ones.
    """
    hidden = np.ones(len(view.groups), dtype=bool) if view.withheld else view.pooled
    cells = view.counts < small_cell if view.block.offset else np.ones(view.counts.shape, dtype=bool)
    return np.asarray(hidden[:, None] & cells, dtype=np.bool_)


def _indicator(members: NDArray[np.intp], size: int, sign: float) -> NDArray[np.float64]:
    direction = np.zeros(size)
    direction[members] = sign
    return direction


def _probe(
    matrix: Any, values: NDArray[np.float64], members: list[NDArray[np.intp]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bound the targets from inside by a few feasible tables; what spreads by one or more is shown to be free."""
    rng = np.random.Generator(np.random.PCG64(0))  # any directions will do: they only save time
    size = matrix.shape[1]
    low, high = np.full(len(members), np.inf), np.full(len(members), -np.inf)
    for _ in range(_PROBES):
        weights = rng.normal(size=size)
        for sign in (1.0, -1.0):
            table = _extreme(matrix, values, sign * weights)
            reached = np.array([table[member].sum() for member in members])
            low, high = np.minimum(low, reached), np.maximum(high, reached)
        if np.all(high - low >= 1):
            break
    return low, high


def _extreme(matrix: Any, values: NDArray[np.float64], direction: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.optimize import linprog

    solved = linprog(direction, A_eq=matrix, b_eq=values, bounds=(0, None), method="highs")
    if solved.status != 0:
        raise InternalError(
            "the disclosure check could not be solved", found=str(solved.message), remedy="Report this as a defect."
        )
    return np.asarray(solved.x, dtype=np.float64)


class Bounds:
    """What the published tables leave open of some sums of private counts.

    Args:
        views: All that is published.
        blocks: The private cubes; the first one is what all others sum to.
        members: For each sum, the indices of its counts among the unknowns.
    """

    def __init__(self, views: Sequence[View], blocks: Sequence[Block], members: list[NDArray[np.intp]]) -> None:
        self._members = members
        self._matrix, self._values = _constraints(views, blocks)
        self._low, self._high = _probe(self._matrix, self._values, members)

    def pinned(self, place: int) -> bool:
        """Return whether only one whole number fits the sum at ``place``."""
        if self._high[place] - self._low[place] >= 1 - _TOLERANCE:
            return False
        direction = _indicator(self._members[place], self._matrix.shape[1], 1.0)
        least, most = (_extreme(self._matrix, self._values, sign * direction) @ direction for sign in (1.0, -1.0))
        return bool(np.floor(most + _TOLERANCE) - np.ceil(least - _TOLERANCE) < 1)
