"""Tables by class beside the tables that are published already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assaymark.cubes.class_pooling import class_tables

if TYPE_CHECKING:
    from assaymark.cubes.class_counting import ClassCubes
    from assaymark.cubes.fine import FineCube
    from assaymark.cubes.published import PublishedCubes

_LARGEST_PROGRAM = 6000  # private counts up to which tables by class are checked for disclosure; beyond it they are withheld


def class_room(real: FineCube) -> int:
    """Return how many classes of a target the disclosure check can bear, besides all others together."""
    return _LARGEST_PROGRAM // max(len(real.combinations), 1) - 1


def with_classes(cubes: PublishedCubes, classes: ClassCubes | None, small_cell: int) -> PublishedCubes:
    """Return the cubes with tables by class; as they are when the target has two classes, or is a number.

    Args:
        cubes: What is published already; that stays.
        classes: Private cubes by class.
        small_cell: Smallest count of real rows that may be published.
    """
    if classes is None:
        return cubes
    real = {scope.protected: scope.real for scope in cubes.scopes}
    holdout = {scope.protected: scope.holdout for scope in cubes.scopes if scope.holdout is not None}
    # tables within strata and tables by class, together, could tell what neither tells; the user asked for strata
    reason = "strata_declared" if cubes.strata else None
    found = class_tables(classes, real, holdout, small_cell, reason)
    return replace(cubes, scopes=tuple(replace(scope, classes=found[scope.protected]) for scope in cubes.scopes))
