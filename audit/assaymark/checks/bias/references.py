"""The group that the other groups of an attribute are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.published import PublishedCubes, group_name
from assaymark.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.checks.bias.sampling import ScopeSample


def check_references(references: Mapping[str, str], cubes: PublishedCubes) -> None:
    """Refuse a reference group that real does not have.

    Raises:
        OptionError: When a name is no group of its attribute, or of one that fewer than ten real rows hold.
    """
    for scope in cubes.scopes:
        name = references.get(scope.protected[0]) if len(scope.protected) == 1 else None
        known = [group_name(group) for group in (*scope.real.groups, *scope.real.pooled_groups)]
        if name is not None and name not in known:
            raise OptionError(
                "the reference group does not occur, or hardly ever",
                where=f"--reference {scope.protected[0]}={name}",
                expected="one of " + ", ".join(map(repr, known)) if known else "a group that enough rows hold",
                remedy="Copy the name of a group.",
            )


def reference_of(sample: ScopeSample, places: NDArray[np.intp], references: Mapping[str, str]) -> int | None:
    """Return the row of the reference group: the named one, else the largest in real, the first where sizes are equal.

    Args:
        sample: The tables of the scope.
        places: Rows of the groups that have a rate of their own.
        references: Named groups by attribute; an intersection has none.

    Returns:
        None when the named group has no rate of its own.
    """
    named = references.get(sample.protected[0]) if len(sample.protected) == 1 else None
    if named is None:
        return int(places[np.argmax(sample.real[places].sum(axis=1))])
    return next((int(place) for place in places if sample.names[place] == named), None)
