"""What may be published of a cube: counts of named groups, and one pool of all others."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group
    from assaymark.cubes.models import ModelTables

POOLED = "_pooled"
OTHER = "_other"
MISSING = "(missing)"

Scope = tuple[str, ...]


def group_name(group: Group) -> str:
    """Return the name of a group or intersection, as in ``Female & Black``.

    A label that would make the name ambiguous is quoted, so that different groups never have one name.
    """
    return " & ".join(json.dumps(label) if label == POOLED or " & " in label or '"' in label else label for label in group)


def cell_name(classes: tuple[str, ...]) -> str:
    """Return the name of a cell: its class, or the ends of its run of levels, as in ``7 … 9``. Ambiguous ones are quoted."""
    ends = [json.dumps(label) if label == OTHER or " … " in label or '"' in label else label for label in classes]
    return ends[0] if len(ends) == 1 else f"{ends[0]} … {ends[-1]}"


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Counts of the groups of one scope.

    Attributes:
        groups: Published groups, sorted.
        counts: int64, shape (groups, c).
        pooled: int64, shape (c,): all other groups together; None when there are none.
        pooled_groups: Names of pooled groups that at least ten rows hold; the others stay unnamed.
        withheld: True when nothing of this scope may be published; then ``groups`` is empty and ``pooled`` None.
    """

    groups: tuple[Group, ...]
    counts: NDArray[np.int64]
    pooled: NDArray[np.int64] | None = None
    pooled_groups: tuple[Group, ...] = ()
    withheld: bool = False

    @property
    def n(self) -> NDArray[np.int64]:
        """Rows of each published group, shape (groups,)."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)

    @property
    def cells(self) -> NDArray[np.int64]:
        """All counts with the pool as last row (zeros when there is none), shape (groups + 1, c)."""
        pool = np.zeros(self.counts.shape[1], dtype=np.int64) if self.pooled is None else self.pooled
        return np.vstack([self.counts, pool])

    def aligned(self, groups: tuple[Group, ...]) -> NDArray[np.int64]:
        """Return counts in the order of ``groups``, everything else summed into a last row, shape (len(groups) + 1, c)."""
        place = {group: row for row, group in enumerate(groups)}
        counts = np.zeros((len(groups) + 1, self.counts.shape[1]), dtype=np.int64)
        for group, row in zip(self.groups, self.counts, strict=True):
            counts[place.get(group, len(groups))] += row
        if self.pooled is not None:
            counts[len(groups)] += self.pooled
        return counts


@dataclass(frozen=True, slots=True)
class ClassTables:
    """The published tables of one attribute or intersection by class of a target that has three classes or more.

    Attributes:
        cells: The classes of each cell. Of a nominal target each cell is one class; of an ordinal one it is a run of
            neighbouring levels, lowest first, because rare levels join their neighbours.
        ordered: Whether the cells have an order.
        other: Whether the real and holdout tables have a last cell more, for all classes that no cell names.
        real: Pooled table of the real rows, shape (groups, cells) or (groups, cells + 1).
        synthetic: Table of the synthetic rows; its last cell, always there, is for all classes that no cell names.
        holdout: Pooled table of the holdout; None without one, or where it has a class that real has no cell for.
        reason: Why nothing is published of real; None when something is.
    """

    cells: tuple[tuple[str, ...], ...]
    ordered: bool
    other: bool
    real: GroupTable
    synthetic: GroupTable
    holdout: GroupTable | None = None
    reason: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the cells, with that of the last one of the synthetic table."""
        return (*(cell_name(cell) for cell in self.cells), OTHER)


@dataclass(frozen=True, slots=True)
class ScopeCubes:
    """The published tables of one attribute or intersection.

    Attributes:
        protected: The attribute, or the attributes of the intersection.
        real: Pooled table of the real rows.
        synthetic: Table of the synthetic rows, nothing pooled.
        holdout: Pooled table of the holdout; None without one.
        models: Tables of the holdout by outcome and classifiers' labels; None without classifiers.
        samples: Tables of further rows that the generator drew with other seeds, as many as ``synthetic`` each; empty where
            it was sampled once. They are counted and not kept.
        classes: Tables by class; None when the target has two classes, or is a number.
    """

    protected: Scope
    real: GroupTable
    synthetic: GroupTable
    holdout: GroupTable | None = None
    models: ModelTables | None = None
    samples: tuple[GroupTable, ...] = ()
    classes: ClassTables | None = None


@dataclass(frozen=True, slots=True)
class StrataCubes:
    """The published tables within the values of one stratum column.

    Attributes:
        column: The stratum column.
        total: Tables by value of the column alone; its ``protected`` is the column.
        inner: For each attribute, tables by its groups and the values of the column; ``protected`` names both.
    """

    column: str
    total: ScopeCubes
    inner: tuple[ScopeCubes, ...]


@dataclass(frozen=True, slots=True)
class PublishedCubes:
    """All that fairness findings are computed from; small enough to sign and ship.

    Attributes:
        target: Target column.
        positive: Text of the positive outcome.
        scopes: One entry an attribute, then one an intersection.
        target_missing: Rows left out because their target is missing, by dataset.
        withheld: Scopes that were not published at all, with the reason.
        strata: One entry a stratum column.
        strata_withheld: Stratum columns of which nothing was published, with the reason.
    """

    target: str
    positive: str
    scopes: tuple[ScopeCubes, ...]
    target_missing: Mapping[str, int] = field(default_factory=dict)
    withheld: Mapping[Scope, str] = field(default_factory=dict)
    strata: tuple[StrataCubes, ...] = ()
    strata_withheld: Mapping[str, str] = field(default_factory=dict)
