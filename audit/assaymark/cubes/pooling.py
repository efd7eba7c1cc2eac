"""Pooling of small cells, so that no count of fewer than ten real rows is published or follows from what is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.disclosure import Block, View, first_block, pinned, view_of
from assaymark.cubes.published import GroupTable, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.cubes.fine import FineCube

_FEWEST_IN_POOL = 2  # a pool of one group would publish that group


def pool(fine: FineCube, scopes: Sequence[Scope], small_cell: int) -> dict[Scope, GroupTable]:
    """Return the tables of real rows that may be published, by scope.

    A group with a cell under ``small_cell`` (zero included) joins the pool of its scope; further groups join until the
    pool itself is large enough and no pooled count is pinned by all that is published.
    """
    return pool_with_strata(fine, scopes, {}, small_cell)[0]


def pool_with_strata(
    fine: FineCube, scopes: Sequence[Scope], strata: Mapping[str, FineCube], small_cell: int
) -> tuple[dict[Scope, GroupTable], dict[Scope, GroupTable]]:
    """Return the tables of :func:`pool`, and those of each stratum column and of each attribute within it.

    The tables of ``scopes`` are pooled first, as if there were no strata; where tables of strata would give something away,
    it is they that are pooled further.

    Args:
        fine: Cube of the protected attributes.
        scopes: Attributes and intersections to publish.
        strata: For each stratum column, the cube of the protected attributes and, last, that column.
        small_cell: Smallest count that may be published.
    """
    cell = np.arange(fine.counts.shape[1], dtype=np.intp)
    blocks = [first_block(fine.counts)]
    views = [view_of(*fine.project(scope), cell, blocks[0]) for scope in scopes]
    _pool_views(views, blocks, small_cell)
    inner: dict[Scope, View] = {}
    for column, cube in strata.items():
        blocks.append(_finer(cube, fine, blocks[-1]))
        for scope in ((column,), *((name, column) for name in fine.attributes)):
            inner[scope] = view_of(*cube.project(scope), cell, blocks[-1])
    if inner:
        _pool_views([*views, *inner.values()], blocks, small_cell, fixed=len(views))
    return (
        {scope: table_of(view, small_cell) for scope, view in zip(scopes, views, strict=True)},
        {scope: table_of(view, small_cell) for scope, view in inner.items()},
    )


def _finer(cube: FineCube, fine: FineCube, last: Block) -> Block:
    place = {combination: row for row, combination in enumerate(fine.combinations)}
    base = np.array([place[combination[:-1]] for combination in cube.combinations], dtype=np.intp)
    return Block(cube.counts, last.offset + last.counts.size, base)


def observed(fine: FineCube, scopes: Sequence[Scope]) -> dict[Scope, GroupTable]:
    """Return the tables of synthetic rows, nothing pooled."""
    width = fine.counts.shape[1]
    tables: dict[Scope, GroupTable] = {}
    for scope in scopes:
        counts: Mapping[tuple[str, ...], NDArray[np.int64]] = fine.table(scope)
        tables[scope] = GroupTable(tuple(counts), np.array(list(counts.values()), dtype=np.int64).reshape(len(counts), width))
    return tables


def _pool_views(views: list[View], blocks: Sequence[Block], small_cell: int, fixed: int = 0) -> None:
    """Pool until nothing is pinned; the first ``fixed`` views are pooled already and stay as they are."""
    free = views[fixed:]
    for view in free:
        view.pooled |= (view.counts < small_cell).any(axis=1)
    while True:
        for view in free:
            complete(view, small_cell)
        exposed = pinned(views, blocks, small_cell)
        if not exposed:
            return
        changed = [_hide(views[v], g, free) for v, g in exposed]
        if not any(changed) and not _withhold_one(free):
            return


def complete(view: View, small_cell: int) -> None:
    """Let the smallest groups join until the pool is large enough itself; without enough groups publish nothing."""
    while view.pooled.any() and not view.withheld:
        if any([_join_beside(view, stratum) for stratum in _strata(view)]):  # noqa: C419 - in all strata, not up to the first
            continue
        large = (view.counts[view.pooled].sum(axis=0) >= small_cell).all()
        if large and view.pooled.sum() >= _FEWEST_IN_POOL:
            return
        if not join_smallest(view, ~view.pooled):
            view.withheld = True


def _strata(view: View) -> list[str]:
    """Return the strata with a pooled group; none where the view has no strata."""
    if not view.block.offset or len(view.groups[0]) == 1:
        return []
    return sorted({view.groups[g][-1] for g in np.flatnonzero(view.pooled)})


def _same_stratum(view: View, stratum: str) -> NDArray[np.bool_]:
    return np.array([view.block.offset > 0 and group[-1] == stratum for group in view.groups], dtype=np.bool_)


def _join_beside(view: View, stratum: str) -> bool:
    """Pool a second group of a stratum with one pooled group, which the stratum's total would give away."""
    beside = _same_stratum(view, stratum)
    return bool((beside & view.pooled).sum() == 1) and join_smallest(view, beside & ~view.pooled)


def join_smallest(view: View, candidates: NDArray[np.bool_]) -> bool:
    """Let the smallest of ``candidates`` join the pool; False when there is none."""
    places = np.flatnonzero(candidates)
    if not len(places):
        return False
    view.pooled[places[np.argmin(view.n[places])]] = True
    return True


def _hide(view: View, group: int, free: list[View]) -> bool:
    """Pool one more group to free a pinned count: one that shares a label, else any of the view, else one of another view."""
    if any(view is one for one in free) and not view.withheld:
        labels = view.groups[group]
        # within a stratum it is most often the other groups, together with the total, that give a count away
        beside = _same_stratum(view, labels[-1])
        near = np.array([any(x == y for x, y in zip(labels, other, strict=True)) for other in view.groups])
        if any(join_smallest(view, candidates & ~view.pooled) for candidates in (beside, near, ~view.pooled)):
            return True
    for other in reversed(free):
        if other is view or other.withheld:
            continue
        overlap = np.zeros(len(other.groups), dtype=bool)
        overlap[other.member[_touched(view, group, other)]] = True
        if join_smallest(other, overlap & ~other.pooled):
            return True
    return False


def _touched(view: View, group: int, other: View) -> NDArray[np.bool_]:
    """Return which combinations of the cube of ``other`` share rows with a group of ``view``."""
    own = np.asarray(view.member == group, dtype=np.bool_)
    if view.block is other.block:
        return own
    return np.asarray(np.isin(other.block.base, view.block.base[own]), dtype=np.bool_)


def _withhold_one(views: list[View]) -> bool:
    """Publish nothing of the last view that still shows anything; False when all are withheld already."""
    for view in reversed(views):
        if not view.withheld:
            view.withheld = True
            view.pooled[:] = True
            return True
    return False


def table_of(view: View, small_cell: int) -> GroupTable:
    """Return what a view publishes."""
    width = view.counts.shape[1]
    if view.withheld:
        return GroupTable((), np.zeros((0, width), dtype=np.int64), withheld=True)
    shown = np.flatnonzero(~view.pooled)
    hidden = np.flatnonzero(view.pooled)
    return GroupTable(
        tuple(view.groups[g] for g in shown),
        view.counts[shown],
        view.counts[hidden].sum(axis=0) if len(hidden) else None,
        tuple(view.groups[g] for g in hidden if view.n[g] >= small_cell),
    )
