"""Hold published tables by class against the synthetic table, the policy, and the tables by outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.class_counting import count_classes, synthetic_classes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.cubes.published import ClassTables, GroupTable, PublishedCubes, ScopeCubes
    from assaymark.policy.model import Policy
    from assaymark.tables.table import Table


def class_table_problems(cubes: PublishedCubes, policy: Policy) -> Iterator[str]:
    """Yield what the tables by class of real rows show and must not, and where they contradict the tables by outcome."""
    for scope in cubes.scopes:
        if scope.classes is None:
            continue
        about = f"of {', '.join(scope.protected)} by class"
        for name in ("real", "holdout"):
            table: GroupTable | None = getattr(scope.classes, name)
            if table is None:
                continue
            shown = table.counts if table.pooled is None else table.cells
            if shown.size and shown.min() < policy.small_cell:
                yield f"the {name} table {about} shows a cell under {policy.small_cell} rows"
            outcome: GroupTable | None = getattr(scope, name)
            if outcome is None or not _agree(table, outcome, scope.classes, cubes.positive):
                yield f"the {name} table {about} and that by outcome do not agree"


def _agree(table: GroupTable, outcome: GroupTable, classes: ClassTables, positive: str) -> bool:
    if table.withheld or outcome.withheld:
        return True
    if (positive,) not in classes.cells:
        return False
    place = classes.cells.index((positive,))
    known = dict(zip(outcome.groups, outcome.counts, strict=True))
    rows = [(known.get(group), counts) for group, counts in zip(table.groups, table.counts, strict=True)]
    rows.append((outcome.cells.sum(axis=0), table.cells.sum(axis=0)))
    return all(own is None or (own[1] == counts[place] and own.sum() == counts.sum()) for own, counts in rows)


def class_count_problems(table: Table, cubes: PublishedCubes) -> Iterator[str]:
    """Yield the scopes whose synthetic counts by class are not those of ``table``, whose schema names target and protected."""
    labels = tuple(dict.fromkeys(label for scope in cubes.scopes for label in _labels(scope)))
    attributes = tuple(dict.fromkeys(name for scope in cubes.scopes for name in scope.protected))
    fine = count_classes(table, attributes, labels)
    for scope in cubes.scopes:
        if scope.classes is None:
            continue
        again, told = synthetic_classes(fine, scope.protected, scope.classes.cells, labels), scope.classes.synthetic
        if told.groups != again.groups or not np.array_equal(told.counts, again.counts):
            yield f"its synthetic counts of {', '.join(scope.protected)} by class are not those of the table"


def _labels(scope: ScopeCubes) -> Iterator[str]:
    if scope.classes is not None:
        for cell in scope.classes.cells:
            yield from cell
