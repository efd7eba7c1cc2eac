"""What may be published of the counts by class, beside what is published already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.class_counting import ClassCubes, synthetic_classes
from assaymark.cubes.disclosure import Block, Bounds, View, first_block, view_of
from assaymark.cubes.merging import FEWEST_GROUPS, Partition, partition
from assaymark.cubes.pooling import complete, join_smallest, table_of
from assaymark.cubes.published import ClassTables, GroupTable, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from assaymark.cubes.fine import FineCube, Group


class _Private:
    """A private cube by class, without the classes that no row of it has: nothing may hide behind those.

    Attributes:
        cube: The cube.
        labels: Places of the classes that occur.
        counts: Its counts of these, shape (m, classes that occur).
        block: The same, as the unknowns of the disclosure check.
    """

    def __init__(self, cube: FineCube) -> None:
        self.cube = cube
        self.labels = np.flatnonzero(cube.counts.sum(axis=0))
        self.counts = cube.counts[:, self.labels]
        self.block = first_block(self.counts)

    def view(self, scope: Scope, cell: NDArray[np.intp]) -> View:
        """Return the table of a scope; ``cell`` is its cell for each class of the cube."""
        return view_of(*self.cube.project(scope), cell[self.labels], self.block)

    def published(self, scope: Scope, table: GroupTable, cell: NDArray[np.intp]) -> View:
        """Return a table that is published already."""
        view = self.view(scope, cell)
        shown = set(table.groups)
        view.pooled = np.array([group not in shown for group in view.groups], dtype=bool)
        view.withheld = table.withheld
        return view


def class_tables(
    classes: ClassCubes,
    real: Mapping[Scope, GroupTable],
    holdout: Mapping[Scope, GroupTable],
    small_cell: int,
    reason: str | None = None,
) -> dict[Scope, ClassTables]:
    """Return the tables by class that may be published beside the tables by outcome, which stay as they are.

    Tables of the holdout by classifiers' labels need no look: they and the tables by class bear on each other only through the
    counts by protected groups and outcome, and of these they say no more than the tables by outcome.

    Args:
        classes: Private cubes.
        real: The published tables of the real rows by outcome, for each scope.
        holdout: Those of the holdout, if there is one.
        small_cell: Smallest count that may be published.
        reason: Why no table is to be published, a short stable code; None when they may be.
    """
    scopes = list(real)
    if reason is not None or not classes.labels:
        return {scope: _nothing(classes, scope, reason or "too_many_combinations") for scope in scopes}
    private = _Private(classes.real)
    found = {scope: _partition(classes, private, scope, small_cell) for scope in scopes}
    parts = {scope: part for scope, part in found.items() if part is not None}
    shown = _publish(private, classes.positive, parts, real, small_cell)
    held: Mapping[Scope, GroupTable] = {}
    if classes.holdout is not None:
        present = _Private(classes.holdout)
        # a class that only the holdout has finds no cell where real has none for the rest
        fitting = {scope: part for scope, part in parts.items() if part.fits(present.labels)}
        held = _publish(present, classes.positive, fitting, holdout, small_cell)
    tables: dict[Scope, ClassTables] = {}
    for scope in scopes:
        if scope not in parts or shown[scope].withheld:
            tables[scope] = _nothing(classes, scope, "small_cell")
            continue
        cells = parts[scope].named(classes.labels)
        synthetic = synthetic_classes(classes.synthetic, scope, cells, classes.labels)
        tables[scope] = ClassTables(cells, classes.ordered, parts[scope].other, shown[scope], synthetic, held.get(scope))
    return tables


def _nothing(classes: ClassCubes, scope: Scope, reason: str) -> ClassTables:
    withheld = GroupTable((), np.zeros((0, 0), dtype=np.int64), withheld=True)
    synthetic = synthetic_classes(classes.synthetic, scope, (), classes.labels)
    return ClassTables((), classes.ordered, other=False, real=withheld, synthetic=synthetic, reason=reason)


def _partition(classes: ClassCubes, private: _Private, scope: Scope, small_cell: int) -> Partition | None:
    def groups(part: Partition) -> int:
        view = private.view(scope, part.cell)
        view.pooled |= (view.counts < small_cell).any(axis=1)
        complete(view, small_cell)
        return 0 if view.withheld else int((~view.pooled).sum())

    return partition(private.cube.counts.sum(axis=0), classes.positive, ordered=classes.ordered, groups=groups)


def _publish(
    private: _Private, positive: int, parts: Mapping[Scope, Partition], published: Mapping[Scope, GroupTable], small_cell: int
) -> dict[Scope, GroupTable]:
    """Pool the tables of single attributes first; those of intersections then give way to them."""
    outcome = np.zeros(private.cube.counts.shape[1], dtype=np.intp)
    outcome[positive] = 1
    fixed = {scope: private.published(scope, table, outcome) for scope, table in published.items()}
    settled: dict[Scope, View] = {}
    for single in (True, False):
        views = {scope: private.view(scope, part.cell) for scope, part in parts.items() if (len(scope) == 1) is single}
        for view in views.values():
            view.pooled |= (view.counts < small_cell).any(axis=1)
        _Disclosure(private.block, fixed, settled, views, small_cell).prevent()
        settled |= views
    return {scope: table_of(view, small_cell) for scope, view in settled.items()}


@dataclass(frozen=True, slots=True)
class _Disclosure:
    """What small counts follow from tables by class.

    Attributes:
        block: The private cube, of the classes that occur.
        outcome: The tables by outcome, which stay as they are.
        settled: Tables by class that stay as they are.
        free: Tables by class that may yet be pooled further.
        small_cell: Smallest count that may be published.
    """

    block: Block
    outcome: Mapping[Scope, View]
    settled: Mapping[Scope, View]
    free: Mapping[Scope, View]
    small_cell: int

    def prevent(self) -> None:
        """Pool groups, and at last withhold tables, until nothing follows."""
        while any(not view.withheld for view in self.free.values()):
            for view in self.free.values():
                complete(view, self.small_cell)
                if (~view.pooled).sum() < FEWEST_GROUPS:
                    _withhold(view)
            exposed = list(self._exposed())
            if not exposed:
                return
            for scope, group in exposed:
                self._hide(scope, group)

    def _exposed(self) -> Iterator[tuple[Scope, Group]]:
        """Yield the groups of which a hidden count is pinned.

        It may be any count by outcome of a group that its table pools, and a small count of a class that no table shows.
        """
        owners: list[tuple[Scope, Group]] = []
        members: list[NDArray[np.intp]] = []
        tables = [(self.outcome, _hidden_cells), *((views, self._small_classes) for views in (self.settled, self.free))]
        for views, guarded in tables:
            for scope, view in views.items():
                for place, group in enumerate(view.groups):
                    found = list(guarded(view, place))
                    owners += [(scope, group)] * len(found)
                    members += found
        if not members:
            return
        everything = [*self.outcome.values(), *self.settled.values(), *self.free.values()]
        bounds = Bounds(everything, [self.block], members)
        told: set[tuple[Scope, Group]] = set()
        for place, owner in enumerate(owners):
            if owner not in told and bounds.pinned(place):
                told.add(owner)
                yield owner

    def _small_classes(self, view: View, group: int) -> Iterator[NDArray[np.intp]]:
        """Yield the small counts of classes of a group that its table does not show one by one."""
        combinations = np.flatnonzero(view.member == group)
        merged = np.bincount(view.cell)[view.cell] > 1
        for place in np.flatnonzero(merged | bool(view.withheld or view.pooled[group])):
            if self.block.counts[combinations, place].sum() < self.small_cell:
                yield combinations * len(view.cell) + place

    def _hide(self, scope: Scope, group: Group) -> None:
        """Pool one more group: one that shares a label in the table of the same scope, else in another; else withhold one."""
        first = [self.free[scope]] if scope in self.free else []
        for view in [*first, *reversed(list(self.free.values()))]:
            near = np.array([any(label in group for label in other) for other in view.groups])
            if not view.withheld and join_smallest(view, near & ~view.pooled):
                return
        for view in reversed(list(self.free.values())):
            if not view.withheld:
                _withhold(view)
                return


def _hidden_cells(view: View, group: int) -> Iterator[NDArray[np.intp]]:
    if view.withheld or view.pooled[group]:
        rows = np.arange(len(view.groups)) == group
        yield from (view.variables(rows, cell) for cell in range(view.counts.shape[1]))


def _withhold(view: View) -> None:
    view.withheld = True
    view.pooled[:] = True
