"""Pooling of small cells, so that no count of fewer than ten real rows is published or follows from what is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.disclosure import View, pinned, view_of
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
    cell = np.arange(fine.counts.shape[1], dtype=np.intp)
    views = [view_of(*fine.project(scope), cell, fine.counts) for scope in scopes]
    _pool_views(views, fine.counts, small_cell)
    return {scope: _table(view, small_cell) for scope, view in zip(scopes, views, strict=True)}


def observed(fine: FineCube, scopes: Sequence[Scope]) -> dict[Scope, GroupTable]:
    """Return the tables of synthetic rows, nothing pooled."""
    width = fine.counts.shape[1]
    tables: dict[Scope, GroupTable] = {}
    for scope in scopes:
        counts: Mapping[tuple[str, ...], NDArray[np.int64]] = fine.table(scope)
        tables[scope] = GroupTable(tuple(counts), np.array(list(counts.values()), dtype=np.int64).reshape(len(counts), width))
    return tables


def _pool_views(views: list[View], fine: NDArray[np.int64], small_cell: int) -> None:
    for view in views:
        view.pooled |= (view.counts < small_cell).any(axis=1)
    while True:
        for view in views:
            _complete(view, small_cell)
        exposed = pinned(views, fine)
        if not exposed:
            return
        changed = [_hide(views, v, g) for v, g in exposed]
        if not any(changed) and not _withhold_one(views):
            return


def _complete(view: View, small_cell: int) -> None:
    """Let the smallest groups join until the pool is large enough itself; without enough groups publish nothing."""
    while view.pooled.any() and not view.withheld:
        large = (view.counts[view.pooled].sum(axis=0) >= small_cell).all()
        if large and view.pooled.sum() >= _FEWEST_IN_POOL:
            return
        if not _join_smallest(view, ~view.pooled):
            view.withheld = True


def _join_smallest(view: View, candidates: NDArray[np.bool_]) -> bool:
    places = np.flatnonzero(candidates)
    if not len(places):
        return False
    view.pooled[places[np.argmin(view.n[places])]] = True
    return True


def _hide(views: list[View], exposed: int, group: int) -> bool:
    """Pool one more group to free a pinned count: one that shares a label, else any of the view, else one of another view."""
    view = views[exposed]
    if not view.withheld:
        labels = view.groups[group]
        near = np.array([any(x == y for x, y in zip(labels, other, strict=True)) for other in view.groups])
        if _join_smallest(view, near & ~view.pooled) or _join_smallest(view, ~view.pooled):
            return True
    touched = view.member == group
    for other in reversed(views):
        overlap = np.zeros(len(other.groups), dtype=bool)
        overlap[other.member[touched]] = True
        if other is not view and not other.withheld and _join_smallest(other, overlap & ~other.pooled):
            return True
    return False


def _withhold_one(views: list[View]) -> bool:
    """Publish nothing of the last view that still shows anything; False when all are withheld already."""
    for view in reversed(views):
        if not view.withheld:
            view.withheld = True
            view.pooled[:] = True
            return True
    return False


def _table(view: View, small_cell: int) -> GroupTable:
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
