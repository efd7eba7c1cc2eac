"""Private counts by class of a target with three classes or more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.fine import FineCube, count_cells
from assaymark.cubes.published import GroupTable, Scope
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.tables.table import Table

_MOST = 40  # classes that are told apart; the rarest of a nominal target with more are one
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class ClassCubes:
    """Private cubes by class.

    Attributes:
        labels: The classes that are told apart, in their order if they have one, else sorted; one more cell is for all
            others. Empty when there are more counts than the disclosure check can bear.
        positive: Place of the positive class among them.
        ordered: Whether they have an order.
        real: Cube of the real rows, shape (m, classes + 1).
        synthetic: Cube of the synthetic rows.
        holdout: Cube of the holdout; None without one.
    """

    labels: tuple[str, ...]
    positive: int
    ordered: bool
    real: FineCube
    synthetic: FineCube
    holdout: FineCube | None = None


def count_class_cubes(
    real: Table,
    synthetic: Table,
    holdout: Table | None,
    protected: Sequence[str],
    *,
    room: int,
    small_cell: int,
) -> ClassCubes | None:
    """Count all tables by class; None when the target has two classes, or is a number.

    Classes beside the two most frequent ones that fewer than ``small_cell`` real rows hold together do not make a third.

    Args:
        real: Rows whose schema names a target and a positive outcome.
        synthetic: Rows under audit.
        holdout: Real rows that the generator never saw, if there are any.
        protected: Names of the protected columns.
        room: Classes that the disclosure check can bear.
        small_cell: Smallest count that may be published.
    """
    target, positive = real.schema.target, real.schema.positive
    if target is None or positive is None or positive.literal is None or target.kind is not Kind.CATEGORICAL:
        return None
    codes, labels = real.labels(target.name)
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    frequent = np.argsort(-counts, kind="stable")
    if counts[frequent[2:]].sum() < small_cell:
        return None
    kept = target.order or tuple(sorted({labels[place] for place in frequent[: min(room, _MOST) - 1]} | {positive.literal}))
    if room < _FEWEST or len(kept) > room:
        kept = ()
    return ClassCubes(
        kept,
        kept.index(positive.literal) if kept else 0,
        bool(target.order),
        count_classes(real, protected, kept),
        count_classes(synthetic, protected, kept),
        None if holdout is None else count_classes(holdout, protected, kept),
    )


def count_classes(table: Table, protected: Sequence[str], labels: Sequence[str]) -> FineCube:
    """Count a table by protected groups and by class, with a last cell for all classes that are not among ``labels``."""
    target = table.schema.target
    codes, own = table.labels(target.name if target else "")
    place = {label: number for number, label in enumerate(labels)}
    cells = np.array([*(place.get(label, len(labels)) for label in own), -1], dtype=np.int64)[codes]
    return count_cells(table, protected, cells, len(labels) + 1)


def synthetic_classes(cube: FineCube, scope: Scope, cells: Sequence[Sequence[str]], labels: Sequence[str]) -> GroupTable:
    """Return the table of synthetic rows by cell, nothing pooled, with a last cell for all classes that no cell names."""
    place = {label: number for number, cell in enumerate(cells) for label in cell}
    cell = np.array([*(place.get(label, len(cells)) for label in labels), len(cells)], dtype=np.intp)
    found = cube.table(scope)
    counts = np.zeros((len(found), len(cells) + 1), dtype=np.int64)
    for row, own in zip(counts, found.values(), strict=True):
        np.add.at(row, cell, own)
    return GroupTable(tuple(found), counts)
